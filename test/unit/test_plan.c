/* Invariants of plan_build() on random machines and random kernels: whatever comes in, either every
 * promise holds or an error with a message comes out. */
#include "test/unit/plan_scene.h"

#define ROUNDS 40000

/* ---- what must hold -------------------------------------------------------------------------- */

static enum lintel_memory_type type_at(const struct memmap *map, uint64_t physical)
{
    for (uint64_t i = 0; i < map->count; i++)
        if (physical >= map->ranges[i].first && physical <= map->ranges[i].last)
            return map->ranges[i].type;
    return 0;
}

static bool wholly_usable(const struct memmap *map, uint64_t physical, uint64_t bytes)
{
    for (uint64_t i = 0; i < map->count; i++)
        if (map->ranges[i].type == LINTEL_MEMORY_USABLE && physical >= map->ranges[i].first &&
            physical + bytes - 1 <= map->ranges[i].last)
            return true;
    return false;
}

static void check_limits(const struct scene *scene, const struct plan *plan, uint64_t i)
{
    const struct placement *place = &plan->places[i];
    bool wished = i == PLACE_KERNEL && scene->kernel.request.flags & LINTEL_REQUEST_PHYSICAL;
    uint64_t end = wished || i >= PLACE_MODULES ? scene->request.reachable_end : 4 * GIB;
    assert_true(place->physical + place->bytes <= end);
    if (wished)
        assert_int_equal(place->physical, scene->kernel_segments[0].physical);
    else if (i == PLACE_TRAMPOLINE)
        assert_in_range(place->physical, PAGE_BYTES, PLAN_LOW_END - PAGE_BYTES);
    else
        assert_true(place->physical >= MIB);
}

static void check_places(const struct scene *scene, const struct plan *plan)
{
    for (uint64_t i = 0; i < plan->place_count; i++) {
        const struct placement *a = &plan->places[i];
        if (!a->bytes)
            continue;
        check_limits(scene, plan, i);
        assert_int_equal(a->physical % PAGE_BYTES, 0);
        assert_int_equal(a->bytes % PAGE_BYTES, 0);
        assert_true(wholly_usable(&scene->free, a->physical, a->bytes));
        for (uint64_t k = 0; k < i; k++) {
            const struct placement *b = &plan->places[k];
            assert_true(!b->bytes || a->physical + a->bytes <= b->physical ||
                        b->physical + b->bytes <= a->physical);
        }
    }
}

static void check_mappings(const struct plan *plan)
{
    for (uint64_t i = 0; i < plan->mapping_count; i++) {
        const struct mapping *m = &plan->mappings[i];
        assert_true(m->bytes && (m->virtual | m->physical | m->bytes) % PAGE_BYTES == 0);
        assert_true(m->virtual >= PLAN_DIRECT_MAP_5);
        assert_true((m->flags & (MAP_WRITE | MAP_EXECUTE)) != (MAP_WRITE | MAP_EXECUTE));
        assert_true(m->virtual + m->bytes > m->virtual);
        assert_true(i == 0 ||
                    plan->mappings[i - 1].virtual + plan->mappings[i - 1].bytes <= m->virtual);
        for (uint64_t k = 0; k < plan->mapping_count; k++) { /* W^X through aliases too */
            const struct mapping *other = &plan->mappings[k];
            bool same_memory = m->physical < other->physical + other->bytes &&
                               other->physical < m->physical + m->bytes;
            assert_false(same_memory && m->flags & MAP_EXECUTE && other->flags & MAP_WRITE);
        }
    }
}

static const struct mapping *mapping_at(const struct plan *plan, uint64_t virtual)
{
    for (uint64_t i = 0; i < plan->mapping_count; i++)
        if (virtual - plan->mappings[i].virtual < plan->mappings[i].bytes)
            return &plan->mappings[i];
    return NULL;
}

static void check_direct_map(const struct scene *scene, const struct plan *plan)
{
    for (int i = 0; i < 64; i++) {
        uint64_t physical =
            below(2) ? below(12 * GIB) : scene->map.ranges[below(scene->map.count)].first;
        const struct mapping *m = mapping_at(plan, plan->direct_map + physical);
        enum lintel_memory_type type = type_at(&scene->map, physical);
        bool device = !type || type == LINTEL_MEMORY_RESERVED || type == LINTEL_MEMORY_MMIO;
        bool absent = type == LINTEL_MEMORY_BAD || (device && physical >= 4 * GIB);
        assert_int_equal(!m, absent);
        if (absent)
            continue;
        assert_int_equal(m->virtual - m->physical, plan->direct_map);
        assert_int_equal(m->cache, device                              ? CACHE_UNCACHED
                                   : type == LINTEL_MEMORY_FRAMEBUFFER ? CACHE_WRITE_COMBINING
                                                                       : CACHE_WRITE_BACK);
        assert_false(m->flags & MAP_EXECUTE);
    }
}

static void check_image(const struct plan *plan, const struct elf *image, uint64_t virtual,
                        uint64_t physical)
{
    for (uint32_t i = 0; i < image->pages_count; i++) {
        const struct mapping *m = mapping_at(plan, virtual + image->pages[i].offset);
        assert_non_null(m);
        assert_int_equal(m->flags, image->pages[i].flags);
        assert_int_equal(m->physical, physical + image->pages[i].offset);
        assert_int_equal(m->bytes, image->pages[i].bytes);
        const struct mapping *alias = mapping_at(plan, plan->direct_map + m->physical);
        assert_int_equal(alias->flags, image->pages[i].flags & MAP_WRITE);
    }
}

