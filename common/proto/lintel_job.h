/* One try to boot a Lintel kernel: what its steps share. */
#ifndef LINTEL_PROTO_LINTEL_JOB_H
#define LINTEL_PROTO_LINTEL_JOB_H

#include "../handoff/resident.h"
#include "../plan.h"
#include "proto.h"

struct job {
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
};

/* Reads the kernel's headers and wishes, and the resident image's. Errors as elf_parse();
 * ERR_UNSUPPORTED: the kernel has no Lintel note. */
enum err job_parse_images(struct job *job, const struct source *kernel);

/* Plans from job->raw; the caller has set what the request says of the loader. Errors as
 * plan_build(). */
enum err job_make_plan(struct job *job, const struct raw_map *busy);

/* Makes job->map what the kernel will see: the firmware's, with what was placed in it. */
enum err job_make_final_map(struct job *job);

/* The place of the boot information, filled from its start. */
struct block {
    uint64_t next, end;  /* physical */
    uint64_t direct_map; /* virtual address of physical 0, in the kernel */
};

/* Zeroed, aligned to 16 bytes. ERR_BUG when the place is too small: job_info_bytes() is wrong. */
enum err block_take(struct block *block, uint64_t bytes, void **out);

/* The address that the kernel sees, of something in the block (or of any other physical
 * address). */
void *block_virtual(const struct block *block, const void *pointer);

/* A copy in the block; *out is what the kernel sees. */
enum err block_copy(struct block *block, const void *from, uint64_t bytes, const void **out);
enum err block_copy_text(struct block *block, const char *text, const char **out);

/* Bytes that the boot information, with all that it points to, takes at most. */
uint64_t job_info_bytes(const struct job *job);

/* Fills the boot information. Takes nothing from the arena or the firmware. */
enum err job_build_info(const struct job *job, struct block *block, struct lintel_boot_info **info);

/* Fills the page tables, GDT, TSS, IDT and the resident image's state. `bridge`: physical address
 * of the top table for handoff_enter(). */
enum err job_build_machine(struct job *job, struct block *block,
                           const struct lintel_boot_info *info, uint64_t *bridge);

#endif
