/* Where does every byte of a boot go? The choices, and their order. */
#include "common/plan/plan.h"
#include "common/lib/mem.h"

/* Tables that the framebuffer and a firmware's last changes to its map may cost beyond the count:
 * every new border inside a large page costs one table a level. */
#define SPARE_TABLE_PAGES 48

/* ---- choices --------------------------------------------------------------------------------- */

static bool has_five_levels(const struct wishes *wishes, const struct lintel_cpu *cpu)
{
    return wishes->paging_levels == 5 && cpu->features & LINTEL_CPU_LA57;
}

uint64_t plan_last_address(const struct wishes *wishes, const struct lintel_cpu *cpu)
{
    uint64_t last = (UINT64_C(1) << MIN(cpu->physical_bits, 52u)) - 1;
    uint64_t base = has_five_levels(wishes, cpu) ? PLAN_DIRECT_MAP_5 : PLAN_DIRECT_MAP_4;

    return wishes->mode == ENTRY_KERNEL_TABLES ? MIN(last, PLAN_WINDOW - 1 - base) : last;
}

static enum err choose_paging(const struct plan_request *request, struct plan *plan)
{
    const struct wishes *wishes = request->wishes;
    uint32_t features = request->cpu->features;
    bool five = has_five_levels(wishes, request->cpu);

    if (wishes->paging_required && wishes->paging_levels == 5 && !five)
        return fail(ERR_UNSUPPORTED,
                    "%s: requires 5-level paging, which this CPU (%s) does not have",
                    wishes->image->reader->name, request->cpu->vendor);
    plan->paging = (struct paging){
        .levels = five ? 5 : 4,
        .has_1gib_pages = features & LINTEL_CPU_1GIB,
        .has_nx = features & LINTEL_CPU_NX,
        .has_pge = wishes->space->global && features & LINTEL_CPU_PGE,
        .has_pat = features & LINTEL_CPU_PAT,
        .mixed = wishes->space->mixed,
        .write_combining = wishes->space->write_combining,
    };
    plan->direct_map = five ? PLAN_DIRECT_MAP_5 : PLAN_DIRECT_MAP_4;
    return OK;
}

/* One to one; a loader with 5 levels puts one more above these. */
static void choose_identity_paging(const struct plan_request *request, struct plan *plan)
{
    plan->paging = (struct paging){
        .levels = 4,
        .has_1gib_pages = request->cpu->features & LINTEL_CPU_1GIB,
        .mixed = true,
    };
}

static uint64_t highest_mapped(const struct memmap *map)
{
    return MAX(4 * GIB, map->count ? map->ranges[map->count - 1].last : 0);
}

/* A static PIE is slid to a random step (2 MiB, or its own larger alignment) in the top 2 GiB,
 * short of the last 2 MiB, so that no end ever reaches 2^64. */
static enum err choose_slide(const struct plan_request *request, struct plan *plan)
{
    const struct elf *kernel = request->wishes->image;
    uint64_t step = MAX(kernel->alignment, 2 * MIB);
    uint64_t bytes = kernel->first % step + (kernel->end - kernel->first);
    uint64_t room = -PLAN_SLIDE_BASE - 2 * MIB;

    plan->slide = 0;
    if (!kernel->relocatable || request->wishes->keeps_address)
        return OK;
    if (bytes > room)
        return fail(ERR_UNSUPPORTED,
                    "%s: spans %lu MiB, but a static PIE has to fit into the top 2 GiB",
                    kernel->reader->name, bytes / MIB);
    uint64_t steps = (room - bytes) / step + 1;
    plan->slide =
        PLAN_SLIDE_BASE + request->random % steps * step - align_down(kernel->first, step);
    return OK;
}

static enum err choose_kernel_address(const struct plan_request *request, struct plan *plan)
{
    const struct elf *kernel = request->wishes->image;
    const struct space_rules *space = request->wishes->space;
    TRY(choose_slide(request, plan));
    uint64_t first = kernel->first + plan->slide, end = kernel->end + plan->slide;
    uint64_t map_end = plan->direct_map + align_up(highest_mapped(request->map), GIB);

