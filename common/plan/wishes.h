/* What a boot asks of a machine, said by every protocol in the same words: memory, the CPU's mode,
 * a screen, the other CPUs. Wishes are data. The planner (plan.h) finds a place for each, the
 * executor (attempt/) carries the plan out; no protocol takes memory by itself. */
#pragma once

#include "common/format/elf.h"
#include "common/memory/memmap.h"

/* ---- memory ---------------------------------------------------------------------------------- */

/* Bytes of a file, and where in the region they go. */
struct region_part {
    const struct reader *reader;
    uint64_t offset, bytes; /* in the file */
    uint64_t at;            /* in the region */
};

/* Where a region may lie, wholly. */
struct region_window {
    uint64_t first, end; /* physical, [first, end); an end of 0: as high as the loader reaches */
    uint64_t alignment;  /* power of two; 0: a page */
    bool lowest;         /* the lowest place that fits; else the highest */
};

#define REGION_WINDOWS 2

struct region {
    const char *name;             /* for messages: a path, "initrd" */
    uint64_t bytes;               /* 0: the region is empty, and has no place */
    enum lintel_memory_type type; /* what the kernel's map calls it */
    /* The first window that has room is taken. */
    struct region_window windows[REGION_WINDOWS];
    uint32_t window_count;
    /* A region that must lie at `target`, of any alignment, has no windows. Where the firmware or
     * the loader sit on it until they leave, one that `moves` is loaded elsewhere, and moved last:
     * in modes for which entry_moves() only. */
    bool fixed, moves;
    uint64_t target;                 /* physical */
    const char *advice;              /* to who made the file, where there is no place; NULL: none */
    const struct region_part *parts; /* in order of `at` */
    uint32_t part_count;
    bool zeroed;   /* what no part fills is zero */
    bool is_trial; /* only has to fit: the firmware itself takes the memory */
};

/* ---- the way in ------------------------------------------------------------------------------ */

enum entry_mode {
    ENTRY_KERNEL_TABLES, /* 64-bit, on page tables of the kernel's own */
    ENTRY_LONG,          /* 64-bit, all memory mapped one to one */
    ENTRY_PROTECTED,     /* 32-bit, flat segments, no paging */
    ENTRY_REAL,          /* real mode, on a BIOS */
    ENTRY_WITH_SERVICES, /* 64-bit, while the boot services of UEFI live */
    ENTRY_PROGRAM,       /* started by the firmware as its own program */
};

/* The handoff runs on tables that map all memory. */
static inline bool entry_moves(enum entry_mode mode)
{
    return mode == ENTRY_LONG || mode == ENTRY_PROTECTED || mode == ENTRY_REAL;
}

/* The firmware stays, and no plan needs page tables. */
static inline bool entry_keeps_firmware(enum entry_mode mode)
{
    return mode == ENTRY_WITH_SERVICES || mode == ENTRY_PROGRAM;
}

/* How the direct map shows a physical range. */
enum attribute {
    ATTRIBUTE_WRITE_BACK = LINTEL_MEMORY_USABLE, /* set by memmap_overlay(), which takes types */
    ATTRIBUTE_READ_ONLY = LINTEL_MEMORY_KERNEL,
    ATTRIBUTE_UNCACHED = LINTEL_MEMORY_RESERVED,
    ATTRIBUTE_WRITE_COMBINING = LINTEL_MEMORY_FRAMEBUFFER,
    ATTRIBUTE_ABSENT = LINTEL_MEMORY_BAD,
};

/* What a protocol promises of the address space of a kernel with tables of its own. */
struct space_rules {
    uint64_t lowest;    /* virtual: kernels are linked here or above */
    const char *advice; /* to who links one lower */
    /* Stacks, handoff and fault reporter lie in the window, between guards; else they are used
     * where the direct map shows them. */
    bool window;
    bool local_apic;     /* is bridged, too: CPUs set it up on the kernel's tables */
    bool mixed;          /* the direct map is executable, and the kernel may have mixed pages */
    bool identity;       /* the direct map is there at its physical addresses, too, but page 0 */
    bool global;         /* pages, where the CPU can */
    bool guards_aliases; /* what the kernel may not write it can't write by the direct map either */
    uint32_t write_combining; /* number in the protocol's PAT */
    enum attribute gaps;      /* below 4 GiB, where the map says nothing */
    enum attribute (*attribute_of)(enum lintel_memory_type type, bool above_4gib);
};

/* ---- all of it ------------------------------------------------------------------------------- */

struct screen_wish {
    bool wanted;
    uint32_t width, height; /* pixels; 0: as the firmware has it */
    const char *required;   /* why there is no boot without pixels; NULL: it is not required */
    bool cleared;           /* the text screen is left empty */
};

struct wishes {
    struct region *regions; /* the kernel, and then files in the protocol's order */
    uint64_t region_count;
    uint64_t information_bytes; /* for all that is built for the kernel (buffer.h); 0: nothing */
    struct region_window information_window; /* its first byte is the information's */
    enum entry_mode mode;
    struct screen_wish screen;

    /* Of ENTRY_KERNEL_TABLES only. */
    const struct space_rules *space;
    const struct elf *image; /* the kernel's: regions[0] holds it from image->first to image->end */
    uint32_t paging_levels;  /* 5: where the CPU has them */
    bool paging_required;    /* do not boot with other levels */
    bool keeps_address;      /* a static PIE is not slid */
    uint64_t stack_bytes;    /* 0: the default */
    uint64_t cpu_count;      /* to be started, with the one that boots; 0: as 1 */
    uint64_t cpu_stack_bytes; /* of each but the one that boots; whole pages */
};

/* Takes room for `most` regions from the arena. ERR_NO_MEMORY. */
enum err wishes_begin(struct wishes *wishes, uint64_t most, struct arena *arena);

/* Appends a region; there is room for it. */
struct region *wishes_add(struct wishes *wishes, struct region region);

/* Appends one that holds a whole file. ERR_NO_MEMORY. */
enum err wishes_add_file(struct wishes *wishes, const struct reader *reader, struct region region,
                         struct arena *arena);

/* The parts that an ELF image has in a region which begins with its first page. ERR_NO_MEMORY. */
enum err wishes_elf_parts(const struct elf *elf, struct arena *arena, struct region *region);
