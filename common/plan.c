#include "plan.h"
#include "lib/mem.h"

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
        .has_pge = features & LINTEL_CPU_PGE,
        .has_pat = features & LINTEL_CPU_PAT,
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
                    kernel->source->name, (unsigned long)(bytes / MIB));
    uint64_t steps = (room - bytes) / step + 1;
    plan->slide =
        PLAN_SLIDE_BASE + request->random % steps * step - align_down(kernel->first, step);
    return OK;
}

static enum err choose_kernel_address(const struct plan_request *request, struct plan *plan)
{
    const struct elf *kernel = request->kernel;
    TRY(choose_slide(request, plan));
    uint64_t first = kernel->first + plan->slide, end = kernel->end + plan->slide;
    uint64_t map_end = plan->direct_map + align_up(highest_mapped(request->map), GIB);

    plan->kernel_virtual = first;
    if (first < PLAN_UPPER_HALF || end < first)
        return fail(ERR_UNSUPPORTED,
                    "%s: linked at %lx to %lx, but a Lintel kernel lives in the upper half: link "
                    "it at FFFFFFFF80000000h",
                    kernel->source->name, (unsigned long)first, (unsigned long)end);
    if (overlap(first, end, plan->direct_map, map_end))
        return fail(ERR_UNSUPPORTED, "%s: linked at %lx to %lx, inside the direct map (%lx to %lx)",
                    kernel->source->name, (unsigned long)first, (unsigned long)end,
                    (unsigned long)plan->direct_map, (unsigned long)map_end);
    if (overlap(first, end, PLAN_WINDOW, PLAN_WINDOW_END))
        return fail(ERR_UNSUPPORTED,
                    "%s: linked at %lx to %lx, inside Lintel's window (%lx to %lx)",
                    kernel->source->name, (unsigned long)first, (unsigned long)end,
                    (unsigned long)PLAN_WINDOW, (unsigned long)PLAN_WINDOW_END);
    return OK;
}

/* The window, from its start: guard, stack, guard, fault stack, guard, resident image. */
static void lay_out_window(struct plan *plan)
{
    uint64_t next = PLAN_WINDOW + PAGE_BYTES;
    next += plan->places[PLACE_STACK].bytes;
    plan->stack_top = next;
    next += PAGE_BYTES + plan->places[PLACE_FAULT_STACK].bytes;
    plan->fault_stack_top = next;
    plan->resident_virtual = next + PAGE_BYTES;
}

/* ---- places ---------------------------------------------------------------------------------- */

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
    places[PLACE_STACK] =
        (struct placement){"stack", 0, align_up(stack, PAGE_BYTES), LINTEL_MEMORY_RECLAIMABLE};
    places[PLACE_FAULT_STACK] =
        (struct placement){"fault stack", 0, PLAN_FAULT_STACK_BYTES, LINTEL_MEMORY_RECLAIMABLE};
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
 * the loader can write there. Memory below 1 MiB stays free for the kernel's own start-up code. */
static enum err place_one(const struct plan_request *request, struct memmap *free,
                          struct plan *plan, uint64_t index)
{
    struct placement *place = &plan->places[index];
    uint64_t alignment = place->bytes >= 2 * MIB ? 2 * MIB : PAGE_BYTES;
    uint64_t end = MIN(request->reachable_end, 4 * GIB);

    if (!place->bytes)
        return OK;
    if (memmap_find_highest(free, place->bytes, alignment, MIB, end, &place->physical) != OK) {
        if (index >= PLACE_MODULES)
            end = request->reachable_end;
        if (memmap_find_highest(free, place->bytes, PAGE_BYTES, MIB, end, &place->physical) != OK)
            return fail(ERR_NO_MEMORY,
                        "%s needs %lu KiB of memory in one piece, but the largest free piece below "
                        "%lx has %lu KiB",
                        place->name, (unsigned long)(place->bytes / KIB), (unsigned long)end,
                        (unsigned long)(largest_usable(free, end) / KIB));
    }
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