    plan->kernel_virtual = first;
    if (first < space->lowest || end < first)
        return fail(ERR_UNSUPPORTED, "%s: linked at %lXh to %lXh, but %s", kernel->reader->name,
                    first, end, space->advice);
    if (plan_overlap(first, end, plan->direct_map, map_end))
        return fail(ERR_UNSUPPORTED,
                    "%s: linked at %lXh to %lXh, inside the direct map (%lXh to %lXh)",
                    kernel->reader->name, first, end, plan->direct_map, map_end);
    if (space->window && plan_overlap(first, end, PLAN_WINDOW, PLAN_WINDOW_END))
        return fail(ERR_UNSUPPORTED,
                    "%s: linked at %lXh to %lXh, inside Lintel's window (%lXh to %lXh)",
                    kernel->reader->name, first, end, PLAN_WINDOW, PLAN_WINDOW_END);
    return OK;
}

/* ---- the window ------------------------------------------------------------------------------ */

static uint64_t direct_map_end(const struct plan *plan, enum place place)
{
    return plan->direct_map + plan->places[place].physical + plan->places[place].bytes;
}

static void lay_out_in_direct_map(struct plan *plan)
{
    const struct placement *places = plan->places;

    plan->stack_top = direct_map_end(plan, PLACE_STACK);
    plan->fault_stack_top = direct_map_end(plan, PLACE_FAULT_STACK);
    plan->resident_virtual = plan->direct_map + places[PLACE_RESIDENT].physical;
    plan->handoff_virtual = plan->direct_map + places[PLACE_HANDOFF].physical;
    plan->trampoline_virtual = plan->direct_map + places[PLACE_TRAMPOLINE].physical;
    plan->cpu_stacks_virtual = plan->direct_map + places[PLACE_CPU_STACKS].physical;
    plan->cpu_guard_bytes = 0;
}

/* From the window's start, each behind a guard page: stack, fault stack, fault reporter, handoff;
 * where other CPUs are started, the trampoline, and for each its stack and its fault stack. */
static void lay_out_in_window(struct plan *plan)
{
    const struct placement *places = plan->places;
    uint64_t next = PLAN_WINDOW + PAGE_BYTES;

    next += places[PLACE_STACK].bytes;
    plan->stack_top = next;
    next += PAGE_BYTES + places[PLACE_FAULT_STACK].bytes;
    plan->fault_stack_top = next;
    plan->resident_virtual = next + PAGE_BYTES;
    plan->handoff_virtual = plan->resident_virtual + places[PLACE_RESIDENT].bytes + PAGE_BYTES;
    plan->trampoline_virtual = plan->handoff_virtual + places[PLACE_HANDOFF].bytes + PAGE_BYTES;
    plan->cpu_stacks_virtual = plan->trampoline_virtual + PAGE_BYTES;
    plan->cpu_guard_bytes = PAGE_BYTES;
}

uint64_t plan_cpu_stack_top(const struct plan *plan, uint64_t index)
{
    uint64_t each = 2 * plan->cpu_guard_bytes + plan->cpu_stack_bytes + PLAN_CPU_FAULT_BYTES;
    return plan->cpu_stacks_virtual + (index - 1) * each + plan->cpu_guard_bytes +
           plan->cpu_stack_bytes;
}

uint64_t plan_cpu_fault_stack_top(const struct plan *plan, uint64_t index)
{
    return plan_cpu_stack_top(plan, index) + plan->cpu_guard_bytes + PLAN_CPU_FAULT_BYTES;
}

/* ---- places ---------------------------------------------------------------------------------- */

static struct placement loaders_own(const char *name, uint64_t bytes)
{
    return (struct placement){
        .name = name, .bytes = align_up(bytes, PAGE_BYTES), .type = LINTEL_MEMORY_RECLAIMABLE};
}

