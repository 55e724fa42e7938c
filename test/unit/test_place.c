/* Places that a kernel may choose, and those that it insists on, on a machine whose firmware is in
 * the way. */
#include "test/unit/plan_scene.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define MEMORY  (16 * MIB)
#define BASE    UINT64_C(0x10000000)
#define END     (BASE + MEMORY)
#define SERVICE (BASE + 8 * MIB) /* the firmware's own, until it leaves */

static struct scene scene;
static struct wishes *const wishes = &scene.attempt.wishes;
static const struct plan *const plan = &scene.plan;

static int begin(void **state)
{
    (void)state;
    arena_begin(&scene.machine.arena, grow);
    scene_begin(&scene);
    scene_add_memory(&scene.map, BASE, MEMORY, LINTEL_MEMORY_USABLE);
    scene_add_memory(&scene.map, SERVICE, MIB, LINTEL_MEMORY_RECLAIMABLE);
    scene_add_memory(&scene.map, END, MIB, LINTEL_MEMORY_RESERVED);
    scene_end_map(&scene);
    assert_int_equal(OK, wishes_begin(wishes, 16, &scene.machine.arena));
    wishes->mode = ENTRY_PROTECTED;
    return 0;
}

/* Forgets all wishes. */
static void begin_anew(void)
{
    wishes->region_count = 0;
}

static struct region *wish(uint64_t bytes, struct region_window window)
{
    return wishes_add(wishes, (struct region){.name = "initrd",
                                              .bytes = bytes,
                                              .type = LINTEL_MEMORY_KERNEL,
                                              .windows = {window},
                                              .window_count = 1});
}

static struct region *wish_at(uint64_t target, uint64_t bytes)
{
    return wishes_add(wishes, (struct region){.name = "kernel",
                                              .bytes = bytes,
                                              .type = LINTEL_MEMORY_KERNEL,
                                              .fixed = true,
                                              .moves = true,
                                              .target = target});
}

static void make_plan(void)
{
    if (scene_plan(&scene) != OK)
        fail_msg("no plan: %s", err_message());
}

static void refuse(const char *why)
{
    assert_int_equal(ERR_NO_MEMORY, scene_plan(&scene));
    if (!strstr(err_message(), why))
        fail_msg("\"%s\" does not say \"%s\"", err_message(), why);
}

/* Where a region is loaded. */
static uint64_t place(uint64_t region)
{
    return plan->places[PLACE_KERNEL + region].physical;
}

/* Taken from the firmware for regions, in pages. */
static uint64_t count_pages(void)
{
    uint64_t pages = 0;

    for (uint64_t i = 0; i < plan->reservation_count; i++)
        pages += plan->reservations[i].pages;
    for (uint64_t i = 0; i < PLACE_KERNEL; i++)
        pages -= plan->places[i].bytes / PAGE_BYTES;
    return pages;
}

/* ---- windows --------------------------------------------------------------------------------- */

/* The first gets the lowest place, the last one the highest. */
static void test_highest_and_lowest(void **state)
{
    const struct region_window low = {.first = BASE + 2 * MIB, .lowest = true}, high = {0};
    (void)state;
    wish(100, low);
    wish(100, low);
    wish(1, high);
    wish(4097, high);
    make_plan();
    assert_int_equal(BASE + 2 * MIB, place(0));
    assert_int_equal(BASE + 2 * MIB + PAGE_BYTES, place(1));
    assert_int_equal(END - 3 * PAGE_BYTES, place(2));
    assert_int_equal(END - 2 * PAGE_BYTES, place(3));
    assert_int_equal(5, count_pages());
    assert_int_equal(0, plan->move_count);
}

/* One reservation, however many there are: each costs firmware time. */
static void test_neighbours_are_taken_together(void **state)
{
    const struct region_window low = {.first = BASE + 2 * MIB, .lowest = true};
    (void)state;
    wish(100, (struct region_window){0});
    make_plan();
    uint64_t before = plan->reservation_count;
    begin_anew();
    for (int i = 0; i < 16; i++)
        wish(3, low);
    make_plan();
    for (uint64_t i = 0; i < 16; i++)
        assert_int_equal(BASE + 2 * MIB + i * PAGE_BYTES, place(i));
    assert_int_equal(before + 1, plan->reservation_count);
    assert_int_equal(16, count_pages());
}

/* A kernel that wants the highest place has it before files that would fill its window from below.
 */
static void test_first_come_before_those_that_go_upwards(void **state)
{
    const struct region_window low = {.first = BASE, .lowest = true},
                               kernels = {.first = BASE + MIB, .end = BASE + 4 * MIB};
    (void)state;
    wish(2 * MIB, kernels)->advice = "its tag allows no other";
    wish(2 * MIB, low);
    wish(MIB, low);
    make_plan();
    assert_int_equal(BASE + 2 * MIB, place(0));
    assert_int_equal(BASE, place(1));
    assert_int_equal(BASE + 4 * MIB, place(2));
    wishes->regions[0].bytes = 4 * MIB;
    refuse("has 3072 KiB: its tag allows no other");
}