    for (uint64_t i = plan->place_count; i-- > 0;)
        if (i != PLACE_TABLES)
            TRY(place_one(request, &free, plan, i));
    TRY(count_tables(request, arena, plan));
    return place_one(request, &free, plan, PLACE_TABLES);
}

/* ---- mappings -------------------------------------------------------------------------------- */

/* How the direct map shows a physical range. Painted with memmap_overlay(), which takes memory
 * types. */
enum paint {
    PAINT_WRITE_BACK = LINTEL_MEMORY_USABLE,
    PAINT_READ_ONLY = LINTEL_MEMORY_KERNEL,
    PAINT_UNCACHED = LINTEL_MEMORY_RESERVED,
    PAINT_WRITE_COMBINING = LINTEL_MEMORY_FRAMEBUFFER,
    PAINT_ABSENT = LINTEL_MEMORY_BAD,
};

static enum paint paint_of(const struct memmap_range *range)
{
    switch (range->type) {
    case LINTEL_MEMORY_RESERVED:
    case LINTEL_MEMORY_MMIO:
        return range->first < 4 * GIB ? PAINT_UNCACHED : PAINT_ABSENT;
    case LINTEL_MEMORY_BAD:
        return PAINT_ABSENT;
    case LINTEL_MEMORY_FRAMEBUFFER:
        return PAINT_WRITE_COMBINING;
    default:
        return PAINT_WRITE_BACK;
    }
}

static enum err paint_map(struct memmap *paint, const struct memmap *map)
{
    TRY(memmap_overlay(paint, 0, 4 * GIB, (enum lintel_memory_type)PAINT_UNCACHED));
    for (uint64_t i = 0; i < map->count; i++) {
        struct memmap_range range = map->ranges[i];
        enum paint colour = paint_of(&range);
        if (colour == PAINT_UNCACHED)
            range.last = MIN(range.last, 4 * GIB - 1);
        TRY(memmap_overlay(paint, range.first, range.last - range.first + 1,
                           (enum lintel_memory_type)colour));
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

static void map_painted(struct plan *plan, const struct memmap *paint)
{
    for (uint64_t i = 0; i < paint->count; i++) {
        const struct memmap_range *range = &paint->ranges[i];
        enum paint colour = (enum paint)range->type;
        if (colour == PAINT_ABSENT)
            continue;
        add_mapping(plan, plan->direct_map + range->first, range->first,
                    range->last - range->first + 1, colour == PAINT_READ_ONLY ? 0 : MAP_WRITE,
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
    const struct placement *places = plan->places;
    uint64_t overlays = map->capacity + kernel->pages_count + resident->pages_count + 2;
    struct memmap paint = {.capacity = MEMMAP_CAPACITY(overlays) + 1};

    TRY(ARENA_TAKE(arena, paint.capacity, &paint.ranges));
    TRY(paint_map(&paint, map));
    if (framebuffer)
        TRY(memmap_overlay(
            &paint, align_down(framebuffer->base_physical, PAGE_BYTES),
            align_up(framebuffer->base_physical % PAGE_BYTES + framebuffer->bytes, PAGE_BYTES),
            (enum lintel_memory_type)PAINT_WRITE_COMBINING));
    TRY(paint_image(&paint, kernel, places[PLACE_KERNEL].physical));
    TRY(paint_image(&paint, resident, places[PLACE_RESIDENT].physical));

    plan->mapping_count = 0;
    TRY(ARENA_TAKE(arena, paint.capacity + kernel->pages_count + resident->pages_count + 2,
                   &plan->mappings));
    map_painted(plan, &paint);
    map_image(plan, kernel, plan->kernel_virtual, places[PLACE_KERNEL].physical);
    map_image(plan, resident, plan->resident_virtual, places[PLACE_RESIDENT].physical);
    map_stack(plan, plan->stack_top, &places[PLACE_STACK]);
    map_stack(plan, plan->fault_stack_top, &places[PLACE_FAULT_STACK]);
    sort_mappings(plan);
    map_bridge(request, plan);
    return OK;
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
    lay_out_window(plan);
    return place_all(request, arena, plan);
}