/* Without a page below PLAN_LOW_END that is free no other CPU can be started. */
static void list_cpus(const struct plan_request *request, struct plan *plan)
{
    const struct wishes *wishes = request->wishes;
    uint64_t page, others = wishes->cpu_count > 1 ? wishes->cpu_count - 1 : 0;

    if (memmap_find_highest(request->free, PAGE_BYTES, PAGE_BYTES, PAGE_BYTES, PLAN_LOW_END,
                            &page) != OK)
        others = 0;
    plan->cpu_count = 1 + others;
    plan->cpu_stack_bytes = wishes->cpu_stack_bytes;
    plan->places[PLACE_TRAMPOLINE] =
        loaders_own("start-up page of the CPUs", others ? PAGE_BYTES : 0);
    plan->places[PLACE_CPU_STACKS] = loaders_own(
        "stacks of the CPUs", others * (wishes->cpu_stack_bytes + PLAN_CPU_FAULT_BYTES));
}

static void list_for_kernel_tables(const struct plan_request *request, struct plan *plan)
{
    const struct elf *resident = request->resident;
    uint64_t stack = request->wishes->stack_bytes;

    plan->places[PLACE_RESIDENT] = loaders_own("fault reporter", resident->end - resident->first);
    plan->places[PLACE_STACK] = loaders_own("stack", stack ? stack : PLAN_DEFAULT_STACK_BYTES);
    plan->places[PLACE_FAULT_STACK] = loaders_own("fault stack", PLAN_FAULT_STACK_BYTES);
    list_cpus(request, plan);
}

static void list_places(const struct plan_request *request, struct plan *plan)
{
    const struct wishes *wishes = request->wishes;

    plan->cpu_count = 1;
    if (wishes->mode == ENTRY_KERNEL_TABLES)
        list_for_kernel_tables(request, plan);
    plan->places[PLACE_INFORMATION] = loaders_own("boot information", wishes->information_bytes);
    plan->places[PLACE_HANDOFF] = loaders_own("handoff", 0);
    plan->places[PLACE_TABLES] = loaders_own("page tables", 0);
    for (uint64_t i = 0; i < wishes->region_count; i++)
        plan->places[PLACE_KERNEL + i] = (struct placement){.name = wishes->regions[i].name,
                                                            .bytes = wishes->regions[i].bytes,
                                                            .type = wishes->regions[i].type};
}

static enum err count_tables(const struct plan_request *request, struct arena *arena,
                             struct plan *plan)
{
    struct paging bridge = {.levels = request->loader_levels};
    uint64_t pages, bridge_pages, more = request->loader_levels == 5;

    TRY(plan_map(request, request->map, NULL, arena, plan));
    TRY(paging_count(&plan->paging, plan->mappings, plan->mapping_count, &pages));
    if (plan->bridge_count) {
        TRY(paging_count(&bridge, plan->bridge, plan->bridge_count, &bridge_pages));
        more = 2 * bridge_pages + SPARE_TABLE_PAGES;
    }
    plan->places[PLACE_TABLES].bytes = (pages + more) * PAGE_BYTES;
    return OK;
}

static enum err place_all(const struct plan_request *request, struct arena *arena,
                          struct plan *plan)
{
    struct memmap free = {.capacity = request->free->count + 4 * plan->place_count};

    TRY(ARENA_TAKE(arena, free.capacity, &free.ranges));
    memmap_copy(&free, request->free);
    TRY(plan_place(request, &free, plan));
    if (entry_keeps_firmware(request->wishes->mode))
        return OK;
    if (request->wishes->mode == ENTRY_KERNEL_TABLES && request->wishes->space->window)
        lay_out_in_window(plan);
    else
        lay_out_in_direct_map(plan);
    TRY(count_tables(request, arena, plan));
    return plan_place_own(request, &free, plan, PLACE_TABLES);
}

enum err plan_build(const struct plan_request *request, struct arena *arena, struct plan *plan)
{
    *plan = (struct plan){.place_count = PLACE_KERNEL + request->wishes->region_count};
    TRY(ARENA_TAKE(arena, plan->place_count, &plan->places));
    TRY(ARENA_TAKE(arena, plan->place_count, &plan->reservations));
    TRY(ARENA_TAKE(arena, request->wishes->region_count, &plan->moves));
    if (request->wishes->mode == ENTRY_KERNEL_TABLES) {
        TRY(choose_paging(request, plan));
        TRY(choose_kernel_address(request, plan));
    } else {
        choose_identity_paging(request, plan);
    }
    list_places(request, plan);
    return place_all(request, arena, plan);
}
