/* What must hold of every plan, whatever the machine and the wishes are. */
#pragma once

#include "test/unit/plan_scene.h"
#include <string.h>

static uint64_t below(uint64_t limit); /* where to look, when all is too much */

/* ---- places ---------------------------------------------------------------------------------- */

static inline bool apart(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a + a_bytes <= b || b + b_bytes <= a;
}

/* Of what is loaded, in whole pages. */
static inline uint64_t first_of(const struct placement *place)
{
    return align_down(place->physical, PAGE_BYTES);
}

static inline uint64_t end_of(const struct placement *place)
{
    return align_up(place->physical + place->bytes, PAGE_BYTES);
}

static inline const struct region *region_of(const struct scene *scene, uint64_t place)
{
    return place < PLACE_KERNEL ? NULL : &scene->attempt.wishes.regions[place - PLACE_KERNEL];
}

static inline bool is_moved(const struct placement *place)
{
    return place->target != place->physical;
}

/* All of it is of one of two types. */
static inline bool consists_of(const struct memmap *map, uint64_t first, uint64_t end,
                               enum lintel_memory_type type, enum lintel_memory_type other)
{
    for (uint64_t i = 0; i < map->count && first < end; i++) {
        const struct memmap_range *range = &map->ranges[i];
        if (range->first <= first && first <= range->last &&
            (range->type == type || range->type == other))
            first = range->last + 1;
    }
    return first >= end;
}

static inline bool is_free(const struct scene *scene, uint64_t first, uint64_t end)
{
    return consists_of(&scene->free, first, end, LINTEL_MEMORY_USABLE, LINTEL_MEMORY_USABLE);
}

/* Nothing is loaded over anything else, or over what is not free now. */
static inline void check_loading(const struct scene *scene, uint64_t index)
{
    const struct placement *places = scene->plan.places, *place = &places[index];

    must(end_of(place) <= scene->request.reachable_end);
    must(is_free(scene, first_of(place), end_of(place)));
    for (uint64_t i = 0; i < scene->plan.place_count; i++)
        must(i == index || !places[i].bytes ||
             apart(first_of(place), end_of(place) - first_of(place), first_of(&places[i]),
                   end_of(&places[i]) - first_of(&places[i])));
}

/* When the firmware has left the target is the kernel's, and nobody else's. */
static inline void check_target(const struct scene *scene, uint64_t index)
{
    const struct placement *places = scene->plan.places, *place = &places[index];
    bool moved = is_moved(place);

    must(consists_of(&scene->map, place->target, place->target + place->bytes, LINTEL_MEMORY_USABLE,
                     moved ? LINTEL_MEMORY_RECLAIMABLE : LINTEL_MEMORY_USABLE));
    for (uint64_t i = 0; i < scene->plan.place_count; i++) {
        if (!places[i].bytes)
            continue;
        must(!moved || apart(place->target, place->bytes, places[i].physical, places[i].bytes));
        must(i == index || apart(place->target, place->bytes, places[i].target, places[i].bytes));
    }
}

static inline bool shares_a_page(const struct scene *scene, uint64_t index)
{
    const struct placement *places = scene->plan.places;
    uint64_t first = align_down(places[index].target, PAGE_BYTES);
    uint64_t end = align_up(places[index].target + places[index].bytes, PAGE_BYTES);

    for (uint64_t i = PLACE_KERNEL; i < scene->plan.place_count; i++)
        if (i != index && places[i].bytes && region_of(scene, i)->fixed &&
            !apart(first, end - first, places[i].target, places[i].bytes))
            return true;
    return false;
}

/* Not without need. */
static inline void check_move(const struct scene *scene, uint64_t index)
{
    const struct placement *place = &scene->plan.places[index];
    uint64_t end = align_up(place->target + place->bytes, PAGE_BYTES);

    must(region_of(scene, index) && region_of(scene, index)->moves);
    must(end > scene->request.reachable_end || shares_a_page(scene, index) ||
         !is_free(scene, align_down(place->target, PAGE_BYTES), end));
}

