/* What do the page tables map? */
#include "common/lib/mem.h"
#include "common/plan/plan.h"

static enum err set_range(struct memmap *attributes, uint64_t first, uint64_t last,
                          enum attribute attribute)
{
    if (first > last)
        return OK;
    return memmap_overlay(attributes, first, last - first + 1, (enum lintel_memory_type)attribute);
}

static enum err set_by_map(const struct space_rules *space, struct memmap *attributes,
                           const struct memmap *map)
{
    TRY(set_range(attributes, 0, 4 * GIB - 1, space->gaps));
    for (uint64_t i = 0; i < map->count; i++) {
        const struct memmap_range *range = &map->ranges[i];
        TRY(set_range(attributes, range->first, MIN(range->last, 4 * GIB - 1),
                      space->attribute_of(range->type, false)));
        TRY(set_range(attributes, MAX(range->first, 4 * GIB), range->last,
                      space->attribute_of(range->type, true)));
    }
    return OK;
}

/* What an image maps read-only or executable is read-only in the direct map too: no alias undoes
 * W^X. */
static enum err set_by_image(struct memmap *attributes, const struct elf *image, uint64_t physical)
{
    for (uint32_t i = 0; i < image->pages_count; i++)
        if (!(image->pages[i].flags & MAP_WRITE))
            TRY(memmap_overlay(attributes, physical + image->pages[i].offset, image->pages[i].bytes,
                               (enum lintel_memory_type)ATTRIBUTE_READ_ONLY));
    return OK;
}

/* Behind the handoff's state lies its program. */
static enum err set_by_programs(struct memmap *attributes, const struct plan *plan)
{
    const struct placement *handoff = &plan->places[PLACE_HANDOFF];
    const struct placement *trampoline = &plan->places[PLACE_TRAMPOLINE];

    if (trampoline->bytes)
        TRY(memmap_overlay(attributes, trampoline->physical, trampoline->bytes,
                           (enum lintel_memory_type)ATTRIBUTE_READ_ONLY));
    return memmap_overlay(attributes, handoff->physical + PAGE_BYTES, handoff->bytes - PAGE_BYTES,
                          (enum lintel_memory_type)ATTRIBUTE_READ_ONLY);
}

static void add_mapping(struct plan *plan, uint64_t virtual, uint64_t physical, uint64_t bytes,
                        uint32_t flags, enum paging_cache cache)
{
    plan->mappings[plan->mapping_count++] =
        (struct mapping){virtual, physical, bytes, flags, cache};
}

static uint32_t direct_map_flags(const struct space_rules *space, enum attribute attribute)
{
    return (attribute == ATTRIBUTE_READ_ONLY ? 0 : MAP_WRITE) | (space->mixed ? MAP_EXECUTE : 0);
}

/* From the physical address `from` on. */
static void map_attributes(const struct space_rules *space, struct plan *plan,
                           const struct memmap *attributes, uint64_t base, uint64_t from)
{
    for (uint64_t i = 0; i < attributes->count; i++) {
        const struct memmap_range *range = &attributes->ranges[i];
        enum attribute attribute = (enum attribute)range->type;
        uint64_t first = MAX(range->first, from);
        if (attribute == ATTRIBUTE_ABSENT || first > range->last)
            continue;
        add_mapping(plan, base + first, first, range->last - first + 1,
                    direct_map_flags(space, attribute),
                    attribute == ATTRIBUTE_UNCACHED          ? CACHE_UNCACHED
                    : attribute == ATTRIBUTE_WRITE_COMBINING ? CACHE_WRITE_COMBINING
                                                             : CACHE_WRITE_BACK);
    }
}

static void map_image(struct plan *plan, const struct elf *image, uint64_t virtual,
                      uint64_t physical)
{
    for (uint32_t i = 0; i < image->pages_count; i++)
        add_mapping(plan, virtual + image->pages[i].offset, physical + image->pages[i].offset,
                    image->pages[i].bytes, image->pages[i].flags, CACHE_WRITE_BACK);
}

static void map_stack(struct plan *plan, uint64_t top, const struct placement *place)
{
    add_mapping(plan, top - place->bytes, place->physical, place->bytes, MAP_WRITE,
                CACHE_WRITE_BACK);
}

