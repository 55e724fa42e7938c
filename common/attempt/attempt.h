/* One attempt to boot an entry, by whatever protocol: what its steps share. Their order stands in
 * carry_out.c. A protocol is a table of hooks: it says what it wishes, and builds what its kernel
 * is told; it takes no memory, and never leaves the firmware. */
#pragma once

#include "common/attempt/buffer.h"
#include "common/entries/loader_interface.h"
#include "common/handoff/mp.h"
#include "common/hw/timeline.h"
#include "common/machine.h"
#include "common/plan/plan.h"
#include "common/resident/resident.h"
#include "common/storage/fs/fs.h"

struct attempt;

/* Of ENTRY_KERNEL_TABLES: the CPU's state at the kernel's first instruction. */
struct cpu_rules {
    uint64_t pat;      /* the MSR's value */
    uint64_t cr0;      /* the final value */
    uint64_t cr4;      /* bits that are always set, besides LA57 for 5 levels */
    uint64_t cr4_smep; /* bits for CPUs that have SMEP */
    bool reports;      /* the kernel's first fault is reported, by a TSS and an IDT of ours */
    uint16_t code, data, fs_gs, tss; /* selectors */
    uint32_t gdt_bytes;
    void (*build_gdt)(uint64_t *gdt, uint64_t tss_virtual); /* tss 0: base 0, limit 0 */
};

/* All may be NULL but `open`. */
struct hooks {
    /* Parses the kernel, opens the entry's other files, and fills attempt->wishes. Takes arena
     * memory only, and changes nothing of the machine. */
    enum err (*open)(struct attempt *attempt);
    bool starts_programs; /* the mode may be ENTRY_PROGRAM: the firmware verifies what it starts */
    /* Changes what the firmware's map says, before it is normalised. */
    enum err (*amend_map)(const struct attempt *attempt, struct memmap *map);
    uint64_t amended_ranges; /* that amend_map() adds at most */
    /* Finishes what was loaded (relocations, headers) and looks at it, and asks the firmware what
     * the kernel is to be told, while a boot can still be refused. */
    enum err (*finish)(struct attempt *attempt);
    /* Builds what the kernel is told, in the buffer; with as much arena memory each time. Runs
     * three times: to count, with the longest map that there may be; while an error can still be
     * shown; and with the final map, when the firmware has gone. */
    enum err (*build)(struct attempt *attempt, struct buffer *buffer);
    /* With the CPUs that wishes count: where the one with this index, from 1 up, is told to go. */
    void (*fill_mailbox)(const struct attempt *attempt, uint64_t index, struct mp_mailbox *mailbox);
    /* Those of attempt->cpus wait, each at its index; `missing` more could not be started. */
    void (*tell_cpus)(const struct attempt *attempt, uint64_t missing);
    /* Brings the machine into the state that the kernel expects, when the firmware has gone and the
     * other CPUs wait. */
    void (*settle)(const struct attempt *attempt);
};

struct attempt {
    /* Given. */
    struct machine *machine;
    struct timeline *timeline;
    const struct entry *entry;
    bool zero_memory;                         /* `zero-memory yes`: usable memory is cleared */
    const struct loader_interface *interface; /* told of the last moment; NULL: nobody is */
    uint32_t loader_levels;                   /* paging levels of the loader's own tables */
    uint64_t loader_code;                     /* physical: the page with its last instructions */
    /* Opens a file that the entry names. ERR_NOT_FOUND, ERR_UNSUPPORTED as reference_open(). */
    enum err (*open_file)(struct attempt *attempt, const char *reference, struct file *file);
    void *context;      /* open_file's */
    struct file kernel; /* opened once; unpacked, where it is compressed by gzip */