static inline void check_moves(const struct scene *scene)
{
    const struct plan *plan = &scene->plan;
    uint64_t moves = 0;

    for (uint64_t i = 0; i < plan->place_count; i++) {
        const struct placement *place = &plan->places[i];
        bool listed = false;
        for (uint64_t k = 0; k < plan->move_count; k++)
            listed |= plan->moves[k].from == place->physical &&
                      plan->moves[k].to == place->target && plan->moves[k].bytes == place->bytes;
        if (!is_moved(place))
            continue;
        must(listed);
        check_move(scene, i);
        moves++;
    }
    must(plan->move_count == moves);
}

static inline void check_places(const struct scene *scene)
{
    for (uint64_t i = 0; i < scene->plan.place_count; i++) {
        const struct placement *place = &scene->plan.places[i];
        must(place->bytes || (!place->physical && !place->target));
        if (!place->bytes)
            continue;
        check_loading(scene, i);
        check_target(scene, i);
    }
    check_moves(scene);
}

/* ---- windows --------------------------------------------------------------------------------- */

static inline uint64_t window_end(const struct scene *scene, const struct region_window *window)
{
    uint64_t reach = scene->request.reachable_end;

    return window->end ? MIN(window->end, reach) : reach;
}

static inline bool is_inside(const struct scene *scene, const struct region_window *window,
                             const struct placement *place)
{
    return place->physical % MAX(window->alignment, PAGE_BYTES) == 0 &&
           place->physical >= window->first && end_of(place) <= window_end(scene, window);
}

/* The best place of a window, of what nobody took. */
static inline bool find_left(const struct scene *scene, const struct memmap *left,
                             const struct region_window *window, uint64_t bytes, uint64_t *physical)
{
    return (window->lowest ? memmap_find_lowest : memmap_find_highest)(
               left, align_up(bytes, PAGE_BYTES), MAX(window->alignment, PAGE_BYTES), window->first,
               window_end(scene, window), physical) == OK;
}

/* The first window that has room, and the place in it that was asked for. */
static inline void check_windows(const struct scene *scene, const struct memmap *left,
                                 const struct region_window *window, uint64_t count,
                                 const struct placement *place)
{
    uint64_t other;

    for (; count && !is_inside(scene, window, place); count--, window++)
        must(!find_left(scene, left, window, place->bytes, &other));
    must(count > 0);
    if (find_left(scene, left, window, place->bytes, &other))
        must(window->lowest ? other > place->physical : other < place->physical);
}

static inline void check_window(const struct scene *scene, const struct memmap *left,
                                uint64_t index)
{
    static const struct region_window own = {.first = MIB, .end = 4 * GIB},
                                      low = {.first = PAGE_BYTES, .end = 640 * KIB};
    const struct placement *place = &scene->plan.places[index];
    const struct region *region = region_of(scene, index);

    if (region && region->fixed)
        must(place->target == region->target);
    else if (region)
        check_windows(scene, left, region->windows, region->window_count, place);
    else if (index == PLACE_INFORMATION)
        check_windows(scene, left, &scene->attempt.wishes.information_window, 1, place);
    else
        check_windows(scene, left, index == PLACE_TRAMPOLINE ? &low : &own, 1, place);
}

/* Free memory that no place has, of those that are found so far. */
static inline struct memmap find_rest(const struct scene *scene)
{
    static struct memmap_range ranges[2 * SCENE_RANGES];
    struct memmap left = {.ranges = ranges, .capacity = ARRAY_LENGTH(ranges)};

    memmap_copy(&left, &scene->free);
    for (uint64_t i = 0; i < scene->plan.place_count; i++) {
        const struct placement *place = &scene->plan.places[i];
        if (place->physical)
            scene_add_memory(&left, place->physical, place->bytes, LINTEL_MEMORY_KERNEL);
        if (place->target)
            scene_add_memory(&left, place->target, place->bytes, LINTEL_MEMORY_KERNEL);
    }
    return left;
}

static inline void check_all_windows(const struct scene *scene)
{
    struct memmap left = find_rest(scene);

    for (uint64_t i = 0; i < scene->plan.place_count; i++)
        if (scene->plan.places[i].bytes)
            check_window(scene, &left, i);
}

