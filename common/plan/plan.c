#include "common/plan/plan.h"
#include "common/handoff/handoff.h"
#include "common/lib/mem.h"

/* Tables that the framebuffer and a firmware's last changes to its map may cost beyond the count:
 * every new border inside a large page costs one table a level. */
#define SPARE_TABLE_PAGES 48

/* ---- choices --------------------------------------------------------------------------------- */

static enum err choose_paging(const struct plan_request *request, struct plan *plan)
{
    const struct lintel_request *wish = &request->kernel->request;
    uint32_t features = request->cpu->features;
    bool five = wish->paging_levels == 5 && features & LINTEL_CPU_LA57;

    if (wish->flags & LINTEL_REQUEST_PAGING_MUST && wish->paging_levels == 5 && !five)
        return fail(ERR_UNSUPPORTED,
                    "%s: requires 5-level paging, which this CPU (%s) does not have",
                    request->kernel->source->name, request->cpu->vendor);
    plan->paging = (struct paging){
        .levels = five ? 5 : 4,
        .has_1gib_pages = features & LINTEL_CPU_1GIB,
        .has_nx = features & LINTEL_CPU_NX,
        .has_pge = request->rules->global && features & LINTEL_CPU_PGE,
        .has_pat = features & LINTEL_CPU_PAT,
        .mixed = request->rules->mixed,
        .write_combining = request->rules->write_combining,
    };
    plan->direct_map = five ? PLAN_DIRECT_MAP_5 : PLAN_DIRECT_MAP_4;
    return OK;
}

static uint64_t highest_mapped(const struct memmap *map)
{
    return MAX(4 * GIB, map->count ? map->ranges[map->count - 1].last : 0);
}

static bool overlap(uint64_t a, uint64_t a_end, uint64_t b, uint64_t b_end)
{
    return a < b_end && b < a_end;
}

/* A static PIE is slid to a random step (2 MiB, or its own larger alignment) in the top 2 GiB,
 * short of the last 2 MiB, so that no end ever reaches 2^64. */
static enum err choose_slide(const struct plan_request *request, struct plan *plan)
{
    const struct elf *kernel = request->kernel;
    uint64_t step = MAX(kernel->alignment, 2 * MIB);
    uint64_t bytes = kernel->first % step + (kernel->end - kernel->first);
    uint64_t room = -PLAN_SLIDE_BASE - 2 * MIB;

    plan->slide = 0;
    if (!kernel->relocatable || kernel->request.flags & LINTEL_REQUEST_NO_SLIDE)
        return OK;
    if (bytes > room)
        return fail(ERR_UNSUPPORTED,
                    "%s: spans %lu MiB, but a static PIE has to fit into the top 2 GiB",
                    kernel->source->name, bytes / MIB);
    uint64_t steps = (room - bytes) / step + 1;
    plan->slide =
        PLAN_SLIDE_BASE + request->random % steps * step - align_down(kernel->first, step);
    return OK;
}

static enum err choose_kernel_address(const struct plan_request *request, struct plan *plan)
{
    const struct elf *kernel = request->kernel;
    const struct plan_rules *rules = request->rules;
    TRY(choose_slide(request, plan));
    uint64_t first = kernel->first + plan->slide, end = kernel->end + plan->slide;
    uint64_t map_end = plan->direct_map + align_up(highest_mapped(request->map), GIB);

    plan->kernel_virtual = first;
    if (first < rules->lowest || end < first)
        return fail(ERR_UNSUPPORTED, "%s: linked at %lXh to %lXh, but %s", kernel->source->name,
                    first, end, rules->advice);
    if (overlap(first, end, plan->direct_map, map_end))
        return fail(ERR_UNSUPPORTED, "%s: linked at %lXh to %lXh, inside the direct map (%lXh to %lXh)",
                    kernel->source->name, first, end, plan->direct_map, map_end);
    if (rules->window && overlap(first, end, PLAN_WINDOW, PLAN_WINDOW_END))
        return fail(ERR_UNSUPPORTED,
                    "%s: linked at %lXh to %lXh, inside Lintel's window (%lXh to %lXh)",
                    kernel->source->name, first, end, PLAN_WINDOW, PLAN_WINDOW_END);
    return OK;
}

static uint64_t direct_map_end(const struct plan *plan, enum place place)
{
    return plan->direct_map + plan->places[place].physical + plan->places[place].bytes;
}

/* The window, from its start: guard, stack, guard, fault stack, guard, resident image, handoff
 * program; where other CPUs are started, guard, trampoline, and for each guard, stack, guard, fault
 * stack. */