static void map_cpus(struct plan *plan)
{
    uint64_t physical = plan->places[PLACE_CPU_STACKS].physical;
    add_mapping(plan, plan->trampoline_virtual, plan->places[PLACE_TRAMPOLINE].physical, PAGE_BYTES,
                MAP_EXECUTE, CACHE_WRITE_BACK);
    for (uint64_t i = 1; i < plan->cpu_count; i++) {
        add_mapping(plan, plan_cpu_stack_top(plan, i) - plan->cpu_stack_bytes, physical,
                    plan->cpu_stack_bytes, MAP_WRITE, CACHE_WRITE_BACK);
        physical += plan->cpu_stack_bytes;
        add_mapping(plan, plan_cpu_fault_stack_top(plan, i) - PLAN_CPU_FAULT_BYTES, physical,
                    PLAN_CPU_FAULT_BYTES, MAP_WRITE, CACHE_WRITE_BACK);
        physical += PLAN_CPU_FAULT_BYTES;
    }
}

static void map_handoff(struct plan *plan)
{
    const struct placement *handoff = &plan->places[PLACE_HANDOFF];
    add_mapping(plan, plan->handoff_virtual, handoff->physical, PAGE_BYTES, MAP_WRITE,
                CACHE_WRITE_BACK);
    add_mapping(plan, plan->handoff_virtual + PAGE_BYTES, handoff->physical + PAGE_BYTES,
                handoff->bytes - PAGE_BYTES, MAP_EXECUTE, CACHE_WRITE_BACK);
}

static void map_window(const struct plan_request *request, struct plan *plan)
{
    const struct placement *places = plan->places;
    map_stack(plan, plan->stack_top, &places[PLACE_STACK]);
    map_stack(plan, plan->fault_stack_top, &places[PLACE_FAULT_STACK]);
    map_image(plan, request->resident, plan->resident_virtual, places[PLACE_RESIDENT].physical);
    map_handoff(plan);
    if (plan->cpu_count > 1)
        map_cpus(plan);
}

/* Few are out of order: parts are added in theirs. */
static void sort_mappings(struct mapping *mappings, uint64_t count)
{
    for (uint64_t i = 1; i < count; i++) {
        struct mapping moving = mappings[i];
        uint64_t at = i;
        for (; at && mappings[at - 1].virtual > moving.virtual; at--)
            mappings[at] = mappings[at - 1];
        mappings[at] = moving;
    }
}

static void add_to_bridge(struct plan *plan, uint64_t physical, uint64_t bytes, uint32_t flags)
{
    plan->bridge[plan->bridge_count++] =
        (struct mapping){physical, physical, bytes, flags, CACHE_WRITE_BACK};
}

/* One to one, for the few instructions between the loader's tables and the kernel's: the handoff,
 * the loader's last page of code (with the page behind it, should they straddle), and the page that
 * other CPUs start in. */
static void map_bridge(const struct plan_request *request, struct plan *plan)
{
    const struct placement *handoff = &plan->places[PLACE_HANDOFF];

    plan->bridge_count = 0;
    add_to_bridge(plan, align_down(request->loader_code, PAGE_BYTES), 2 * PAGE_BYTES, MAP_EXECUTE);
    if (plan->cpu_count > 1)
        add_to_bridge(plan, plan->places[PLACE_TRAMPOLINE].physical, PAGE_BYTES, MAP_EXECUTE);
    if (plan->cpu_count > 1 && request->wishes->space->local_apic)
        plan->bridge[plan->bridge_count++] = (struct mapping){
            PLAN_LOCAL_APIC, PLAN_LOCAL_APIC, PAGE_BYTES, MAP_WRITE, CACHE_UNCACHED};
    add_to_bridge(plan, handoff->physical, PAGE_BYTES, MAP_WRITE);
    add_to_bridge(plan, handoff->physical + PAGE_BYTES, handoff->bytes - PAGE_BYTES, MAP_EXECUTE);
    sort_mappings(plan->bridge, plan->bridge_count);
}