/* ---- reservations ---------------------------------------------------------------------------- */

static inline uint64_t end_of_reservation(const struct reservation *reservation)
{
    return reservation->physical + reservation->pages * PAGE_BYTES;
}

static inline bool is_reserved(const struct plan *plan, const struct placement *place)
{
    for (uint64_t i = 0; i < plan->reservation_count; i++)
        if (plan->reservations[i].physical <= first_of(place) &&
            end_of(place) <= end_of_reservation(&plan->reservations[i]))
            return true;
    return false;
}

static inline uint64_t sum_reservations(const struct plan *plan)
{
    uint64_t pages = 0;

    for (uint64_t i = 0; i < plan->reservation_count; i++) {
        const struct reservation *one = &plan->reservations[i];
        must(one->pages && one->physical % PAGE_BYTES == 0);
        for (uint64_t k = 0; k < i; k++)
            must(one->physical >= end_of_reservation(&plan->reservations[k]) ||
                 end_of_reservation(one) <= plan->reservations[k].physical);
        pages += one->pages;
    }
    return pages;
}

/* Places are apart in whole pages: where each lies in one reservation, and the sums are equal,
 * there is nothing else in any. */
static inline void check_reservations(const struct scene *scene)
{
    const struct plan *plan = &scene->plan;
    uint64_t pages = 0;

    for (uint64_t i = 0; i < plan->place_count; i++) {
        const struct placement *place = &plan->places[i];
        if (!place->bytes || (region_of(scene, i) && region_of(scene, i)->is_trial))
            continue;
        must(is_reserved(plan, place));
        pages += (end_of(place) - first_of(place)) / PAGE_BYTES;
    }
    must(sum_reservations(plan) == pages);
}

/* ---- wishes ---------------------------------------------------------------------------------- */

static inline void check_regions(const struct scene *scene)
{
    const struct wishes *wishes = &scene->attempt.wishes;

    must(scene->plan.place_count == PLACE_KERNEL + wishes->region_count);
    for (uint64_t i = 0; i < wishes->region_count; i++) {
        const struct placement *place = &scene->plan.places[PLACE_KERNEL + i];
        must(place->name == wishes->regions[i].name);
        must(place->bytes == wishes->regions[i].bytes);
        must(place->type == wishes->regions[i].type);
    }
}

static inline void check_own(const struct scene *scene)
{
    const struct wishes *wishes = &scene->attempt.wishes;
    const struct placement *places = scene->plan.places;
    bool stays = entry_keeps_firmware(wishes->mode), tables = wishes->mode == ENTRY_KERNEL_TABLES;

    for (uint64_t i = 0; i < PLACE_KERNEL; i++)
        must((places[i].name || !places[i].bytes) && places[i].bytes % PAGE_BYTES == 0);
    must(places[PLACE_HANDOFF].bytes == (stays ? 0 : handoff_bytes(scene->plan.move_count)));
    must(!places[PLACE_TABLES].bytes == stays);
    must(!places[PLACE_RESIDENT].bytes == !tables && !places[PLACE_STACK].bytes == !tables &&
         !places[PLACE_FAULT_STACK].bytes == !tables);
    must(tables || (!places[PLACE_TRAMPOLINE].bytes && !places[PLACE_CPU_STACKS].bytes));
    must(places[PLACE_INFORMATION].bytes - wishes->information_bytes < PAGE_BYTES);
}

/* It says which wish can't be met. */
static inline bool is_named(const struct scene *scene, const char *said)
{
    static const char *const own[] = {"boot information", "handoff",    "page tables",  "stack",
                                      "fault reporter",   "kernel.elf", "start-up page"};
    const struct wishes *wishes = &scene->attempt.wishes;

    for (uint64_t i = 0; i < wishes->region_count; i++)
        if (strncmp(said, wishes->regions[i].name, strlen(wishes->regions[i].name)) == 0)
            return true;
    for (size_t i = 0; i < ARRAY_LENGTH(own); i++)
        if (strstr(said, own[i]))
            return true;
    return false;
}