static void check_stack(const struct plan *plan, uint64_t top, uint64_t bytes)
{
    assert_int_equal(mapping_at(plan, top - bytes)->flags, MAP_WRITE);
    assert_int_equal(mapping_at(plan, top - 1)->flags, MAP_WRITE);
    assert_null(mapping_at(plan, top));
    assert_null(mapping_at(plan, top - bytes - 1));
}

/* All that were asked for, or none: without a page to start them in. */
static void check_cpus(const struct scene *scene, const struct plan *plan)
{
    const struct placement *page = &plan->places[PLACE_TRAMPOLINE];
    uint64_t place;
    bool wanted =
        scene->request.cpu_count > 1 && memmap_find_highest(&scene->free, PAGE_BYTES, PAGE_BYTES,
                                                            PAGE_BYTES, PLAN_LOW_END, &place) == OK;
    assert_int_equal(plan->cpu_count, wanted ? scene->request.cpu_count : 1);
    assert_int_equal(page->bytes, wanted ? PAGE_BYTES : 0);
    for (uint64_t i = 1; i < plan->cpu_count; i++) {
        check_stack(plan, plan_cpu_stack_top(plan, i), scene->request.cpu_stack_bytes);
        check_stack(plan, plan_cpu_fault_stack_top(plan, i), PLAN_CPU_FAULT_BYTES);
    }
    if (!wanted)
        return;
    const struct mapping *there = mapping_at(plan, plan->trampoline_virtual);
    assert_int_equal(there->physical, page->physical);
    assert_int_equal(there->flags, MAP_EXECUTE);
    assert_int_equal(mapping_at(plan, plan->direct_map + page->physical)->flags, 0);
    bool one_to_one = false;
    for (uint64_t i = 0; i < plan->bridge_count; i++)
        one_to_one |= plan->bridge[i].virtual == page->physical &&
                      plan->bridge[i].physical == page->physical &&
                      plan->bridge[i].flags == MAP_EXECUTE;
    assert_true(one_to_one);
}

static void check_wishes(const struct scene *scene, const struct plan *plan)
{
    const struct lintel_request *wish = &scene->kernel.request;
    uint64_t stack = wish->stack_bytes ? wish->stack_bytes : PLAN_DEFAULT_STACK_BYTES;
    assert_true(plan->places[PLACE_STACK].bytes >= stack);
    assert_int_equal(plan->paging.levels,
                     wish->paging_levels == 5 && scene->cpu.features & LINTEL_CPU_LA57 ? 5 : 4);
    bool fixed = !scene->kernel.relocatable || wish->flags & LINTEL_REQUEST_NO_SLIDE;
    assert_int_equal(plan->kernel_virtual, scene->kernel.first + plan->slide);
    assert_int_equal(plan->slide % scene->kernel.alignment, 0);
    if (fixed)
        assert_int_equal(plan->slide, 0);
    else
        assert_true(plan->kernel_virtual >= PLAN_SLIDE_BASE);
}

/* The pool that was planned for must hold the tables, with a framebuffer that was not known
 * then. */
static void check_tables(const struct scene *scene, struct arena *arena, struct plan *plan)
{
    struct lintel_framebuffer fb = {.base_physical = below(8 * GIB), .bytes = 1 + below(64 * MIB)};
    uint64_t bytes = plan->places[PLACE_TABLES].bytes;
    uint8_t *tables = aligned_alloc(PAGE_BYTES, bytes);
    assert_int_equal(plan_map(&scene->request, &scene->map, &fb, arena, plan), OK);
    struct paging paging = plan->paging;
    paging.next = (uintptr_t)memset(tables, 0, bytes);
    paging.end = paging.next + bytes;
    for (uint64_t i = 0; i < plan->mapping_count; i++)
        assert_int_equal(paging_map(&paging, &plan->mappings[i]), OK);
    for (uint64_t i = 0; i < plan->bridge_count; i++)
        assert_int_equal(paging_map(&paging, &plan->bridge[i]), OK);
    struct paging bridge = {
        .levels = scene->request.loader_levels, .next = paging.next, .end = paging.end};
    for (uint64_t i = 0; i < plan->bridge_count; i++)
        assert_int_equal(paging_map(&bridge, &plan->bridge[i]), OK);
    free(tables);
}

static void random_machines(void **state)
{
    (void)state;
    static struct scene scene;
    struct arena arena;
    uint64_t planned = 0, refused = 0;
    arena_begin(&arena, grow);
    struct arena_mark mark = arena_mark(&arena);
    for (int round = 0; round < ROUNDS; round++) {
        struct plan plan;
        arena_reset(&arena, mark);
        random_scene(&scene);
        (fail)(OK, "nothing"); /* cmocka has a macro of that name */
        enum err err = plan_build(&scene.request, &arena, &plan);
        if (err != OK) {
            assert_true(err == ERR_NO_MEMORY || err == ERR_UNSUPPORTED);
            assert_string_not_equal(err_message(), "nothing");
            refused++;
            continue;
        }
        planned++;
        check_places(&scene, &plan);
        check_mappings(&plan);
        check_direct_map(&scene, &plan);
        check_image(&plan, &scene.kernel, plan.kernel_virtual, plan.places[PLACE_KERNEL].physical);
        check_image(&plan, &scene.resident, plan.resident_virtual,
                    plan.places[PLACE_RESIDENT].physical);
        check_stack(&plan, plan.stack_top, plan.places[PLACE_STACK].bytes);
        check_stack(&plan, plan.fault_stack_top, plan.places[PLACE_FAULT_STACK].bytes);
        check_cpus(&scene, &plan);
        check_wishes(&scene, &plan);
        if (round % 8 == 0)
            check_tables(&scene, &arena, &plan);
    }
    assert_true(planned > ROUNDS / 4);
    assert_true(refused > ROUNDS / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(random_machines, free_granted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
