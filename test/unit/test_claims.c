/* Claims: places that a foreign kernel may choose, on a machine whose firmware is in the way. */
#include "common/lib/mem.h"
#include "common/memory/claims.h"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define MEMORY  (16 * MIB)
#define BASE    FAKE_MEMORY_BASE
#define END     (BASE + MEMORY)
#define SERVICE (BASE + 8 * MIB) /* the firmware's own, until it leaves */

static struct facts *facts;
static struct arena arena;
static struct claims claims;

static int begin(void **state)
{
    (void)state;
    facts = fake_begin(MEMORY);
    fake_map_add(SERVICE, MIB, LINTEL_MEMORY_RECLAIMABLE);
    fake_map_add(END, MIB, LINTEL_MEMORY_RESERVED);
    arena_begin(&arena, fake_firmware.allocate);
    claims_begin(&claims, facts, &fake_firmware, &arena);
    return 0;
}

static int end(void **state)
{
    (void)state;
    claims_release(&claims);
    assert_int_equal(0, fake_claimed_pages());
    fake_end();
    return 0;
}

static struct claim *take(struct claim_wish wish)
{
    struct claim *claim = NULL;
    wish.name = "thing";
    assert_int_equal(OK, claims_take(&claims, &wish, &claim));
    assert_int_equal(claim->physical, claim->target);
    return claim;
}

static struct claim *take_at(uint64_t target, uint64_t bytes)
{
    struct claim *claim = NULL;
    assert_int_equal(OK, claims_take_at(&claims, "kernel", target, bytes, &claim));
    assert_int_equal(target, claim->target);
    assert_int_equal(bytes, claim->used);
    return claim;
}

static void refuse_at(uint64_t target, uint64_t bytes, const char *why)
{
    struct claim *claim;
    uint64_t pages = fake_claimed_pages();
    assert_int_equal(ERR_NO_MEMORY, claims_take_at(&claims, "kernel", target, bytes, &claim));
    assert_non_null(strstr(err_message(), why));
    assert_int_equal(pages, fake_claimed_pages());
}

static void test_highest_and_lowest(void **state)
{
    (void)state;
    assert_int_equal(END - PAGE_BYTES, take((struct claim_wish){.bytes = 1})->physical);
    assert_int_equal(END - 3 * PAGE_BYTES, take((struct claim_wish){.bytes = 4097})->physical);
    struct claim_wish low = {.bytes = 100, .first = BASE + 2 * MIB, .lowest = true};
    assert_int_equal(BASE + 2 * MIB, take(low)->physical);
    assert_int_equal(BASE + 2 * MIB + PAGE_BYTES, take(low)->physical);
    assert_int_equal(5, fake_claimed_pages());
}

static void test_trying_takes_nothing(void **state)
{
    (void)state;
    const struct claim_wish wish = {.name = "thing", .bytes = 7 * MIB, .first = SERVICE};
    for (int i = 0; i < 3; i++)
        assert_int_equal(OK, claims_try(&claims, &wish));
    assert_int_equal(0, fake_claimed_pages());
}

static void test_limits_and_alignment(void **state)
{
    (void)state;
    struct claim_wish wish = {
        .bytes = 3 * PAGE_BYTES, .alignment = MIB, .first = BASE + MIB + 1, .end = SERVICE};
    assert_int_equal(SERVICE - MIB, take(wish)->physical);
    wish.lowest = true;
    assert_int_equal(BASE + 2 * MIB, take(wish)->physical);
}

static void test_what_does_not_fit_is_said(void **state)
{
    (void)state;
    struct claim *claim = NULL;
    const struct claim_wish wish = {.name = "initrd", .bytes = 8 * MIB, .first = SERVICE};
    assert_int_equal(ERR_NO_MEMORY, claims_take(&claims, &wish, &claim));
    assert_non_null(strstr(err_message(), "the initrd (8192 KiB) does not fit into memory from "
                                          "10800000h"));
    assert_non_null(strstr(err_message(), "has 7168 KiB"));
    assert_int_equal(ERR_NO_MEMORY, claims_try(&claims, &wish));
    const struct claim_wish endless = {.name = "initrd", .bytes = UINT64_MAX};
    assert_int_equal(ERR_NO_MEMORY, claims_take(&claims, &endless, &claim));
}

static void test_free_place_is_taken_as_it_is(void **state)
{
    (void)state;
    const struct claim *claim = take_at(BASE + 4 * MIB + 0x7c00, 0x600);
    assert_int_equal(BASE + 4 * MIB + 0x7c00, claim->physical);
    assert_int_equal(2, fake_claimed_pages());
}

static void test_firmware_in_the_way_means_a_move(void **state)
{
    (void)state;
    const struct claim *claim = take_at(SERVICE - PAGE_BYTES, 2 * PAGE_BYTES);
    assert_true(claim->physical >= SERVICE + MIB);
    assert_int_equal(2, fake_claimed_pages());
}