    /* The protocol's, from open() on. */
    const struct hooks *hooks;
    void *protocol; /* its own state */
    struct wishes wishes;
    const struct cpu_rules *cpu_rules;
    struct program program;             /* of ENTRY_PROGRAM; its image is the loaded regions[0] */
    const char *must_stay;              /* what is wrong when the program ends; NULL: nothing */
    struct handoff_registers registers; /* at the entry, and: */
    uint64_t entry_point;               /* physical; of ENTRY_KERNEL_TABLES virtual */
    bool interrupts;                    /* of ENTRY_REAL: on; and what goes to page 0: */
    struct handoff_move low;
    struct mp_list cpus;    /* to be started; none: the kernel does not ask for them */
    enum mp_mode apic_mode; /* a wish; once they wait, the mode that they are in */

    /* The steps'. */
    struct elf resident;
    struct reader resident_reader;
    struct raw_map raw; /* the firmware's newest map */
    struct memmap map;  /* the same, normalised; in the end with the plan's places in it */
    struct memmap free; /* for the plan: the loader's own memory is not usable in it */
    struct plan_request request;
    struct plan plan;
    bool has_video;
    struct video video;
    struct mp_mailbox *mailboxes; /* of the CPUs but the first; built with the machine */
    /* Tops of tables, physical; 0: none yet. */
    uint64_t root;            /* of those for the way in, in the loader's levels */
    uint64_t one_to_one_root; /* of the 4 levels in them, for a kernel without tables of its own */
    uint8_t entropy[32];
    bool entropy_strong;
};

/* All of it, in order. Returns only when the boot failed, or when a program has ended (OK); then
 * all memory but the arena's is given back. */
enum err attempt_carry_out(struct attempt *attempt);

/* Its steps up to the plan, which touch nothing: `lintel check` takes them, too. */
enum err attempt_open(struct attempt *attempt);
enum err attempt_make_room(struct attempt *attempt); /* in the arena, for most plans */
enum err attempt_plan(struct attempt *attempt, const struct raw_map *raw,
                      const struct raw_map *busy);
enum err attempt_make_final_map(struct attempt *attempt);

/* ---- for protocols --------------------------------------------------------------------------- */

static inline const struct facts *attempt_facts(const struct attempt *attempt)
{
    return attempt->machine->facts;
}

/* The files of a list, each opened. ERR_NOT_FOUND names the key and the file. */
enum err attempt_open_files(struct attempt *attempt, const char *key, const struct entry_file *list,
                            struct file *files);

/* Reads every part of a region to its place there; for one that the firmware takes memory for by
 * itself. (load.c) */
enum err attempt_load_region(const struct region *region, uint8_t *to);

/* Where a region lies when the kernel begins, and where it is loaded. */
static inline const struct placement *attempt_place(const struct attempt *attempt, uint64_t region)
{
    return &attempt->plan.places[PLACE_KERNEL + region];
}

/* ---- the steps' parts ------------------------------------------------------------------------ */

/* Counts what will be built, plans, and takes the memory. (reserve.c) */
enum err attempt_reserve(struct attempt *attempt);
void attempt_release(struct attempt *attempt);

/* Reads every part of every region to its place. (load.c) */
enum err attempt_load(struct attempt *attempt);

/* Final map, information, tables and descriptors; takes arena memory only. (build.c) */
enum err attempt_build(struct attempt *attempt);

/* What the buffer takes at most, for any later map of this firmware. (build.c) */
enum err attempt_count_buffer(struct attempt *attempt, uint64_t *bytes);

/* Page tables, descriptors, the fault reporter's and the handoff's state. (machine.c) */
enum err attempt_build_machine(struct attempt *attempt, struct buffer *buffer);

/* Page tables that map memory one to one, and the handoff's state. (one_to_one.c) */
enum err attempt_build_one_to_one(struct attempt *attempt);

/* A TSS, where the kernel's faults are reported, and a GDT. `gdtr`: its pseudo-descriptor.
 * (machine.c) */
enum err attempt_build_gdt(const struct attempt *attempt, struct buffer *buffer,
                           uint64_t fault_stack_top, uint8_t gdtr[16]);

/* What the other CPUs need; and, when the firmware has left, their start. One that does not come is
 * missing, and the log says so. (cpus.c) */
enum err attempt_build_mailboxes(struct attempt *attempt, struct buffer *buffer,
                                 const uint8_t idtr[16]);
void attempt_start_cpus(struct attempt *attempt);