static void lay_out(const struct plan_rules *rules, struct plan *plan)
{
    if (!rules->window) {
        plan->stack_top = direct_map_end(plan, PLACE_STACK);
        plan->fault_stack_top = direct_map_end(plan, PLACE_FAULT_STACK);
        plan->resident_virtual = plan->direct_map + plan->places[PLACE_RESIDENT].physical;
        plan->handoff_virtual = plan->direct_map + plan->places[PLACE_HANDOFF].physical;
        plan->trampoline_virtual = plan->direct_map + plan->places[PLACE_TRAMPOLINE].physical;
        plan->cpu_stacks_virtual = plan->direct_map + plan->places[PLACE_CPU_STACKS].physical;
        plan->cpu_guard_bytes = 0;
        return;
    }

    uint64_t next = PLAN_WINDOW + PAGE_BYTES;
    next += plan->places[PLACE_STACK].bytes;
    plan->stack_top = next;
    next += PAGE_BYTES + plan->places[PLACE_FAULT_STACK].bytes;
    plan->fault_stack_top = next;
    plan->resident_virtual = next + PAGE_BYTES;
    plan->handoff_virtual = plan->resident_virtual + plan->places[PLACE_RESIDENT].bytes;
    next = plan->handoff_virtual + plan->places[PLACE_HANDOFF].bytes + PAGE_BYTES;
    plan->trampoline_virtual = next;
    plan->cpu_stacks_virtual = next + PAGE_BYTES;
    plan->cpu_guard_bytes = PAGE_BYTES;
}

uint64_t plan_cpu_stack_top(const struct plan *plan, uint64_t index)
{
    uint64_t each = plan->cpu_stack_bytes + PLAN_CPU_FAULT_BYTES + 2 * plan->cpu_guard_bytes;
    return plan->cpu_stacks_virtual + (index - 1) * each + plan->cpu_guard_bytes +
           plan->cpu_stack_bytes;
}

uint64_t plan_cpu_fault_stack_top(const struct plan *plan, uint64_t index)
{
    return plan_cpu_stack_top(plan, index) + plan->cpu_guard_bytes + PLAN_CPU_FAULT_BYTES;
}

/* ---- places ---------------------------------------------------------------------------------- */

/* Without memory for the trampoline the other CPUs stay as they are: no reason not to boot. */
static void list_cpu_places(const struct plan_request *request, struct plan *plan)
{
    uint64_t place, others = request->cpu_count ? request->cpu_count - 1 : 0;
    if (memmap_find_highest(request->free, PAGE_BYTES, PAGE_BYTES, PAGE_BYTES, PLAN_LOW_END,
                            &place) != OK)
        others = 0;
    plan->cpu_count = 1 + others;
    plan->cpu_stack_bytes = request->cpu_stack_bytes;
    plan->places[PLACE_TRAMPOLINE] = (struct placement){
        "start-up page of the CPUs", 0, others ? PAGE_BYTES : 0, LINTEL_MEMORY_RECLAIMABLE};
    plan->places[PLACE_CPU_STACKS] = (struct placement){
        "stacks of the CPUs", 0, others * (plan->cpu_stack_bytes + PLAN_CPU_FAULT_BYTES),
        LINTEL_MEMORY_RECLAIMABLE};
}

static void list_places(const struct plan_request *request, struct plan *plan)
{
    const struct elf *kernel = request->kernel, *resident = request->resident;
    uint64_t stack =
        kernel->request.stack_bytes ? kernel->request.stack_bytes : PLAN_DEFAULT_STACK_BYTES;
    struct placement *places = plan->places;

    places[PLACE_KERNEL] = (struct placement){kernel->source->name, 0, kernel->end - kernel->first,
                                              LINTEL_MEMORY_KERNEL};
    places[PLACE_RESIDENT] = (struct placement){
        "fault reporter", 0, resident->end - resident->first, LINTEL_MEMORY_RECLAIMABLE};
    places[PLACE_HANDOFF] =
        (struct placement){"handoff program", 0, handoff_bytes(0), LINTEL_MEMORY_RECLAIMABLE};
    places[PLACE_STACK] =
        (struct placement){"stack", 0, align_up(stack, PAGE_BYTES), LINTEL_MEMORY_RECLAIMABLE};
    places[PLACE_FAULT_STACK] =
        (struct placement){"fault stack", 0, PLAN_FAULT_STACK_BYTES, LINTEL_MEMORY_RECLAIMABLE};
    list_cpu_places(request, plan);
    places[PLACE_INFO] =
        (struct placement){"boot information", 0, align_up(request->info_bytes, PAGE_BYTES),
                           LINTEL_MEMORY_RECLAIMABLE};
    places[PLACE_TABLES] = (struct placement){"page tables", 0, 0, LINTEL_MEMORY_RECLAIMABLE};
    for (uint64_t i = 0; i < request->module_count; i++)
        places[PLACE_MODULES + i] = (struct placement){
            request->modules[i].name, 0, align_up(request->modules[i].bytes, PAGE_BYTES),
            LINTEL_MEMORY_KERNEL};
}

