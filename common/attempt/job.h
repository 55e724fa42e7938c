/* One try to boot a kernel of the upper half, which is placed and mapped by a plan: what the steps
 * share. Lintel's own protocol and Limine's are such; in what they differ stands in their struct
 * job_rules. */
#ifndef LINTEL_ATTEMPT_JOB_H
#define LINTEL_ATTEMPT_JOB_H

#include "common/handoff/handoff.h"
#include "common/handoff/mp.h"
#include "common/plan/plan.h"
#include "common/protocol/protocol.h"
#include "common/resident/resident.h"

struct job;
struct block;

struct job_rules {
    struct plan_rules plan;
    uint64_t pat;      /* the MSR's value */
    uint64_t cr0;      /* the final value */
    uint64_t cr4;      /* bits that are always set, besides LA57 for 5 levels */
    uint64_t cr4_smep; /* bits for CPUs that have SMEP */
    bool reports;      /* the kernel's first fault is reported, by a TSS and an IDT of ours */
    uint16_t code, data, fs_gs, tss; /* selectors */
    uint32_t gdt_bytes;
    void (*build_gdt)(uint64_t *gdt, uint64_t tss_virtual); /* tss 0: base 0, limit 0 */
    /* Bytes that the information, with all that it points to, takes at most. */
    uint64_t (*information_bytes)(const struct job *job);
    /* Fills it. `argument`: what the kernel finds in RDI. Takes nothing from the arena or the
     * firmware; runs twice, the second time when the firmware has gone. */
    enum err (*build_information)(const struct job *job, struct block *block, uint64_t *argument);
    /* Changes what the firmware's map says, before it is normalised; may be NULL. */
    enum err (*amend_map)(const struct job *job, struct memmap *map);
    uint64_t amended_ranges; /* that amend_map() adds at most */
    /* Looks at what was loaded, while a boot can still be refused; may be NULL. */
    enum err (*check_loaded)(const struct job *job);
    /* Brings interrupt controllers and the like into the state that the kernel expects, when the
     * firmware has gone and the other CPUs wait; may be NULL. */
    void (*settle)(const struct job *job);
    /* For jobs that list CPUs; the information has been built. Where the CPU with this index, from
     * 1 up, is told to go: fills word and argument. */
    void (*seat_cpu)(const struct job *job, uint64_t index, struct mp_seat *seat);
    /* Those of job->cpus wait, each at its index; `missing` more could not be started. */
    void (*tell_cpus)(const struct job *job, uint64_t missing);
};

struct job {
    const struct job_rules *rules;
    struct boot *boot;
    const struct entry *entry;
    const struct volume *volume; /* that the kernel lies on */
    struct elf kernel, resident;
    struct source resident_source;
    struct file *modules;
    const char **module_arguments;
    struct plan_module *module_sizes;
    struct plan_request request;
    struct plan plan;
    struct raw_map raw; /* the firmware's newest map */
    struct memmap
        map; /* the same, normalised; with the plan's places in it once they are claimed */
    struct memmap free; /* for the plan: the loader's own memory is not usable in it */
    struct video video;
    bool has_video;
    uint8_t entropy[32];
    bool entropy_strong;
    struct mp_list cpus;    /* to be started; none: the kernel does not ask for them */
    enum mp_mode apic_mode; /* a wish; once they wait, the mode that they are in */
    struct mp_seat *seats;  /* of those but the first; built with the machine */
};

/* Opens the files of a list as modules. ERR_NOT_FOUND names the entry and what is missing. */
enum err job_open_modules(struct job *job, const struct entry_file *list);

/* Reads the resident image's headers. */
enum err job_parse_resident(struct job *job);

/* Lists the CPUs, for the rest of the boot to start them on stacks of this size (whole pages). */
enum err job_list_cpus(struct job *job, uint64_t stack_bytes);

/* The rest of a boot, from the plan to the kernel's first instruction. The caller has set rules,
 * boot, entry, kernel, entropy and the modules. Returns only when that failed, with all memory
 * given back. */
enum err job_carry_out(struct job *job);

/* Plans from job->raw; the caller has set what the request says of the loader. Errors as
 * plan_build(). */
enum err job_make_plan(struct job *job, const struct raw_map *busy);

/* Makes job->map what the kernel will see: the firmware's, with what was placed in it. */
enum err job_make_final_map(struct job *job);

/* The place of the information, filled from its start. */
struct block {
    uint64_t next, end;  /* physical */
    uint64_t direct_map; /* virtual address of physical 0, in the kernel */
};

/* Zeroed, aligned to 16 bytes. ERR_BUG when the place is too small: information_bytes() is wrong.
 */
enum err block_take(struct block *block, uint64_t bytes, void **out);

/* The address that the kernel sees, of something in the block (or of any other physical
 * address). */
void *block_virtual(const struct block *block, const void *pointer);

/* A copy in the block; *out is what the kernel sees. */
enum err block_copy(struct block *block, const void *from, uint64_t bytes, const void **out);
enum err block_copy_text(struct block *block, const char *text, const char **out);

/* What these take at most, with alignment. */
uint64_t block_text_bytes(const char *text);
#define BLOCK_ALIGNMENT 16u

/* Bytes of the block that the next function takes at most. */
uint64_t job_machine_bytes(const struct job *job);

/* Fills the page tables, GDT, TSS, IDT and the states of the handoff program and of the resident
 * image. `argument`: for RDI.
 * `bridge`: physical address of the top table for handoff_enter(). */
enum err job_build_machine(struct job *job, struct block *block, uint64_t argument,
                           uint64_t *bridge);

/* The handoff program's state. */
struct handoff_state *job_handoff(const struct job *job);

/* Fills a TSS, where the kernel's faults are reported, and a GDT. `gdtr`: its pseudo-descriptor. */
enum err job_build_gdt(const struct job *job, struct block *block, uint64_t fault_stack_top,
                       uint8_t gdtr[16]);

/* Bytes of the block that job_build_cpus() takes at most. */
uint64_t job_cpus_bytes(const struct job *job);

/* Fills what the other CPUs need; after job_build_machine(). */
enum err job_build_cpus(struct job *job, struct block *block);

/* Starts them. Only when the firmware has left. One that does not come is missing, and the log says
 * so. */
void job_start_cpus(struct job *job);

#endif
