/* What the kernel's tables map, by the rules of its boot protocol. */
#include "lib/mem.h"
#include "plan.h"

static enum err paint_part(struct memmap *paint, uint64_t first, uint64_t last, enum paint colour)
{
    if (first > last)
        return OK;
    return memmap_overlay(paint, first, last - first + 1, (enum lintel_memory_type)colour);
}

static enum err paint_map(const struct plan_rules *rules, struct memmap *paint,
                          const struct memmap *map)
{
    TRY(paint_part(paint, 0, 4 * GIB - 1, rules->gaps));
    for (uint64_t i = 0; i < map->count; i++) {
        const struct memmap_range *range = &map->ranges[i];
        TRY(paint_part(paint, range->first, MIN(range->last, 4 * GIB - 1),
                       rules->paint(range->type, false)));
        TRY(paint_part(paint, MAX(range->first, 4 * GIB), range->last,
                       rules->paint(range->type, true)));
    }
    return OK;
}

/* What an image maps read-only or executable is read-only in the direct map too: no alias undoes
 * W^X. */
static enum err paint_image(struct memmap *paint, const struct elf *image, uint64_t physical)
{
    for (uint32_t i = 0; i < image->pages_count; i++)
        if (!(image->pages[i].flags & MAP_WRITE))
            TRY(memmap_overlay(paint, physical + image->pages[i].offset, image->pages[i].bytes,
                               (enum lintel_memory_type)PAINT_READ_ONLY));
    return OK;
}

static void add_mapping(struct plan *plan, uint64_t virtual, uint64_t physical, uint64_t bytes,
                        uint32_t flags, enum paging_cache cache)
{
    plan->mappings[plan->mapping_count++] =
        (struct mapping){virtual, physical, bytes, flags, cache};
}

static uint32_t direct_map_flags(const struct plan_rules *rules, enum paint colour)
{
    return (colour == PAINT_READ_ONLY ? 0 : MAP_WRITE) | (rules->mixed ? MAP_EXECUTE : 0);
}

static void map_painted(const struct plan_rules *rules, struct plan *plan,
                        const struct memmap *paint, uint64_t base)
{
    for (uint64_t i = 0; i < paint->count; i++) {
        const struct memmap_range *range = &paint->ranges[i];
        enum paint colour = (enum paint)range->type;
        if (colour == PAINT_ABSENT)
            continue;
        add_mapping(plan, base + range->first, range->first, range->last - range->first + 1,
                    direct_map_flags(rules, colour),
                    colour == PAINT_UNCACHED          ? CACHE_UNCACHED
                    : colour == PAINT_WRITE_COMBINING ? CACHE_WRITE_COMBINING
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

static void map_window(const struct plan_request *request, struct plan *plan)
{
    const struct placement *places = plan->places;
    map_image(plan, request->resident, plan->resident_virtual, places[PLACE_RESIDENT].physical);
    map_stack(plan, plan->stack_top, &places[PLACE_STACK]);
    map_stack(plan, plan->fault_stack_top, &places[PLACE_FAULT_STACK]);
}

/* The first page stays absent: it begins with what is the null pointer. */
static enum err map_identity(const struct plan_rules *rules, struct plan *plan,
                             struct memmap *paint)
{
    TRY(memmap_overlay(paint, 0, PAGE_BYTES, (enum lintel_memory_type)PAINT_ABSENT));
    map_painted(rules, plan, paint, 0);
    return OK;
}

static void sort_mappings(struct plan *plan)
{
    for (uint64_t i = 1; i < plan->mapping_count; i++) {
        struct mapping moving = plan->mappings[i];
        uint64_t at = i;
        for (; at && plan->mappings[at - 1].virtual > moving.virtual; at--)
            plan->mappings[at] = plan->mappings[at - 1];
        plan->mappings[at] = moving;
    }
}

/* One to one, for the few instructions between the loader's tables and the kernel's: the resident
 * image, and the loader's last page of code (with the page behind it, should they straddle). */
static void map_bridge(const struct plan_request *request, struct plan *plan)
{
    const struct elf *resident = request->resident;
    uint64_t physical = plan->places[PLACE_RESIDENT].physical,
             code = align_down(request->loader_code, PAGE_BYTES);
    struct mapping loader = {code, code, 2 * PAGE_BYTES, MAP_EXECUTE, CACHE_WRITE_BACK};

    plan->bridge_count = 0;
    if (code < physical)
        plan->bridge[plan->bridge_count++] = loader;
    for (uint32_t i = 0; i < resident->pages_count && i < ARRAY_LENGTH(plan->bridge) - 1; i++)
        plan->bridge[plan->bridge_count++] = (struct mapping){
            physical + resident->pages[i].offset, physical + resident->pages[i].offset,
            resident->pages[i].bytes, resident->pages[i].flags, CACHE_WRITE_BACK};
    if (code > physical)
        plan->bridge[plan->bridge_count++] = loader;
}

enum err plan_map(const struct plan_request *request, const struct memmap *map,
                  const struct lintel_framebuffer *framebuffer, struct arena *arena,
                  struct plan *plan)
{
    const struct elf *kernel = request->kernel, *resident = request->resident;
    const struct plan_rules *rules = request->rules;
    const struct placement *places = plan->places;
    uint64_t overlays = map->capacity + kernel->pages_count + resident->pages_count + 4;
    struct memmap paint = {.capacity = MEMMAP_CAPACITY(overlays) + 1};

    TRY(ARENA_TAKE(arena, paint.capacity, &paint.ranges));
    TRY(paint_map(rules, &paint, map));
    if (framebuffer)
        TRY(memmap_overlay(
            &paint, align_down(framebuffer->base_physical, PAGE_BYTES),
            align_up(framebuffer->base_physical % PAGE_BYTES + framebuffer->bytes, PAGE_BYTES),
            (enum lintel_memory_type)PAINT_WRITE_COMBINING));
    if (rules->guards_aliases) {
        TRY(paint_image(&paint, kernel, places[PLACE_KERNEL].physical));
        TRY(paint_image(&paint, resident, places[PLACE_RESIDENT].physical));
    }

    plan->mapping_count = 0;
    TRY(ARENA_TAKE(arena, 2 * paint.capacity + kernel->pages_count + resident->pages_count + 3,
                   &plan->mappings));
    map_painted(rules, plan, &paint, plan->direct_map);
    map_image(plan, kernel, plan->kernel_virtual, places[PLACE_KERNEL].physical);
    if (rules->window)
        map_window(request, plan);
    if (rules->identity)
        TRY(map_identity(rules, plan, &paint));
    sort_mappings(plan);
    map_bridge(request, plan);
    return OK;
}