static uint64_t largest_usable(const struct memmap *map, uint64_t end)
{
    uint64_t largest = 0;
    for (uint64_t i = 0; i < map->count; i++) {
        const struct memmap_range *range = &map->ranges[i];
        if (range->type == LINTEL_MEMORY_USABLE && range->first < end)
            largest = MAX(largest, MIN(range->last, end - 1) - range->first + 1);
    }
    return largest;
}

/* Places are found from the top downwards, so that most lie right below the one before. */
static void add_claim(struct plan *plan, const struct placement *place)
{
    struct plan_claim *next = plan->claims + plan->claim_count;
    *next = (struct plan_claim){place->physical, pages_of(place->bytes)};
    if (plan->claim_count && place->physical + place->bytes == next[-1].physical) {
        next[-1].physical = next->physical;
        next[-1].pages += next->pages;
        return;
    }
    plan->claim_count++;
}

/* From the top of memory below 4 GiB downwards, where the first fits; modules may go higher when
 * the loader can write there. Memory below 1 MiB is left to what can't lie elsewhere. */
static enum err place_one(const struct plan_request *request, struct memmap *free,
                          struct plan *plan, uint64_t index)
{
    struct placement *place = &plan->places[index];
    uint64_t alignment = place->bytes >= 2 * MIB ? 2 * MIB : PAGE_BYTES;
    uint64_t low = MIB, end = MIN(request->reachable_end, 4 * GIB);

    if (!place->bytes)
        return OK;
    if (index == PLACE_TRAMPOLINE) {
        low = PAGE_BYTES;
        end = PLAN_LOW_END;
    }
    if (memmap_find_highest(free, place->bytes, alignment, low, end, &place->physical) != OK) {
        if (index >= PLACE_MODULES)
            end = request->reachable_end;
        if (memmap_find_highest(free, place->bytes, PAGE_BYTES, low, end, &place->physical) != OK)
            return fail(ERR_NO_MEMORY,
                        "%s needs %lu KiB of memory in one piece, but the largest free piece below "
                        "%lXh has %lu KiB",
                        place->name, place->bytes / KIB, end, largest_usable(free, end) / KIB);
    }
    add_claim(plan, place);
    return memmap_overlay(free, place->physical, place->bytes, place->type);
}

/* Before all others: they can lie elsewhere. */
static enum err place_as_wished(const struct plan_request *request, struct memmap *free,
                                struct plan *plan)
{
    struct placement *place = &plan->places[PLACE_KERNEL];
    TRY(plan_find_wished_place(request, free, &place->physical));
    add_claim(plan, place);
    return memmap_overlay(free, place->physical, place->bytes, place->type);
}

static enum err count_tables(const struct plan_request *request, struct arena *arena,
                             struct plan *plan)
{
    uint64_t kernel_pages, bridge_pages;
    struct paging bridge = {.levels = request->loader_levels};
    TRY(plan_map(request, request->map, NULL, arena, plan));
    TRY(paging_count(&plan->paging, plan->mappings, plan->mapping_count, &kernel_pages));
    TRY(paging_count(&bridge, plan->bridge, plan->bridge_count, &bridge_pages));
    plan->places[PLACE_TABLES].bytes =
        (kernel_pages + 2 * bridge_pages + SPARE_TABLE_PAGES) * PAGE_BYTES;
    return OK;
}

static enum err place_all(const struct plan_request *request, struct arena *arena,
                          struct plan *plan)
{
    struct memmap free = {.capacity = request->free->count + 2 * plan->place_count};
    TRY(ARENA_TAKE(arena, free.capacity, &free.ranges));
    memcpy(free.ranges, request->free->ranges, request->free->count * sizeof *free.ranges);
    free.count = request->free->count;

    bool wished = request->kernel->request.flags & LINTEL_REQUEST_PHYSICAL;
    if (wished)
        TRY(place_as_wished(request, &free, plan));
    for (uint64_t i = plan->place_count; i-- > 0;)
        if (i != PLACE_TABLES && !(i == PLACE_KERNEL && wished))
            TRY(place_one(request, &free, plan, i));
    lay_out(request->rules, plan);
    TRY(count_tables(request, arena, plan));
    return place_one(request, &free, plan, PLACE_TABLES);
}

enum err plan_build(const struct plan_request *request, struct arena *arena, struct plan *plan)
{
    plan->place_count = PLACE_MODULES + request->module_count;
    plan->claim_count = 0;
    TRY(ARENA_TAKE(arena, plan->place_count, &plan->places));
    TRY(ARENA_TAKE(arena, plan->place_count, &plan->claims));
    TRY(choose_paging(request, plan));
    TRY(choose_kernel_address(request, plan));
    list_places(request, plan);
    return place_all(request, arena, plan);
}