/* The region can lie where it must. */
static inline bool can_be_met(const struct scene *scene, const struct region *region)
{
    const struct wishes *wishes = &scene->attempt.wishes;
    uint64_t end, first = align_down(region->target, PAGE_BYTES);
    uint64_t last = align_up(region->target + region->bytes, PAGE_BYTES);

    if (add_wraps(region->target, region->bytes, &end) || end > UINT64_C(1) << 47 ||
        !consists_of(&scene->map, region->target, end, LINTEL_MEMORY_USABLE,
                     region->moves ? LINTEL_MEMORY_RECLAIMABLE : LINTEL_MEMORY_USABLE))
        return false;
    for (const struct region *other = wishes->regions; other < region; other++)
        if (other->fixed && other->bytes &&
            !apart(other->target, other->bytes, region->moves ? region->target : first,
                   region->moves ? region->bytes : last - first))
            return false;
    return region->moves || (end <= scene->request.reachable_end && is_free(scene, first, last));
}

static inline bool has_room(const struct scene *scene, const struct memmap *left,
                            const struct region *region)
{
    uint64_t physical;

    for (uint32_t i = 0; i < region->window_count; i++)
        if (find_left(scene, left, &region->windows[i], region->bytes, &physical))
            return true;
    return false;
}

/* A region that is refused for its size has no room in what is left. */
static inline void check_no_room(const struct scene *scene, const char *said)
{
    const struct wishes *wishes = &scene->attempt.wishes;
    struct memmap left = find_rest(scene);
    bool named = false, lacks = false;

    for (uint64_t i = 0; i < wishes->region_count; i++) {
        const struct region *region = &wishes->regions[i];
        if (region->fixed || scene->plan.places[PLACE_KERNEL + i].physical ||
            strncmp(said, region->name, strlen(region->name)) != 0)
            continue;
        named = true;
        lacks |= !has_room(scene, &left, region);
    }
    must(!named || lacks);
}

static inline uint64_t expected_cpus(const struct scene *scene);

static inline void check_refusal(const struct scene *scene, enum err err)
{
    const struct wishes *wishes = &scene->attempt.wishes;
    char said[1024];
    bool all = true;

    snprintf(said, sizeof said, "%s", err_message());
    must(err == ERR_NO_MEMORY || err == ERR_UNSUPPORTED);
    must(is_named(scene, said));
    if (strstr(said, " needs "))
        check_no_room(scene, said);
    must(!strstr(said, "start-up page") || expected_cpus(scene) > 1);
    for (uint64_t i = 0; i < wishes->region_count; i++)
        all = all && (!wishes->regions[i].fixed || !wishes->regions[i].bytes ||
                      can_be_met(scene, &wishes->regions[i]));
    must(!all || !strstr(said, "must lie at"));
}

/* ---- page tables: one to one ----------------------------------------------------------------- */

static inline struct paging begin_tables(const struct paging *paging, void *pool, uint64_t bytes)
{
    struct paging begun = *paging;

    begun.next = (uintptr_t)memset(pool, 0, bytes);
    begun.end = begun.next + bytes;
    return begun;
}

static inline void map_all(struct paging *paging, const struct mapping *mappings, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        must(paging_map(paging, &mappings[i]) == OK);
}

static inline void check_translation(const struct paging *tables, uint64_t end)
{
    for (int i = 0; i < 16; i++) {
        uint64_t at = i ? below(end) : end - 1;
        struct translation to = paging_translate(tables, at);
        must(to.present && to.physical == at && to.flags == (MAP_WRITE | MAP_EXECUTE) &&
             to.cache == CACHE_WRITE_BACK);
    }
}

/* Devices may lie far above it. */
static inline bool is_memory(enum lintel_memory_type type)
{
    return type <= LINTEL_MEMORY_ACPI_NVS || type == LINTEL_MEMORY_PERSISTENT ||
           type == LINTEL_MEMORY_EFI_RUNTIME_CODE || type == LINTEL_MEMORY_EFI_RUNTIME_DATA;
}

