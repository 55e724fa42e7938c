/* What the BIOS front end takes, by maps that no emulator's BIOS tells. Its own file is included:
 * it is linked to an address of its own. */
#include "legacy/memory.c"
static bool fake_probe(uint64_t first, uint64_t last);
#define probe_keeps fake_probe
#include "legacy/ram.c"
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

/* ---- what is there --------------------------------------------------------------------------- */

static uint64_t memory_end, device, device_end; /* a device may act on what is written */
static uint32_t probes;

static bool fake_probe(uint64_t first, uint64_t last)
{
    probes++;
    assert_true(first < last && first >= MIB);
    assert_false(last >= device && last < device_end);
    return last < memory_end;
}

/* Where a range ends, on a machine of some memory whose BIOS tells of it and of the device. */
static uint64_t end_of(uint64_t there, uint64_t base, uint64_t bytes)
{
    begin(device, device_end - device);
    ranges[0] = (struct raw_range){base, bytes, LINTEL_MEMORY_USABLE};
    memory_end = there;
    probes = 0;
    ram_check(&bios_map, MIB, LOADER_END);
    return ranges[0].base + ranges[0].bytes;
}

static void memory_ends_where_nothing_is_kept(void **state)
{
    (void)state;
    device = device_end = 0;
    for (uint64_t there = 2 * MIB; there < 3 * GIB; there += 37 * MIB + 3 * PAGE_BYTES) {
        assert_int_equal(end_of(there, 0, 4 * GIB), there);
        assert_true(probes < 300);
        assert_int_equal(end_of(there, MIB, UINT64_MAX), there);
        assert_int_equal(end_of(there, MIB + 5, there - MIB), there + 5); /* no whole page more */
    }
    assert_int_equal(end_of(GIB, 3 * GIB, MIB), 3 * GIB);
}

static void an_honest_map_stays_and_costs_little(void **state)
{
    (void)state;
    device = device_end = 0;
    assert_int_equal(end_of(3 * GIB, MIB, 3 * GIB - MIB), 3 * GIB);
    assert_true(probes <= SAMPLES + 2);
    assert_int_equal(end_of(3 * GIB, 0, 640 * KIB), 640 * KIB);
    assert_int_equal(end_of(MIB, 4 * GIB, GIB), 5 * GIB); /* not mapped yet */
    assert_int_equal(probes, 0);
}

static void devices_of_the_map_are_not_written_to(void **state)
{
    (void)state;
    device = 2 * GIB, device_end = 2 * GIB + 100 * MIB;
    assert_int_equal(end_of(4 * GIB, 0, 4 * GIB), 4 * GIB);
    assert_int_equal(end_of(3 * GIB, 0, 4 * GIB), 3 * GIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reserves_what_is_free),
        cmocka_unit_test(an_empty_range_takes_nothing),
        cmocka_unit_test(memory_ends_where_nothing_is_kept),
        cmocka_unit_test(an_honest_map_stays_and_costs_little),
        cmocka_unit_test(devices_of_the_map_are_not_written_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
