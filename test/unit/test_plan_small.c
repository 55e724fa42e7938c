/* plan_build() on one small machine, changed by a little: what it refuses, and where a kernel lands
 * that chooses its place. */
#include "test/unit/plan_scene.h"

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
    assert_non_null(strstr(err_message(), "small.elf: linked at 100000h to 101000h"));
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
    assert_no_place(ERR_UNSUPPORTED, "p_paddr 200010h and 202000h");
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
        {0x10, "asks for physical 0h to 1000h, but 0h is reserved"},
        {64 * MIB + 0x10, "but 4000000h is no memory"},
        {8 * MIB + 0x10, "but 800000h is ACPI NVS"},
        {16 * MIB + 0x10, "but 1000000h is the loader's own until the kernel runs"},
        {5 * GIB + 0x10, "but 100000000h is out of the loader's reach"},
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
    assert_no_place(ERR_NO_MEMORY, "but 800000h is ACPI NVS");
    small.kernel_segments[0].physical = 64 * MIB - PAGE_BYTES + 0x10;
    assert_no_place(ERR_NO_MEMORY, "but 4000000h is no memory");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_small, free_granted)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(plans_a_small_machine),
        TEST(boots_one_cpu_without_low_memory),
        TEST(refuses_a_module_larger_than_memory),
        TEST(refuses_a_kernel_in_the_lower_half),
        TEST(refuses_a_kernel_in_the_window),
        TEST(refuses_five_levels_without_the_cpu),
        TEST(places_a_kernel_as_its_file_says),
        TEST(refuses_segments_at_odd_distances),
        TEST(refuses_a_place_that_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