static inline bool is_mapped(const struct scene *scene, uint64_t physical, uint64_t bytes)
{
    return !bytes || physical + bytes <= scene->plan.mappings[0].bytes;
}

/* All memory that the CPU can address is mapped, and little more; and all that is moved. */
static inline void check_one_to_one(const struct scene *scene)
{
    const struct plan *plan = &scene->plan;
    const struct mapping *m = plan->mappings;
    uint64_t end = 4 * GIB, limit = UINT64_C(1) << MIN(scene->cpu.physical_bits, 47u);

    for (uint64_t i = 0; i < scene->map.count; i++) {
        const struct memmap_range *range = &scene->map.ranges[i];
        if (range->first < limit && is_memory(range->type))
            end = MAX(end, MIN(range->last + 1, limit));
    }
    must(plan->mapping_count == 1 && !m->virtual && !m->physical);
    must(m->bytes >= end && m->bytes - end < GIB && m->flags == (MAP_WRITE | MAP_EXECUTE));
    for (uint64_t i = 0; i < plan->place_count; i++)
        must(is_mapped(scene, plan->places[i].physical, plan->places[i].bytes) &&
             is_mapped(scene, plan->places[i].target, plan->places[i].bytes));
}

/* In 4 levels, and in one more above them for a loader that runs on 5. */
static inline void check_one_to_one_tables(const struct scene *scene)
{
    uint64_t bytes = scene->plan.places[PLACE_TABLES].bytes, end = scene->plan.mappings->bytes;
    uint8_t *pool = aligned_alloc(PAGE_BYTES, bytes);
    struct paging tables = begin_tables(&scene->plan.paging, pool, bytes);

    must(tables.levels == 4);
    map_all(&tables, scene->plan.mappings, 1);
    check_translation(&tables, end);
    if (scene->request.loader_levels == 5) {
        must(paging_raise(&tables) == OK);
        check_translation(&tables, end);
    }
    free(pool);
}

/* ---- page tables of the kernel's own --------------------------------------------------------- */

static inline enum lintel_memory_type type_at(const struct memmap *map, uint64_t physical)
{
    for (uint64_t i = 0; i < map->count; i++)
        if (physical >= map->ranges[i].first && physical <= map->ranges[i].last)
            return map->ranges[i].type;
    return 0;
}

static inline const struct mapping *mapping_at(const struct plan *plan, uint64_t virtual)
{
    for (uint64_t i = 0; i < plan->mapping_count; i++)
        if (virtual - plan->mappings[i].virtual < plan->mappings[i].bytes)
            return &plan->mappings[i];
    return NULL;
}

/* W^X, through aliases too. */
static inline void check_aliases(const struct plan *plan, const struct mapping *m)
{
    must((m->flags & (MAP_WRITE | MAP_EXECUTE)) != (MAP_WRITE | MAP_EXECUTE));
    for (uint64_t i = 0; i < plan->mapping_count && m->flags & MAP_EXECUTE; i++)
        must(!(plan->mappings[i].flags & MAP_WRITE) ||
             apart(m->physical, m->bytes, plan->mappings[i].physical, plan->mappings[i].bytes));
}

static inline void check_mappings(const struct scene *scene)
{
    const struct plan *plan = &scene->plan;

    for (uint64_t i = 0; i < plan->mapping_count; i++) {
        const struct mapping *m = &plan->mappings[i];
        must(m->bytes && (m->virtual | m->physical | m->bytes) % PAGE_BYTES == 0);
        must(m->virtual + m->bytes > m->virtual);
        must(m->virtual >= PLAN_DIRECT_MAP_5 ||
             (scene->space.identity && m->virtual == m->physical));
        must(i == 0 || m[-1].virtual + m[-1].bytes <= m->virtual);
        if (scene->space.guards_aliases)
            check_aliases(plan, m);
    }
}

static inline enum attribute colour_at(const struct scene *scene, uint64_t physical)
{
    enum lintel_memory_type type = type_at(&scene->map, physical);
    bool above = physical >= 4 * GIB;

    if (type)
        return scene->space.attribute_of(type, above);
    return above ? ATTRIBUTE_ABSENT : scene->space.gaps;
}

