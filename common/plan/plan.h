/* The plan: where every byte of a boot goes, what is moved when the firmware has left, and what the
 * page tables map. Pure: it reads facts and wishes and decides, touches neither firmware nor the
 * memory that it plans, and runs unchanged in host tests. */
#pragma once

#include "common/handoff/handoff.h"
#include "common/plan/wishes.h"

#define PLAN_DIRECT_MAP_4 UINT64_C(0xffff800000000000)
#define PLAN_DIRECT_MAP_5 UINT64_C(0xff00000000000000)
#define PLAN_WINDOW       UINT64_C(0xffffff0000000000) /* stacks, fault reporter, handoff */
#define PLAN_WINDOW_END   UINT64_C(0xffffff8000000000)
#define PLAN_LOCAL_APIC   UINT64_C(0xfee00000) /* physical: where all PCs have it */
#define PLAN_UPPER_HALF   UINT64_C(0xffff800000000000)
#define PLAN_SLIDE_BASE                                                                            \
    UINT64_C(0xffffffff80000000) /* where a static PIE lands: -mcmodel=kernel reaches it */

#define PLAN_DEFAULT_STACK_BYTES (64 * KIB)
#define PLAN_FAULT_STACK_BYTES   (16 * KIB)
#define PLAN_CPU_FAULT_BYTES     (8 * KIB)   /* fault stack of a CPU that does not boot */
#define PLAN_LOW_END             (640 * KIB) /* a CPU starts in a page below */

/* The loader's own places, and then those of the wishes' regions, in order. */
enum place {
    PLACE_RESIDENT, /* these are empty where the way in needs none */
    PLACE_STACK,
    PLACE_FAULT_STACK,
    PLACE_HANDOFF,
    PLACE_TRAMPOLINE, /* empty when no other CPU is to be started, as the next one */
    PLACE_CPU_STACKS,
    PLACE_INFORMATION,
    PLACE_TABLES,
    PLACE_KERNEL,
    PLACE_FILES,
};

struct placement {
    const char *name;
    uint64_t physical; /* where its first byte is loaded to */
    uint64_t target;   /* where it lies when the kernel begins: it is moved, where that differs */
    uint64_t bytes;    /* 0: there is none */
    enum lintel_memory_type type;
};

/* Memory to be taken from the firmware. */
struct reservation {
    uint64_t physical, pages;
};

struct plan_request {
    const struct wishes *wishes;
    const struct lintel_cpu *cpu;
    const struct memmap *map;   /* normalised, of the whole machine */
    const struct memmap *free;  /* normalised; what is usable here may be planned with */
    uint64_t reachable_end;     /* physical: the loader can write below here only */
    const struct elf *resident; /* the fault reporter's image */
    uint64_t random;            /* chooses the slide */
    uint32_t loader_levels;     /* paging levels of the loader's own tables */
    uint64_t loader_code;       /* physical: the page with the loader's last instructions */
};

#define PLAN_BRIDGE_MAPPINGS 5

struct plan {
    struct placement *places;
    uint64_t place_count;
    /* The places again, as few ranges: each reservation costs firmware time. */
    struct reservation *reservations;
    uint64_t reservation_count;
    struct handoff_move *moves; /* none writes where another one, or any placement, lies */
    uint64_t move_count;
    struct paging paging;     /* of the tables: levels and features; the pool is in PLACE_TABLES */
    struct mapping *mappings; /* of these tables, sorted */
    uint64_t mapping_count;

    /* Of ENTRY_KERNEL_TABLES; all addresses are virtual. */
    uint64_t direct_map;
    uint64_t slide;
    uint64_t kernel_virtual; /* of the kernel's first page */
    uint64_t resident_virtual, handoff_virtual;
    uint64_t stack_top, fault_stack_top;
    uint64_t cpu_count; /* 1 where no page below PLAN_LOW_END is free */
    uint64_t cpu_stack_bytes, cpu_guard_bytes;
    uint64_t trampoline_virtual, cpu_stacks_virtual;
    struct mapping bridge[PLAN_BRIDGE_MAPPINGS]; /* lower half: what both sides of the switch of
                                                    tables need, sorted */
    uint64_t bridge_count;
};

/* The last physical address that the map of a plan may hold: a kernel's direct map shows all of it.
 */
uint64_t plan_last_address(const struct wishes *wishes, const struct lintel_cpu *cpu);

/* Decides everything. ERR_NO_MEMORY names what does not fit, its size and the largest free range,
 * or what lies where a region must; ERR_UNSUPPORTED names the wish or address that this machine or
 * protocol does not allow. */
enum err plan_build(const struct plan_request *request, struct arena *arena, struct plan *plan);

/* Makes the mappings anew for a later map of the same machine and for a framebuffer (NULL: none),
 * which the request did not know yet. The places stay. */
enum err plan_map(const struct plan_request *request, const struct memmap *map,
                  const struct lintel_framebuffer *framebuffer, struct arena *arena,
                  struct plan *plan);

/* Virtual addresses of a CPU's stacks, 1 <= index < cpu_count. */
uint64_t plan_cpu_stack_top(const struct plan *plan, uint64_t index);
uint64_t plan_cpu_fault_stack_top(const struct plan *plan, uint64_t index);

/* ---- its parts ------------------------------------------------------------------------------- */

/* Ends are exclusive. */
static inline bool plan_overlap(uint64_t a, uint64_t a_end, uint64_t b, uint64_t b_end)
{
    return a < b_end && b < a_end;
}

/* Finds places for all that is listed in plan->places, but PLACE_TABLES; PLACE_HANDOFF has no size
 * before. (place.c) */
enum err plan_place(const struct plan_request *request, struct memmap *free, struct plan *plan);

/* The same for one of the loader's own. (place.c) */
enum err plan_place_own(const struct plan_request *request, struct memmap *free, struct plan *plan,
                        enum place place);