static void test_limits_and_alignment(void **state)
{
    struct region_window window = {.alignment = MIB, .first = BASE + MIB + 1, .end = SERVICE};
    (void)state;
    wish(3 * PAGE_BYTES, window);
    window.lowest = true;
    wish(3 * PAGE_BYTES, window);
    make_plan();
    assert_int_equal(SERVICE - MIB, place(0));
    assert_int_equal(BASE + 2 * MIB, place(1));
}

static void test_second_window(void **state)
{
    struct region *region;
    (void)state;
    region = wish(2 * MIB, (struct region_window){.first = SERVICE, .end = SERVICE + 2 * MIB});
    region->windows[region->window_count++] = (struct region_window){.end = SERVICE};
    make_plan();
    assert_int_equal(SERVICE - 2 * MIB, place(0));
    region->windows[0].end = 0;
    make_plan();
    assert_int_equal(END - 2 * MIB, place(0));
}

static void test_out_of_reach(void **state)
{
    (void)state;
    scene.request.reachable_end = SERVICE;
    wish(1, (struct region_window){.end = 4 * GIB});
    make_plan();
    assert_int_equal(SERVICE - PAGE_BYTES, place(0));
    wish(1, (struct region_window){.first = SERVICE});
    refuse("initrd needs 1 KiB of memory in one piece from 10800000h to 10800000h");
}

static void test_trying_takes_nothing(void **state)
{
    (void)state;
    wish(7 * MIB, (struct region_window){.first = SERVICE})->is_trial = true;
    make_plan();
    assert_int_equal(SERVICE + MIB, place(0));
    assert_int_equal(0, count_pages());
    wish(1, (struct region_window){.first = SERVICE})->is_trial = true;
    refuse("initrd needs"); /* both at once do not fit */
}

static void test_what_does_not_fit_is_said(void **state)
{
    (void)state;
    struct region *initrd = wish(8 * MIB, (struct region_window){.first = SERVICE});
    refuse("initrd needs 8192 KiB of memory in one piece from 10800000h to 100000000h, but the "
           "largest "
           "free piece there has 7168 KiB");
    initrd->is_trial = true;
    refuse("initrd needs 8192 KiB");
    initrd->windows[0] = (struct region_window){END, END + 16 * MIB, 0, false};
    refuse("from 11000000h to 12000000h, but nothing there is free");
    initrd->windows[0] = (struct region_window){BASE, END, 256 * MIB, false};
    initrd->bytes = 7 * MIB;
    make_plan();
    initrd->windows[0].first++;
    refuse("initrd needs 7168 KiB of memory in one piece from 10000001h to 11000000h, but no free "
           "piece there holds it at a multiple of 10000000h");
    begin_anew();
    wish(UINT64_MAX, (struct region_window){0});
    refuse("initrd needs 18014398509481984 KiB");
}

static void test_empty_regions_have_no_place(void **state)
{
    (void)state;
    wish(0, (struct region_window){0});
    wish_at(END, 0);
    make_plan();
    assert_int_equal(0, place(0) | place(1) | plan->places[PLACE_KERNEL + 1].target);
    assert_int_equal(0, count_pages());
}

/* ---- a place that a kernel insists on -------------------------------------------------------- */

/* It is loaded there, or moved there when the firmware has left. */
static void check_target(uint64_t region, bool moved)
{
    const struct placement *at = &plan->places[PLACE_KERNEL + region];

    assert_int_equal(wishes->regions[region].target, at->target);
    assert_int_equal(wishes->regions[region].bytes, at->bytes);
    assert_int_equal(moved, at->physical != at->target);
    for (uint64_t i = 0; i < plan->move_count; i++)
        if (plan->moves[i].to == at->target)
            assert_true(moved && plan->moves[i].from == at->physical &&
                        plan->moves[i].bytes == at->bytes);
}

static void test_free_place_is_taken_as_it_is(void **state)
{
    (void)state;
    wish_at(BASE + 4 * MIB + 0x7c00, 0x600);
    make_plan();
    check_target(0, false);
    assert_int_equal(BASE + 4 * MIB + 0x7000, plan->reservations[0].physical);
    assert_int_equal(2, plan->reservations[0].pages);
    assert_int_equal(2, count_pages());
}

static void test_firmware_in_the_way_means_a_move(void **state)
{
    (void)state;
    wish_at(SERVICE - PAGE_BYTES, 2 * PAGE_BYTES);
    make_plan();
    check_target(0, true);
    assert_int_equal(1, plan->move_count);
    assert_true(place(0) >= SERVICE + MIB);
    assert_int_equal(2, count_pages());
}

static void test_loader_in_the_way_means_a_move(void **state)
{
    (void)state;
    scene_add_memory(&scene.free, BASE, PAGE_BYTES, LINTEL_MEMORY_RESERVED);
    wish_at(BASE + 100, 8)->advice = "link it higher";
    make_plan();
    check_target(0, true);
    wishes->regions[0].moves = false;
    refuse("but at 10000064h there is the loader's own until the kernel runs, up to 1000006Bh: "
           "link it higher");
}