static inline void check_direct_map_at(const struct scene *scene, uint64_t base, uint64_t physical)
{
    enum attribute attribute = colour_at(scene, physical);
    const struct mapping *m = mapping_at(&scene->plan, base + physical);

    must(!m == (attribute == ATTRIBUTE_ABSENT));
    if (!m)
        return;
    must(m->virtual - m->physical == base);
    must(m->cache == (attribute == ATTRIBUTE_UNCACHED          ? CACHE_UNCACHED
                      : attribute == ATTRIBUTE_WRITE_COMBINING ? CACHE_WRITE_COMBINING
                                                               : CACHE_WRITE_BACK));
    must(!(m->flags & MAP_EXECUTE) == !scene->space.mixed);
    must(m->flags & MAP_WRITE || scene->space.guards_aliases);
}

static inline void check_direct_map(const struct scene *scene)
{
    for (int i = 0; i < 64; i++) {
        uint64_t physical =
            below(2) ? below(12 * GIB) : scene->map.ranges[below(scene->map.count)].first;
        check_direct_map_at(scene, scene->plan.direct_map, physical);
        if (scene->space.identity && physical >= PAGE_BYTES)
            check_direct_map_at(scene, 0, physical);
    }
    must(!scene->space.identity || !mapping_at(&scene->plan, 0));
}

/* Where aliases are guarded they allow no more than the image's own pages do. */
static inline void check_image(const struct scene *scene, const struct elf *image, uint64_t virtual,
                               uint64_t physical)
{
    const struct plan *plan = &scene->plan;

    for (uint32_t i = 0; i < image->pages_count; i++) {
        const struct elf_pages *pages = &image->pages[i];
        const struct mapping *m = mapping_at(plan, virtual + pages->offset);
        const struct mapping *alias = mapping_at(plan, plan->direct_map + physical + pages->offset);
        uint32_t writable = scene->space.guards_aliases ? pages->flags & MAP_WRITE : MAP_WRITE;
        must(m && m->flags == pages->flags);
        must(m->physical == physical + pages->offset && m->bytes == pages->bytes);
        must(alias->flags == (writable | (scene->space.mixed ? MAP_EXECUTE : 0)));
    }
}

/* In the window with a guard at both ends; else where the direct map shows it. */
static inline void check_stack(const struct scene *scene, uint64_t top, uint64_t bytes)
{
    const struct plan *plan = &scene->plan;
    const struct mapping *low = mapping_at(plan, top - bytes), *high = mapping_at(plan, top - 1);

    must(low && high && low->flags & MAP_WRITE && high->flags & MAP_WRITE);
    if (scene->space.window)
        must(low->flags == MAP_WRITE && high->flags == MAP_WRITE && !mapping_at(plan, top) &&
             !mapping_at(plan, top - bytes - 1));
}

static inline void check_stacks(const struct scene *scene)
{
    const struct plan *plan = &scene->plan;
    const struct placement *stack = &plan->places[PLACE_STACK];
    uint64_t wished = scene->attempt.wishes.stack_bytes;

    must(stack->bytes >= (wished ? wished : PLAN_DEFAULT_STACK_BYTES));
    check_stack(scene, plan->stack_top, stack->bytes);
    check_stack(scene, plan->fault_stack_top, plan->places[PLACE_FAULT_STACK].bytes);
    if (scene->space.window)
        return;
    must(plan->stack_top == plan->direct_map + end_of(stack));
    must(plan->fault_stack_top == plan->direct_map + end_of(&plan->places[PLACE_FAULT_STACK]));
}

static inline void check_choices(const struct scene *scene)
{
    const struct wishes *wishes = &scene->attempt.wishes;
    const struct plan *plan = &scene->plan;
    bool five = wishes->paging_levels == 5 && scene->cpu.features & LINTEL_CPU_LA57;

    must(plan->paging.levels == (five ? 5 : 4));
    must(five || wishes->paging_levels != 5 || !wishes->paging_required);
    must(plan->kernel_virtual == scene->kernel.first + plan->slide);
    must(plan->slide % scene->kernel.alignment == 0);
    if (!scene->kernel.relocatable || wishes->keeps_address)
        must(plan->slide == 0);
    else
        must(plan->kernel_virtual >= PLAN_SLIDE_BASE);
    must(plan->kernel_virtual >= scene->space.lowest);
}

