/* Invariants of plan_build() on random machines and random kernels: whatever comes in, either every
 * promise holds or an error with a message comes out. */
#include "common/lib/mem.h"
#include "common/plan.h"
#include "common/proto/lintel/lintel.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ROUNDS 40000

static uint64_t seed = 1;

static uint64_t random64(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * UINT64_C(0x2545f4914f6cdd1d);
}

static uint64_t below(uint64_t limit)
{
    return random64() % limit;
}

static void *granted[64];
static size_t granted_count;

static enum err grow(uint64_t pages, uint64_t *physical)
{
    void *memory = aligned_alloc(PAGE_BYTES, pages * PAGE_BYTES);
    assert_in_range(granted_count, 0, ARRAY_LENGTH(granted) - 1);
    granted[granted_count++] = memset(memory, 0, pages * PAGE_BYTES);
    *physical = (uintptr_t)memory;
    return OK;
}

static int free_granted(void **state)
{
    (void)state;
    while (granted_count)
        free(granted[--granted_count]);
    return 0;
}

/* ---- random input ---------------------------------------------------------------------------- */

struct scene {
    struct memmap_range ranges[400], free_ranges[400];
    struct memmap map, free;
    struct lintel_cpu cpu;
    struct elf kernel, resident;
    struct source kernel_source;
    struct elf_pages kernel_pages[6], resident_pages[3];
    struct elf_segment kernel_segments[2];
    struct plan_module modules[4];
    struct plan_request request;
};

static void random_map(struct scene *scene)
{
    struct memmap *map = &scene->map;
    *map = (struct memmap){.ranges = scene->ranges, .capacity = ARRAY_LENGTH(scene->ranges)};
    uint64_t top = (16 + below(8192)) * MIB;
    assert_int_equal(memmap_insert(map, 0, MIN(top, 3 * GIB), LINTEL_MEMORY_USABLE), OK);
    if (top > 3 * GIB)
        assert_int_equal(memmap_insert(map, 4 * GIB, top - 3 * GIB, LINTEL_MEMORY_USABLE), OK);
    for (uint64_t i = below(24); i; i--)
        assert_int_equal(memmap_insert(map, below(top) & ~below(8192), 1 + below(64 * MIB),
                                       1 + below(LINTEL_MEMORY_TYPES - 1)),
                         OK);
    assert_int_equal(memmap_normalise(map), OK);
    scene->free = *map;
    scene->free.ranges = scene->free_ranges;
    memcpy(scene->free_ranges, scene->ranges, sizeof scene->ranges);
    for (uint64_t i = below(8); i; i--)
        assert_int_equal(
            memmap_overlay(&scene->free, below(top), 1 + below(16 * MIB), LINTEL_MEMORY_RESERVED),
            OK);
    assert_int_equal(memmap_normalise(&scene->free), OK);
}

static void random_pages(struct elf *elf, struct elf_pages *pages, uint32_t count,
                         uint64_t most_bytes)
{
    static const uint32_t flags[] = {0, MAP_WRITE, MAP_EXECUTE};
    uint64_t offset = 0;
    elf->pages = pages;
    elf->pages_count = count;
    for (uint32_t i = 0; i < count; i++) {
        offset += below(3) * PAGE_BYTES * (i != 0);
        pages[i] = (struct elf_pages){offset, (1 + below(most_bytes / PAGE_BYTES)) * PAGE_BYTES,
                                      flags[below(3)]};
        offset += pages[i].bytes;
    }
    elf->end = elf->first + offset;
    elf->entry = elf->first;
    elf->alignment = PAGE_BYTES << below(12);
}

static void random_kernel(struct scene *scene)
{
    static const uint64_t addresses[] = {UINT64_C(0xffffffff80000000),
                                         UINT64_C(0xffff900000000000),
                                         UINT64_C(0xffffffffc0123000),
                                         0x100000,
                                         PLAN_WINDOW,
                                         PLAN_DIRECT_MAP_4,
                                         0};
    struct elf *kernel = &scene->kernel;
    kernel->source = &scene->kernel_source;
    kernel->first = addresses[below(10) % ARRAY_LENGTH(addresses)];
    kernel->relocatable = below(2);
    kernel->has_request = true;
    kernel->request = (struct lintel_request){
        .abi_version = 1,
        .flags = random64() & LINTEL_REQUEST_FLAGS_KNOWN,
        .stack_bytes = below(3) ? below(16 * MIB + 1) : 0,
        .paging_levels = below(3) ? 4 : 5,
    };
    if (below(8))
        kernel->request.flags &= ~LINTEL_REQUEST_PHYSICAL;
    random_pages(kernel, scene->kernel_pages, 1 + below(6), below(4) ? 64 * KIB : 64 * MIB);
    scene->kernel_segments[0] = (struct elf_segment){
        .virtual = kernel->first, .physical = align_down(below(5 * GIB), PAGE_BYTES)};
    kernel->segments = scene->kernel_segments;
    kernel->segment_count = 1;
}

