/* The plan: where every byte goes, and what the kernel's tables map. Pure: it reads facts and
 * decides, touches neither firmware nor the memory that it plans, and runs unchanged in host tests.
 */
#ifndef LINTEL_PLAN_PLAN_H
#define LINTEL_PLAN_PLAN_H

#include "common/format/elf.h"
#include "common/memory/memmap.h"

#define PLAN_DIRECT_MAP_4 UINT64_C(0xffff800000000000)
#define PLAN_DIRECT_MAP_5 UINT64_C(0xff00000000000000)
#define PLAN_WINDOW       UINT64_C(0xffffff0000000000) /* stacks and what else stays */
#define PLAN_WINDOW_END   UINT64_C(0xffffff8000000000)
#define PLAN_LOCAL_APIC   UINT64_C(0xfee00000) /* physical: where all PCs have it */
#define PLAN_UPPER_HALF   UINT64_C(0xffff800000000000)
#define PLAN_SLIDE_BASE                                                                            \
    UINT64_C(0xffffffff80000000) /* where a static PIE lands: -mcmodel=kernel reaches it */

#define PLAN_DEFAULT_STACK_BYTES (64 * KIB)
#define PLAN_FAULT_STACK_BYTES   (16 * KIB)
#define PLAN_CPU_FAULT_BYTES     (8 * KIB)   /* fault stack of a CPU that does not boot */
#define PLAN_LOW_END             (640 * KIB) /* a CPU starts in a page below */

/* How the direct map shows a physical range. */
enum paint {
    PAINT_WRITE_BACK = LINTEL_MEMORY_USABLE, /* painted by memmap_overlay(), which takes types */
    PAINT_READ_ONLY = LINTEL_MEMORY_KERNEL,
    PAINT_UNCACHED = LINTEL_MEMORY_RESERVED,
    PAINT_WRITE_COMBINING = LINTEL_MEMORY_FRAMEBUFFER,
    PAINT_ABSENT = LINTEL_MEMORY_BAD,
};

/* What a boot protocol promises of the kernel's address space. */
struct plan_rules {
    uint64_t lowest;    /* virtual: kernels are linked here or above */
    const char *advice; /* to who links one lower */
    /* Stacks, the resident image and the handoff program lie in the window, between guards; else
     * they are used where the direct map shows them. */
    bool window;
    bool local_apic;     /* is bridged, too: CPUs set it up on the kernel's tables */
    bool mixed;          /* the direct map is executable, and the kernel may have mixed pages */
    bool identity;       /* the direct map is there at its physical addresses, too, but page 0 */
    bool global;         /* pages, where the CPU can */
    bool guards_aliases; /* what the kernel may not write it can't write by the direct map either */
    uint32_t write_combining; /* number in the protocol's PAT */
    enum paint gaps;          /* below 4 GiB, where the map says nothing */
    enum paint (*paint)(enum lintel_memory_type type, bool above_4gib);
};

/* Fixed places; those of the modules follow from PLACE_MODULES on, in order. */
enum place {
    PLACE_KERNEL,
    PLACE_RESIDENT,
    PLACE_HANDOFF, /* handoff/handoff.h: its first page is written to, what follows runs */
    PLACE_STACK,
    PLACE_FAULT_STACK,
    PLACE_TRAMPOLINE, /* empty when no other CPU is to be started, as the next one */
    PLACE_CPU_STACKS,
    PLACE_INFO,
    PLACE_TABLES,
    PLACE_MODULES
};

struct placement {
    const char *name;
    uint64_t physical; /* page-aligned */
    uint64_t bytes;    /* whole pages; 0 for an empty module */
    enum lintel_memory_type type;
};

struct plan_claim {
    uint64_t physical, pages;
};

struct plan_module {
    const char *name;
    uint64_t bytes;
};

struct plan_request {
    const struct plan_rules *rules;
    const struct lintel_cpu *cpu;
    const struct memmap *map;  /* normalised, of the whole machine */
    const struct memmap *free; /* normalised; what is usable here may be planned with */
    uint64_t reachable_end;    /* physical: the loader can write below here only */
    const struct elf *kernel;  /* with its request, or what another protocol's amount to */
    const struct elf *resident;
    const struct plan_module *modules;
    uint64_t module_count;
    uint64_t info_bytes;      /* for the boot information and all that it points to */
    uint64_t cpu_count;       /* to be started, with the one that boots; 0: as 1 */
    uint64_t cpu_stack_bytes; /* of each but the one that boots; whole pages */
    uint64_t random;          /* chooses the slide */
    uint32_t loader_levels;   /* paging levels of the loader's own tables */
    uint64_t loader_code;     /* physical: the page with the loader's last instructions */
};

struct plan {
    struct placement *places;
    uint64_t place_count;
    struct plan_claim *claims; /* the places again, as few ranges: each claim costs firmware time */
    uint64_t claim_count;
    struct paging paging; /* of the kernel: levels and features; the pool is in PLACE_TABLES */
    uint64_t direct_map;  /* virtual */
    uint64_t slide;
    uint64_t kernel_virtual; /* of the kernel's first page */
    uint64_t resident_virtual;
    uint64_t handoff_virtual;
    uint64_t stack_top, fault_stack_top; /* virtual */
    uint64_t cpu_count;                  /* 1 where no page below PLAN_LOW_END is free */
    uint64_t cpu_stack_bytes, cpu_guard_bytes;
    uint64_t trampoline_virtual, cpu_stacks_virtual;
    struct mapping *mappings; /* of the kernel's tables, sorted */
    uint64_t mapping_count;
    struct mapping bridge[5]; /* lower half: what both sides of the switch of tables need, sorted */
    uint64_t bridge_count;
};

/* Decides everything. ERR_NO_MEMORY names what does not fit, its size and the largest free range;
 * ERR_UNSUPPORTED names the wish or address that this machine or protocol does not allow. */
enum err plan_build(const struct plan_request *request, struct arena *arena, struct plan *plan);

/* Makes the mappings anew for a later map of the same machine and for a framebuffer (NULL: none),
 * which the request did not know yet. The places stay. */
enum err plan_map(const struct plan_request *request, const struct memmap *map,
                  const struct lintel_framebuffer *framebuffer, struct arena *arena,
                  struct plan *plan);

/* The kernel's place for LINTEL_REQUEST_PHYSICAL. ERR_UNSUPPORTED: its segments name none that is
 * one piece; ERR_NO_MEMORY: it is not all free, says where and why. */
enum err plan_find_wished_place(const struct plan_request *request, const struct memmap *free,
                                uint64_t *physical);

/* Virtual addresses of a CPU's stacks, 1 <= index < cpu_count. */
uint64_t plan_cpu_stack_top(const struct plan *plan, uint64_t index);
uint64_t plan_cpu_fault_stack_top(const struct plan *plan, uint64_t index);

#endif
