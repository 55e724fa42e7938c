/* What the BIOS front end takes, by maps that no emulator's BIOS tells. Its own file is included:
 * it is linked to an address of its own. */
#include "legacy/memory.c"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

uint8_t low_memory_end[1];
uint64_t page_tables[2 * ENTRIES];

enum err e820_read(struct raw_map *map)
{
    *map = (struct raw_map){0};
    return OK;
}

static struct raw_range ranges[2];

/* A machine with 16 MiB, and one more range. */
static void begin(uint64_t base, uint64_t bytes)
{
    ranges[0] = (struct raw_range){0, 16 * MIB, LINTEL_MEMORY_USABLE};
    ranges[1] = (struct raw_range){base, bytes, LINTEL_MEMORY_RESERVED};
    bios_map = (struct raw_map){.ranges = ranges, .count = ARRAY_LENGTH(ranges)};
    busy.count = reserved.count = 0;
}

static void reserves_what_is_free(void **state)
{
    (void)state;
    begin(4 * MIB, PAGE_BYTES);
    assert_int_equal(memory_reserve(MIB, 3 * MIB / PAGE_BYTES), OK);
    assert_int_equal(memory_reserve(2 * MIB, 1), ERR_CHANGED);
    assert_int_equal(memory_reserve(4 * MIB, 1), ERR_CHANGED);
    assert_int_equal(memory_reserve(4 * MIB + PAGE_BYTES, 1), OK);
    memory_release(MIB, 3 * MIB / PAGE_BYTES);
    assert_int_equal(memory_reserve(2 * MIB, 1), OK);
}

/* BIOSes have entries of no bytes in their maps. */
static void an_empty_range_takes_nothing(void **state)
{
    (void)state;
    begin(4 * MIB, 0);
    assert_int_equal(memory_reserve(2 * MIB, 4 * MIB / PAGE_BYTES), OK);
    assert_int_equal(find_highest(14 * MIB), 0);
    memory_release(2 * MIB, 4 * MIB / PAGE_BYTES);
    assert_int_equal(find_highest(14 * MIB), 2 * MIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reserves_what_is_free),
        cmocka_unit_test(an_empty_range_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