static void random_scene(struct scene *scene)
{
    static const struct source name = {.name = "random.elf"};
    memset(scene, 0, sizeof *scene);
    random_map(scene);
    scene->kernel_source = name;
    random_kernel(scene);
    scene->resident.source = &scene->kernel_source;
    random_pages(&scene->resident, scene->resident_pages, 3, 16 * KIB);
    scene->cpu.features = (uint32_t)random64();
    for (size_t i = 0; i < ARRAY_LENGTH(scene->modules); i++)
        scene->modules[i] = (struct plan_module){"module", below(4) ? below(300 * MIB) : 0};
    scene->request = (struct plan_request){
        .rules = &lintel_rules.plan,
        .cpu = &scene->cpu,
        .map = &scene->map,
        .free = &scene->free,
        .reachable_end = below(2) ? 4 * GIB : 16 * GIB,
        .kernel = &scene->kernel,
        .resident = &scene->resident,
        .modules = scene->modules,
        .module_count = below(ARRAY_LENGTH(scene->modules) + 1),
        .info_bytes = 1 + below(MIB),
        .cpu_count = below(5) * below(2) + below(200) * !below(200),
        .cpu_stack_bytes = (1 + below(8)) * PAGE_BYTES,
        .random = random64(),
        .loader_levels = 4 + below(2),
        .loader_code = below(4 * GIB),
    };
}

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

/* ---- refusals -------------------------------------------------------------------------------- */

static struct scene small;
static struct arena small_arena;

static enum err plan_small(void)
{
    struct plan plan;
    return plan_build(&small.request, &small_arena, &plan);
}

static int make_small(void **state)
{
    (void)state;
    memset(&small, 0, sizeof small);
    small.map = (struct memmap){.ranges = small.ranges, .capacity = ARRAY_LENGTH(small.ranges)};
    assert_int_equal(memmap_insert(&small.map, 0, 64 * MIB, LINTEL_MEMORY_USABLE), OK);
    assert_int_equal(memmap_normalise(&small.map), OK);
    small.kernel_source.name = "small.elf";
    small.kernel.source = small.resident.source = &small.kernel_source;
    small.kernel_pages[0] = small.resident_pages[0] =
        (struct elf_pages){0, PAGE_BYTES, MAP_EXECUTE};
    small.kernel = (struct elf){.source = &small.kernel_source,
                                .first = PLAN_SLIDE_BASE,
                                .entry = PLAN_SLIDE_BASE,
                                .end = PLAN_SLIDE_BASE + PAGE_BYTES,
                                .pages = small.kernel_pages,
                                .pages_count = 1,
                                .segments = small.kernel_segments,
                                .segment_count = 1,
                                .alignment = PAGE_BYTES};
    small.kernel_segments[0] =
        (struct elf_segment){.virtual = PLAN_SLIDE_BASE + 0x10, .physical = 2 * MIB + 0x10};
    small.resident = (struct elf){.source = &small.kernel_source,
                                  .end = PAGE_BYTES,
                                  .pages = small.resident_pages,
                                  .pages_count = 1,
                                  .alignment = PAGE_BYTES};
    small.request = (struct plan_request){.rules = &lintel_rules.plan,
                                          .cpu = &small.cpu,
                                          .map = &small.map,
                                          .free = &small.map,
                                          .reachable_end = 4 * GIB,
                                          .kernel = &small.kernel,
                                          .resident = &small.resident,
                                          .modules = small.modules,
                                          .info_bytes = 1,
                                          .loader_levels = 4,
                                          .loader_code = 0x8000};
    arena_begin(&small_arena, grow);
    return 0;
}

static void plans_a_small_machine(void **state)
{
    (void)state;
    assert_int_equal(plan_small(), OK);
}

static void boots_one_cpu_without_low_memory(void **state)
{
    struct plan plan;
    (void)state;
    assert_int_equal(memmap_overlay(&small.map, 0, PLAN_LOW_END, LINTEL_MEMORY_RESERVED), OK);
    small.request.cpu_count = 4;
    assert_int_equal(plan_build(&small.request, &small_arena, &plan), OK);
    assert_int_equal(plan.cpu_count, 1);
    assert_int_equal(plan.places[PLACE_CPU_STACKS].bytes, 0);
}

static void refuses_a_module_larger_than_memory(void **state)
{
    (void)state;
    small.modules[0] = (struct plan_module){"/boot/huge", 100 * MIB};
    small.request.module_count = 1;
    assert_int_equal(plan_small(), ERR_NO_MEMORY);
    assert_non_null(strstr(err_message(), "/boot/huge needs 102400 KiB"));
    assert_non_null(strstr(err_message(), "65532 KiB"));
}

static void refuses_a_kernel_in_the_lower_half(void **state)
{
    (void)state;
    small.kernel.first = small.kernel.entry = 0x100000;
    small.kernel.end = 0x101000;
    assert_int_equal(plan_small(), ERR_UNSUPPORTED);
    assert_non_null(strstr(err_message(), "small.elf: linked at 100000 to 101000"));
}