static void test_reach_in_the_way_means_a_move(void **state)
{
    (void)state;
    scene.request.reachable_end = SERVICE;
    wish_at(END - PAGE_BYTES, PAGE_BYTES);
    make_plan();
    check_target(0, true);
    assert_true(place(0) < SERVICE);
    wishes->regions[0].moves = false;
    refuse("at 10FFF000h there is memory out of the loader's reach");
}

static void test_two_targets_in_one_page(void **state)
{
    (void)state;
    wish_at(BASE + 4 * MIB, 100);
    wish_at(BASE + 4 * MIB + 100, 100);
    make_plan();
    check_target(0, false);
    check_target(1, true);
    assert_int_equal(2, count_pages());
}

static void test_two_moves(void **state)
{
    (void)state;
    wish_at(SERVICE, MIB / 2);
    wish_at(SERVICE + MIB / 2, MIB / 2);
    make_plan();
    check_target(0, true);
    check_target(1, true);
    assert_int_equal(2, plan->move_count);
    assert_int_equal(handoff_bytes(2), plan->places[PLACE_HANDOFF].bytes);
}

static bool apart(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a + a_bytes <= b || b + b_bytes <= a;
}

static void test_others_keep_clear_of_targets(void **state)
{
    const uint64_t target = SERVICE - 2 * MIB, bytes = 3 * MIB; /* most of it is free */
    (void)state;
    for (int i = 0; i < 8; i++)
        wish(MIB, (struct region_window){.lowest = i & 1});
    wish_at(target, bytes);
    make_plan();
    check_target(8, true);
    for (uint64_t i = 0; i < plan->place_count; i++) {
        const struct placement *other = &plan->places[i];
        if (!other->bytes || i == PLACE_KERNEL + 8)
            continue;
        assert_true(apart(other->physical, other->bytes, target, bytes));
        assert_true(apart(other->physical, other->bytes, place(8), bytes));
    }
}

static void refuse_at(uint64_t target, uint64_t bytes, const char *why)
{
    uint64_t before = wishes->region_count;

    wish_at(target, bytes);
    refuse(why);
    wishes->region_count = before;
}

static void test_targets_that_no_kernel_may_have(void **state)
{
    (void)state;
    refuse_at(END - PAGE_BYTES, 2 * PAGE_BYTES,
              "kernel must lie at 10FFF000h to 11000FFFh, but at 11000000h there is reserved");
    refuse_at(END + MIB, 1, "there is no memory, up to 11100000h");
    refuse_at(BASE - 1, 2, "but at FFFFFFFh there is no memory, up to FFFFFFFh");
    refuse_at(UINT64_MAX, 2, "don't fit");
    refuse_at(UINT64_C(1) << 47, 1, "don't fit");
    wish_at(SERVICE, MIB);
    refuse_at(SERVICE + MIB - 1, 2, "there is kernel");
    make_plan();
    wishes->regions[0].moves = false;
    refuse("at 10800000h there is reclaimable");
}

static void test_no_room_beside_a_target(void **state)
{
    (void)state;
    refuse_at(BASE, MEMORY, "kernel needs 16384 KiB");
    wish_at(SERVICE, MIB);
    make_plan();
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void test_memory_end(void **state)
{
    (void)state;
    make_plan();
    assert_int_equal(4 * GIB, plan->mappings->bytes);
    scene_add_memory(&scene.map, 5 * GIB, GIB / 2, LINTEL_MEMORY_ACPI_NVS);
    scene_add_memory(&scene.map, 0xfd00000000, GIB, LINTEL_MEMORY_RESERVED);
    scene_add_memory(&scene.map, UINT64_C(1) << 50, GIB, LINTEL_MEMORY_USABLE);
    make_plan();
    assert_int_equal(1, plan->mapping_count);
    assert_int_equal(6 * GIB, plan->mappings->bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, free_granted)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_highest_and_lowest),
        TEST(test_neighbours_are_taken_together),
        TEST(test_first_come_before_those_that_go_upwards),
        TEST(test_limits_and_alignment),
        TEST(test_second_window),
        TEST(test_out_of_reach),
        TEST(test_trying_takes_nothing),
        TEST(test_what_does_not_fit_is_said),
        TEST(test_empty_regions_have_no_place),
        TEST(test_free_place_is_taken_as_it_is),
        TEST(test_firmware_in_the_way_means_a_move),
        TEST(test_loader_in_the_way_means_a_move),
        TEST(test_reach_in_the_way_means_a_move),
        TEST(test_two_targets_in_one_page),
        TEST(test_two_moves),
        TEST(test_others_keep_clear_of_targets),
        TEST(test_targets_that_no_kernel_may_have),
        TEST(test_no_room_beside_a_target),
        TEST(test_memory_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