static void test_loader_in_the_way_means_a_move(void **state)
{
    (void)state;
    uint64_t loader;
    assert_int_equal(OK, fake_firmware.allocate(1, &loader));
    assert_true(take_at(loader + 100, 8)->physical != loader + 100);
}

static void test_two_targets_in_one_page(void **state)
{
    (void)state;
    const struct claim *first = take_at(BASE + 4 * MIB, 100);
    const struct claim *second = take_at(BASE + 4 * MIB + 100, 100);
    assert_int_equal(first->target, first->physical);
    assert_int_not_equal(second->target, second->physical);
}

static void test_later_claims_keep_clear_of_targets(void **state)
{
    (void)state;
    const uint64_t target = SERVICE - 2 * MIB, end = SERVICE + MIB; /* most of it is free */
    const struct claim *kernel = take_at(target, end - target);
    for (int i = 0; i < 8; i++) {
        uint64_t place = take((struct claim_wish){.bytes = MIB})->physical;
        assert_true(place >= end || place + MIB <= target);
        assert_true(place >= kernel->physical + kernel->used || place + MIB <= kernel->physical);
    }
}

static void test_targets_that_no_kernel_may_have(void **state)
{
    (void)state;
    refuse_at(END - PAGE_BYTES, 2 * PAGE_BYTES,
              "the kernel must lie at 10FFF000h to 11000FFFh, but "
              "at 11000000h there is reserved");
    refuse_at(END + MIB, 1, "there is no memory");
    refuse_at(BASE - 1, 2, "there is no memory");
    refuse_at(UINT64_MAX, 2, "don't fit");
    refuse_at(BASE, 0, "don't fit");
    take_at(SERVICE, MIB);
    refuse_at(SERVICE + MIB - 1, 2, "there is kernel");
}

static void test_no_room_beside_a_target(void **state)
{
    (void)state;
    refuse_at(BASE, MEMORY, "does not fit into memory");
    assert_null(claims.list);
    take_at(SERVICE, MIB);
}

static void test_races(void **state)
{
    (void)state;
    fake_fail_claim(1);
    take((struct claim_wish){.bytes = 1});
    fake_fail_claim(1);
    take_at(BASE + 4 * MIB, 1);
}

static void test_no_memory_for_lists(void **state)
{
    (void)state;
    struct claim *claim;
    const struct claim_wish wish = {.name = "thing", .bytes = 1};
    for (uint64_t i = 1; i < 3; i++) {
        struct arena fresh;
        arena_begin(&fresh, fake_firmware.allocate);
        claims_begin(&claims, facts, &fake_firmware, &fresh);
        fake_fail_allocate(i);
        if (claims_take(&claims, &wish, &claim) == OK)
            claims_release(&claims);
        assert_int_equal(0, fake_claimed_pages());
    }
}

static void test_release_gives_all_back(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        take_at(SERVICE, MIB);
        take_at(BASE + 4 * MIB + 12, MIB);
        take((struct claim_wish){.bytes = 5 * MIB});
        claims_release(&claims);
        assert_int_equal(0, fake_claimed_pages());
    }
}

static void test_memory_end(void **state)
{
    (void)state;
    assert_int_equal(4 * GIB, claims.memory_end);
    fake_map_add(5 * GIB, GIB, LINTEL_MEMORY_ACPI_NVS);
    fake_map_add(0xfd00000000, GIB, LINTEL_MEMORY_RESERVED);
    fake_map_add(UINT64_C(1) << 50, GIB, LINTEL_MEMORY_USABLE);
    claims_begin(&claims, facts, &fake_firmware, &arena);
    assert_int_equal(6 * GIB, claims.memory_end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_highest_and_lowest, begin, end),
        cmocka_unit_test_setup_teardown(test_trying_takes_nothing, begin, end),
        cmocka_unit_test_setup_teardown(test_limits_and_alignment, begin, end),
        cmocka_unit_test_setup_teardown(test_what_does_not_fit_is_said, begin, end),
        cmocka_unit_test_setup_teardown(test_free_place_is_taken_as_it_is, begin, end),
        cmocka_unit_test_setup_teardown(test_firmware_in_the_way_means_a_move, begin, end),
        cmocka_unit_test_setup_teardown(test_loader_in_the_way_means_a_move, begin, end),
        cmocka_unit_test_setup_teardown(test_two_targets_in_one_page, begin, end),
        cmocka_unit_test_setup_teardown(test_later_claims_keep_clear_of_targets, begin, end),
        cmocka_unit_test_setup_teardown(test_targets_that_no_kernel_may_have, begin, end),
        cmocka_unit_test_setup_teardown(test_no_room_beside_a_target, begin, end),
        cmocka_unit_test_setup_teardown(test_races, begin, end),
        cmocka_unit_test_setup_teardown(test_no_memory_for_lists, begin, end),
        cmocka_unit_test_setup_teardown(test_release_gives_all_back, begin, end),
        cmocka_unit_test_setup_teardown(test_memory_end, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