static void refuses_a_kernel_in_the_window(void **state)
{
    (void)state;
    small.kernel.first = small.kernel.entry = PLAN_WINDOW + MIB;
    small.kernel.end = small.kernel.first + PAGE_BYTES;
    assert_int_equal(plan_small(), ERR_UNSUPPORTED);
    assert_non_null(strstr(err_message(), "window"));
}

static void refuses_five_levels_without_the_cpu(void **state)
{
    (void)state;
    small.kernel.request =
        (struct lintel_request){.flags = LINTEL_REQUEST_PAGING_MUST, .paging_levels = 5};
    assert_int_equal(plan_small(), ERR_UNSUPPORTED);
    assert_non_null(strstr(err_message(), "5-level"));
}

/* ---- a place of the kernel's own choice ------------------------------------------------------ */

static void assert_no_place(enum err err, const char *message)
{
    small.kernel.request.flags = LINTEL_REQUEST_PHYSICAL;
    assert_int_equal(plan_small(), err);
    if (!strstr(err_message(), message))
        fail_msg("\"%s\" lacks \"%s\"", err_message(), message);
}

static void places_a_kernel_as_its_file_says(void **state)
{
    struct plan plan;
    (void)state;
    small.kernel.request.flags = LINTEL_REQUEST_PHYSICAL;
    assert_int_equal(plan_build(&small.request, &small_arena, &plan), OK);
    assert_int_equal(plan.places[PLACE_KERNEL].physical, 2 * MIB);
    small.kernel.request.flags = 0;
    assert_int_equal(plan_build(&small.request, &small_arena, &plan), OK);
    assert_true(plan.places[PLACE_KERNEL].physical > 32 * MIB);
}

static void refuses_segments_at_odd_distances(void **state)
{
    (void)state;
    small.kernel.segment_count = 2;
    small.kernel_segments[1] =
        (struct elf_segment){.virtual = PLAN_SLIDE_BASE + 0x1000, .physical = 2 * MIB + 0x2000};
    assert_no_place(ERR_UNSUPPORTED, "p_paddr 200010 and 202000");
    small.kernel.segment_count = 1;
    small.kernel_segments[0].physical++;
    assert_no_place(ERR_UNSUPPORTED, "not whole pages");
    small.kernel_segments[0].physical = UINT64_C(0xfffffffffffff010);
    assert_no_place(ERR_UNSUPPORTED, "not whole pages");
}

static void refuses_a_place_that_is_taken(void **state)
{
    static const struct {
        uint64_t physical;
        const char *message;
    } rows[] = {
        {0x10, "asks for physical 0 to 1000, but 0 is reserved"},
        {64 * MIB + 0x10, "but 4000000 is no memory"},
        {8 * MIB + 0x10, "but 800000 is ACPI NVS"},
        {16 * MIB + 0x10, "but 1000000 is the loader's own until the kernel runs"},
        {5 * GIB + 0x10, "but 100000000 is out of the loader's reach"},
    };
    (void)state;
    assert_int_equal(memmap_overlay(&small.map, 8 * MIB, PAGE_BYTES, LINTEL_MEMORY_ACPI_NVS), OK);
    assert_int_equal(memmap_overlay(&small.map, 5 * GIB, GIB, LINTEL_MEMORY_USABLE), OK);
    small.free = small.map;
    small.free.ranges = memcpy(small.free_ranges, small.ranges, sizeof small.ranges);
    small.request.free = &small.free;
    assert_int_equal(memmap_overlay(&small.free, 16 * MIB, MIB, LINTEL_MEMORY_RESERVED), OK);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        small.kernel_segments[0].physical = rows[i].physical;
        assert_no_place(ERR_NO_MEMORY, rows[i].message);
    }
    small.kernel.end = PLAN_SLIDE_BASE + 4 * PAGE_BYTES; /* runs into what is taken */
    small.kernel_segments[0].physical = 8 * MIB - 2 * PAGE_BYTES + 0x10;
    assert_no_place(ERR_NO_MEMORY, "but 800000 is ACPI NVS");
    small.kernel_segments[0].physical = 64 * MIB - PAGE_BYTES + 0x10;
    assert_no_place(ERR_NO_MEMORY, "but 4000000 is no memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(random_machines, free_granted),
        cmocka_unit_test_setup_teardown(plans_a_small_machine, make_small, free_granted),
        cmocka_unit_test_setup_teardown(boots_one_cpu_without_low_memory, make_small, free_granted),
        cmocka_unit_test_setup_teardown(refuses_a_module_larger_than_memory, make_small,
                                        free_granted),
        cmocka_unit_test_setup_teardown(refuses_a_kernel_in_the_lower_half, make_small,
                                        free_granted),
        cmocka_unit_test_setup_teardown(refuses_a_kernel_in_the_window, make_small, free_granted),
        cmocka_unit_test_setup_teardown(places_a_kernel_as_its_file_says, make_small, free_granted),
        cmocka_unit_test_setup_teardown(refuses_segments_at_odd_distances, make_small,
                                        free_granted),
        cmocka_unit_test_setup_teardown(refuses_a_place_that_is_taken, make_small, free_granted),
        cmocka_unit_test_setup_teardown(refuses_five_levels_without_the_cpu, make_small,
                                        free_granted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