static enum err attributes_of_all(const struct plan_request *request, const struct memmap *map,
                                  const struct lintel_framebuffer *framebuffer,
                                  const struct plan *plan, struct memmap *attributes)
{
    const struct space_rules *space = request->wishes->space;

    TRY(set_by_map(space, attributes, map));
    if (framebuffer)
        TRY(memmap_overlay(
            attributes, align_down(framebuffer->base_physical, PAGE_BYTES),
            align_up(framebuffer->base_physical % PAGE_BYTES + framebuffer->bytes, PAGE_BYTES),
            (enum lintel_memory_type)ATTRIBUTE_WRITE_COMBINING));
    if (!space->guards_aliases)
        return OK;
    TRY(set_by_image(attributes, request->wishes->image, plan->places[PLACE_KERNEL].physical));
    TRY(set_by_image(attributes, request->resident, plan->places[PLACE_RESIDENT].physical));
    return set_by_programs(attributes, plan);
}

static enum err map_for_kernel(const struct plan_request *request, const struct memmap *map,
                               const struct lintel_framebuffer *framebuffer, struct arena *arena,
                               struct plan *plan)
{
    const struct elf *kernel = request->wishes->image, *resident = request->resident;
    const struct space_rules *space = request->wishes->space;
    uint64_t images = kernel->pages_count + resident->pages_count;
    struct memmap attributes = {.capacity = MEMMAP_CAPACITY(map->capacity + images + 6) + 1};

    TRY(ARENA_TAKE(arena, attributes.capacity, &attributes.ranges));
    TRY(attributes_of_all(request, map, framebuffer, plan, &attributes));
    TRY(ARENA_TAKE(arena, 2 * attributes.capacity + images + 5 + 2 * plan->cpu_count,
                   &plan->mappings));
    if (space->identity) /* without the first page: it begins with what is the null pointer */
        map_attributes(space, plan, &attributes, 0, PAGE_BYTES);
    map_attributes(space, plan, &attributes, plan->direct_map, 0);
    if (space->window)
        map_window(request, plan);
    map_image(plan, kernel, plan->kernel_virtual, plan->places[PLACE_KERNEL].physical);
    sort_mappings(plan->mappings, plan->mapping_count);
    map_bridge(request, plan);
    return OK;
}

/* ---- one to one ------------------------------------------------------------------------------ */

/* Reserved ranges and device registers can lie far above the last memory (AMD: FD_0000_0000h). */
static bool is_memory(enum lintel_memory_type type)
{
    return type != LINTEL_MEMORY_RESERVED && type != LINTEL_MEMORY_MMIO &&
           type != LINTEL_MEMORY_FRAMEBUFFER && type != LINTEL_MEMORY_BAD;
}

/* At least 4 GiB, with what devices have there. */
static uint64_t find_memory_end(const struct memmap *map, const struct lintel_cpu *cpu)
{
    uint64_t last = 4 * GIB - 1, limit = (UINT64_C(1) << MIN(cpu->physical_bits, 47u)) - 1;

    for (uint64_t i = 0; i < map->count; i++)
        if (is_memory(map->ranges[i].type) && map->ranges[i].first <= limit)
            last = MAX(last, MIN(map->ranges[i].last, limit));
    return last + 1;
}

/* All of memory, writable and executable: foreign kernels run on these tables as on none. */
static enum err map_one_to_one(const struct plan_request *request, const struct memmap *map,
                               struct arena *arena, struct plan *plan)
{
    uint64_t bytes = align_up(find_memory_end(map, request->cpu), GIB);

    TRY(ARENA_TAKE(arena, 1, &plan->mappings));
    add_mapping(plan, 0, 0, bytes, MAP_WRITE | MAP_EXECUTE, CACHE_WRITE_BACK);
    return OK;
}

enum err plan_map(const struct plan_request *request, const struct memmap *map,
                  const struct lintel_framebuffer *framebuffer, struct arena *arena,
                  struct plan *plan)
{
    plan->mapping_count = 0;
    if (request->wishes->mode == ENTRY_KERNEL_TABLES)
        return map_for_kernel(request, map, framebuffer, arena, plan);
    return map_one_to_one(request, map, arena, plan);
}