/* ---- what the way in needs ------------------------------------------------------------------- */

static inline bool is_bridged(const struct plan *plan, uint64_t physical, uint32_t flags)
{
    for (uint64_t i = 0; i < plan->bridge_count; i++)
        if (physical - plan->bridge[i].physical < plan->bridge[i].bytes)
            return plan->bridge[i].virtual == plan->bridge[i].physical &&
                   plan->bridge[i].flags == flags;
    return false;
}

static inline void check_handoff(const struct scene *scene)
{
    const struct plan *plan = &scene->plan;
    const struct placement *handoff = &plan->places[PLACE_HANDOFF];
    const struct mapping *state = mapping_at(plan, plan->handoff_virtual);
    const struct mapping *program = mapping_at(plan, plan->handoff_virtual + handoff->bytes - 1);

    must(state && state->flags & MAP_WRITE);
    must(plan->handoff_virtual - state->virtual + state->physical == handoff->physical);
    must(program && program->flags & MAP_EXECUTE);
    must(is_bridged(plan, handoff->physical, MAP_WRITE));
    must(is_bridged(plan, end_of(handoff) - 1, MAP_EXECUTE));
    must(is_bridged(plan, scene->request.loader_code, MAP_EXECUTE));
    must(is_bridged(plan, align_down(scene->request.loader_code, PAGE_BYTES) + PAGE_BYTES,
                    MAP_EXECUTE));
}

/* All that were asked for, or none: without a page to start them in. */
static inline uint64_t expected_cpus(const struct scene *scene)
{
    uint64_t place, wished = scene->attempt.wishes.cpu_count;

    return wished > 1 && memmap_find_highest(&scene->free, PAGE_BYTES, PAGE_BYTES, PAGE_BYTES,
                                             PLAN_LOW_END, &place) == OK
               ? wished
               : 1;
}

static inline void check_start_up_page(const struct scene *scene)
{
    const struct plan *plan = &scene->plan;
    uint64_t page = plan->places[PLACE_TRAMPOLINE].physical;
    const struct mapping *there = mapping_at(plan, plan->trampoline_virtual);

    must(plan->places[PLACE_TRAMPOLINE].bytes == PAGE_BYTES);
    must(there && plan->trampoline_virtual - there->virtual + there->physical == page);
    must(there->flags == (MAP_EXECUTE | (scene->space.window ? 0 : MAP_WRITE)));
    if (scene->space.guards_aliases)
        must(mapping_at(plan, plan->direct_map + page)->flags == 0);
    must(is_bridged(plan, page, MAP_EXECUTE));
    must(is_bridged(plan, PLAN_LOCAL_APIC, MAP_WRITE) == scene->space.local_apic);
}

/* Each stack's memory begins where the one before ends. */
static inline void check_cpu_stack(const struct scene *scene, uint64_t top, uint64_t bytes,
                                   uint64_t *physical)
{
    const struct mapping *m = mapping_at(&scene->plan, top - bytes);

    check_stack(scene, top, bytes);
    must(top - bytes - m->virtual + m->physical == *physical);
    *physical += bytes;
}

static inline void check_cpus(const struct scene *scene)
{
    const struct plan *plan = &scene->plan;
    uint64_t physical = plan->places[PLACE_CPU_STACKS].physical;

    must(plan->cpu_count == expected_cpus(scene));
    must(!plan->places[PLACE_CPU_STACKS].bytes == (plan->cpu_count == 1));
    for (uint64_t i = 1; i < plan->cpu_count; i++) {
        check_cpu_stack(scene, plan_cpu_stack_top(plan, i), scene->attempt.wishes.cpu_stack_bytes,
                        &physical);
        check_cpu_stack(scene, plan_cpu_fault_stack_top(plan, i), PLAN_CPU_FAULT_BYTES, &physical);
    }
    must(physical <= end_of(&plan->places[PLACE_CPU_STACKS]));
    if (plan->cpu_count > 1)
        check_start_up_page(scene);
    else
        must(!plan->places[PLACE_TRAMPOLINE].bytes);
}

