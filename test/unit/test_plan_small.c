/* plan_build() on one small machine, changed by a little: what it refuses, and where a kernel lands
 * that chooses its place. */
#include "test/unit/elf_builder.h"
#include "test/unit/plan_scene.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct scene small;
static struct wishes *const wishes = &small.attempt.wishes;

static enum err plan_small(void)
{
    return scene_plan(&small);
}

static void refuse(enum err err, const char *message)
{
    assert_int_equal(plan_small(), err);
    if (!strstr(err_message(), message))
        fail_msg("\"%s\" lacks \"%s\"", err_message(), message);
}

static int make_small(void **state)
{
    (void)state;
    arena_begin(&small.machine.arena, grow);
    scene_begin(&small);
    scene_add_memory(&small.map, 0, 64 * MIB, LINTEL_MEMORY_USABLE);
    scene_end_map(&small);
    small.kernel_reader.name = "small.elf";
    scene_small_image(&small.kernel, PLAN_SLIDE_BASE);
    scene_small_image(&small.resident, 0);
    assert_int_equal(upper_half_begin(&small.attempt, &small.kernel, 1), OK);
    wishes->space = &lintel_space;
    wishes->information_bytes = 1;
    return 0;
}

static void plans_a_small_machine(void **state)
{
    (void)state;
    assert_int_equal(plan_small(), OK);
}

static void boots_one_cpu_without_low_memory(void **state)
{
    (void)state;
    scene_add_memory(&small.map, 0, PLAN_LOW_END, LINTEL_MEMORY_RESERVED);
    scene_end_map(&small);
    wishes->cpu_count = 4;
    assert_int_equal(plan_small(), OK);
    assert_int_equal(small.plan.cpu_count, 1);
    assert_int_equal(small.plan.places[PLACE_CPU_STACKS].bytes, 0);
}

static void refuses_a_module_larger_than_memory(void **state)
{
    static const struct reader huge = {.name = "/boot/huge", .bytes = 100 * MIB};
    (void)state;
    assert_int_equal(upper_half_add_module(&small.attempt, huge.name, &huge), OK);
    refuse(ERR_NO_MEMORY, "/boot/huge needs 102400 KiB");
    assert_non_null(strstr(err_message(), "64512 KiB")); /* from 1 MiB on */
}

static void refuses_a_kernel_in_the_lower_half(void **state)
{
    (void)state;
    scene_small_image(&small.kernel, 0x100000);
    refuse(ERR_UNSUPPORTED, "small.elf: linked at 100000h to 101000h");
}

static void refuses_a_kernel_in_the_window(void **state)
{
    (void)state;
    scene_small_image(&small.kernel, PLAN_WINDOW + MIB);
    refuse(ERR_UNSUPPORTED, "window");
}

static void refuses_five_levels_without_the_cpu(void **state)
{
    (void)state;
    wishes->paging_levels = 5;
    assert_int_equal(plan_small(), OK);
    wishes->paging_required = true;
    refuse(ERR_UNSUPPORTED, "5-level");
}

/* ---- a place of the kernel's own choice ------------------------------------------------------ */

static const uint64_t link = PLAN_SLIDE_BASE;

/* A kernel of two segments, at these physical addresses if the note asks for them. */
static enum err open_kernel(uint32_t flags, uint64_t physical, uint64_t second)
{
    static const struct entry entry = {.options = (char *)""};
    struct built_note note = built_note();

    build_begin(ET_EXEC);
    build_program(PT_LOAD, PF_X, link + 0x10, "code", 4, 4)->p_paddr = physical;
    build_program(PT_LOAD, PF_W, link + 0x1000, "data", 4, 4)->p_paddr = second;
    note.request.flags = flags;
    build_note(&note);
    built.header->e_entry = link + 0x10;
    small.attempt.entry = &entry;
    small.attempt.kernel.reader = reader_from_memory("small.elf", built.bytes, built.size);
    return protocol_lintel.hooks.open(&small.attempt);
}

static void places_a_kernel_as_its_file_says(void **state)
{
    (void)state;
    assert_int_equal(open_kernel(LINTEL_REQUEST_PHYSICAL, 2 * MIB + 0x10, 2 * MIB + 0x1000), OK);
    assert_int_equal(plan_small(), OK);
    assert_int_equal(small.plan.places[PLACE_KERNEL].physical, 2 * MIB);
    assert_int_equal(open_kernel(0, 2 * MIB + 0x10, 2 * MIB + 0x1000), OK);
    assert_int_equal(plan_small(), OK);
    assert_true(small.plan.places[PLACE_KERNEL].physical > 32 * MIB);
}

static void refuse_kernel(uint64_t physical, uint64_t second, const char *message)
{
    assert_int_equal(open_kernel(LINTEL_REQUEST_PHYSICAL, physical, second), ERR_UNSUPPORTED);
    if (!strstr(err_message(), message))
        fail_msg("\"%s\" lacks \"%s\"", err_message(), message);
    assert_int_equal(open_kernel(0, physical, second), OK);
}

static void refuses_segments_at_odd_distances(void **state)
{
    (void)state;
    refuse_kernel(2 * MIB + 0x10, 2 * MIB + 0x2000, "p_paddr 200010h and 202000h");
    refuse_kernel(2 * MIB + 0x11, 2 * MIB + 0x1001, "not whole pages");
    refuse_kernel(UINT64_C(0xfffffffffffff010), 0, "not whole pages");
}

/* Of so many pages. */
static void refuse_place(uint64_t physical, uint64_t pages, const char *message)
{
    struct region *kernel = &wishes->regions[0];

    kernel->fixed = true;
    kernel->target = physical;
    small.kernel.end = small.kernel.first + pages * PAGE_BYTES;
    kernel->bytes = pages * PAGE_BYTES;
    refuse(ERR_NO_MEMORY, message);
}

static void refuses_a_place_that_is_taken(void **state)
{
    (void)state;
    scene_add_memory(&small.map, 8 * MIB, PAGE_BYTES, LINTEL_MEMORY_ACPI_NVS);
    scene_add_memory(&small.map, 5 * GIB, GIB, LINTEL_MEMORY_USABLE);
    scene_end_map(&small);
    scene_add_memory(&small.free, 16 * MIB, MIB, LINTEL_MEMORY_RESERVED);
    refuse_place(0, 1, "small.elf must lie at 0h to FFFh, but at 0h there is reserved");
    refuse_place(64 * MIB, 1, "but at 4000000h there is no memory");
    refuse_place(8 * MIB, 1, "but at 800000h there is ACPI NVS");
    refuse_place(16 * MIB, 1, "at 1000000h there is the loader's own until the kernel runs");
    refuse_place(5 * GIB, 1, "at 140000000h there is memory out of the loader's reach");
    refuse_place(8 * MIB - 2 * PAGE_BYTES, 4, "but at 800000h there is ACPI NVS");
    refuse_place(64 * MIB - PAGE_BYTES, 4, "but at 4000000h there is no memory");
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