/* ---- the tables hold it all ------------------------------------------------------------------ */

/* The map of the last moment has the plan's places in it. */
static inline void make_later_map(const struct scene *scene, struct memmap *later)
{
    memmap_copy(later, &scene->map);
    for (uint64_t i = 0; i < scene->plan.place_count; i++)
        scene_add_memory(later, scene->plan.places[i].target, scene->plan.places[i].bytes,
                         scene->plan.places[i].type);
    must(memmap_normalise(later) == OK);
}

/* Builds the tables in the pool that was planned for; returns how many pages are left. */
static inline uint64_t build_tables(const struct scene *scene)
{
    const struct plan *plan = &scene->plan;
    uint64_t bytes = plan->places[PLACE_TABLES].bytes;
    uint8_t *pool = aligned_alloc(PAGE_BYTES, bytes);
    struct paging tables = begin_tables(&plan->paging, pool, bytes);

    map_all(&tables, plan->mappings, plan->mapping_count);
    if (!scene->space.identity)
        map_all(&tables, plan->bridge, plan->bridge_count);
    struct paging bridge = {
        .levels = scene->request.loader_levels, .next = tables.next, .end = tables.end};
    map_all(&bridge, plan->bridge, plan->bridge_count);
    free(pool);
    return (bridge.end - bridge.next) / PAGE_BYTES;
}

#define SPARE_PAGES 48 /* for what is not known yet */

/* Also with a framebuffer that was not known then. */
static inline void check_kernel_tables(struct scene *scene)
{
    static struct memmap_range ranges[2 * SCENE_RANGES];
    struct memmap later = {.ranges = ranges, .capacity = ARRAY_LENGTH(ranges)};
    struct lintel_framebuffer fb = {.base_physical = below(8 * GIB), .bytes = 1 + below(64 * MIB)};
    struct plan *plan = &scene->plan;

    must(build_tables(scene) >= SPARE_PAGES);
    make_later_map(scene, &later);
    must(plan_map(&scene->request, &later, &fb, &scene->machine.arena, plan) == OK);
    build_tables(scene);
    enum lintel_memory_type there = type_at(&later, fb.base_physical);
    if (there != LINTEL_MEMORY_KERNEL && there != LINTEL_MEMORY_RECLAIMABLE)
        must(mapping_at(plan, plan->direct_map + fb.base_physical)->cache == CACHE_WRITE_COMBINING);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static inline void check_for_kernel_tables(const struct scene *scene)
{
    const struct plan *plan = &scene->plan;

    check_mappings(scene);
    check_direct_map(scene);
    check_image(scene, &scene->kernel, plan->kernel_virtual, plan->places[PLACE_KERNEL].physical);
    if (scene->space.window)
        check_image(scene, &scene->resident, plan->resident_virtual,
                    plan->places[PLACE_RESIDENT].physical);
    check_stacks(scene);
    check_choices(scene);
    check_handoff(scene);
    check_cpus(scene);
}

static inline void check_plan(const struct scene *scene)
{
    check_regions(scene);
    check_own(scene);
    check_places(scene);
    check_all_windows(scene);
    check_reservations(scene);
    if (scene->attempt.wishes.mode == ENTRY_KERNEL_TABLES)
        check_for_kernel_tables(scene);
    else if (!entry_keeps_firmware(scene->attempt.wishes.mode))
        check_one_to_one(scene);
}

/* Builds them: to be done last, and now and then. */
static inline void check_tables(struct scene *scene)
{
    if (scene->attempt.wishes.mode == ENTRY_KERNEL_TABLES)
        check_kernel_tables(scene);
    else if (!entry_keeps_firmware(scene->attempt.wishes.mode))
        check_one_to_one_tables(scene);
}
