/* The kernel's decoder of page-table entries and its walk, against tables made here and a walk
 * written another way. */
#include "kernel/machine/page_entry.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define TABLES 24
#define WALKS  200000

static uint64_t memory[TABLES][TABLE_ENTRIES]; /* physical memory from 0 on */

static uint64_t read_memory(uint64_t physical)
{
    assert_true(physical / 4096 < TABLES && physical % 8 == 0);
    return memory[physical / 4096][physical % 4096 / 8];
}

static uint64_t random64(void)
{
    return (uint64_t)rand() << 42 ^ (uint64_t)rand() << 21 ^ (uint64_t)rand();
}

/* ---- fields ---------------------------------------------------------------------------------- */

static struct bit_field find_field(uint64_t entry, int level, const char *name)
{
    struct bit_field fields[BIT_FIELDS_MAX];
    for (uint32_t i = entry_fields(entry, level, fields); i-- > 0;)
        if (strcmp(fields[i].name, name) == 0)
            return fields[i];
    fail_msg("level %d has no field %s", level, name);
    return (struct bit_field){0};
}

/* None is left out, none is told twice. */
static void test_every_bit_has_one_name(void **state)
{
    (void)state;
    for (int level = 1; level <= 5; level++)
        for (int large = 0; large < 2; large++) {
            uint64_t entry = ENTRY_PRESENT | (large && level > 1 ? ENTRY_LARGE : 0), seen = 0;
            struct bit_field fields[BIT_FIELDS_MAX];
            for (uint32_t i = entry_fields(entry, level, fields); i-- > 0;) {
                uint64_t mask = ((UINT64_C(1) << fields[i].count) - 1) << fields[i].first;
                assert_int_equal(seen & mask, 0);
                seen |= mask;
            }
            assert_true(seen == UINT64_MAX);
        }
}

static void test_bits_are_read_where_they_lie(void **state)
{
    (void)state;
    const struct {
        const char *name;
        int level;
        uint64_t entry, value;
        const char *meaning;
    } rows[] = {
        {"P", 4, 1, 1, "present"},
        {"P", 4, 2, 0, "not present"},
        {"R/W", 1, 3, 1, "writable"},
        {"U/S", 1, 5, 1, "user"},
        {"A", 2, 0x21, 1, "accessed"},
        {"D", 2, 0xc1, 1, "dirty"},
        {"PAT", 1, 0x81, 1, "upper half of PAT"},
        {"PAT", 2, 0x1081, 1, "upper half of PAT"},
        {"PS", 3, 0x81, 1, "large page"},
        {"PS", 3, 0x01, 0, "a table follows"},
        {"PS", 4, 0x81, 1, "reserved: must be 0"},
        {"G", 1, 0x101, 1, "global"},
        {"key", 1, UINT64_C(0xb) << 59 | 1, 11, ""},
        {"NX", 5, ENTRY_NX | 1, 1, "no execute"},
        {"frame", 1, 0x7fe12345f001, 0x7fe12345f000, ""},
        {"frame", 2, 0x7fe123601081, 0x7fe123600000, ""},
        {"frame", 3, 0x7fe140001081, 0x7fe140000000, ""},
        {"table", 2, 0x7fe123456001, 0x7fe123456000, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bit_field field = find_field(rows[i].entry, rows[i].level, rows[i].name);
        assert_int_equal(field.value, rows[i].value);
        if (rows[i].meaning[0])
            assert_string_equal(field.meaning, rows[i].meaning);
    }
}

static void test_pat_index_takes_the_right_bit(void **state)
{
    (void)state;
    assert_int_equal(entry_pat_index(0x81, 1), 4);          /* bit 7 of a 4 KiB page */
    assert_int_equal(entry_pat_index(0x81, 2), 0);          /* is PS of a 2 MiB page */
    assert_int_equal(entry_pat_index(0x1081 | 0x18, 2), 7); /* whose bit is 12 */
    assert_int_equal(entry_pat_index(0x1001 | 0x10, 2), 2); /* an address bit of a table's entry */
    assert_int_equal(entry_pat_index(0x1009, 4), 1);
}

static void test_canonical_addresses(void **state)
{
    (void)state;
    assert_true(address_is_canonical(UINT64_C(0x00007fffffffffff), 4));
    assert_false(address_is_canonical(UINT64_C(0x0000800000000000), 4));
    assert_false(address_is_canonical(UINT64_C(0xffff7fffffffffff), 4));
    assert_true(address_is_canonical(UINT64_C(0xffff800000000000), 4));
    assert_true(address_is_canonical(UINT64_C(0x00ffffffffffffff), 5));
    assert_false(address_is_canonical(UINT64_C(0x0100000000000000), 5));
    assert_true(address_is_canonical(UINT64_C(0xff00000000000000), 5));
}

/* ---- the walk -------------------------------------------------------------------------------- */

/* Tables by level: table t is of level 1 + t % 5; an entry leads one level down, or to memory. */
static void fill_tables(void)
{
    for (int t = 0; t < TABLES; t++)
        for (int i = 0; i < TABLE_ENTRIES; i++) {
            int level = 1 + t % 5;
            uint64_t flags = random64() & (ENTRY_NX | 0xf7e);
            bool present = rand() % 8, large = level > 1 && level < 4 && rand() % 4 == 0;
            bool leaf = level == 1 || large;
            uint64_t frame =
                leaf ? random64() & ENTRY_ADDRESS : (uint64_t)(level - 2 + 5 * (rand() % 4)) * 4096;
            memory[t][i] = frame | flags | (present ? 1 : 0) | (large ? 0x80 : 0) |
                           (level == 1 ? random64() & 0x80 : 0);
        }
}

/* One level after the other by shifts, as the manual's figures draw it. */
static bool walk_by_figures(uint64_t virtual, int levels, uint64_t root, uint64_t *physical)
{
    static const int shifts[] = {12, 21, 30, 39, 48};
    uint64_t table = root;
    for (int level = levels - 1; level >= 0; level--) {
        uint64_t entry = memory[table >> 12][virtual >> shifts[level] & 511];
        if (!(entry & 1))
            return false;
        uint64_t offset = (UINT64_C(1) << shifts[level]) - 1;
        if (level == 0 || (level <= 2 && entry & 0x80)) {
            *physical = (entry & UINT64_C(0x000fffffffffffff) & ~offset) | (virtual & offset);
            return true;
        }
        table = entry & UINT64_C(0x000ffffffffff000);
    }
    return false;
}

static void test_walk_agrees_with_the_figures(void **state)
{
    (void)state;
    fill_tables();
    for (int i = 0; i < WALKS; i++) {
        int levels = 4 + rand() % 2;
        uint64_t root = (uint64_t)(levels - 1) * 4096, virtual = random64(), physical = 0;
        struct page_walk walk = walk_to(virtual, root, levels, read_memory);
        bool present = walk_by_figures(virtual, levels, root, &physical);
        assert_int_equal(walk.present, present);
        if (present)
            assert_true(walk.physical == physical);
        uint64_t all = UINT64_MAX, any = 0;
        for (uint32_t step = 0; step < walk.count; step++) {
            assert_true(walk.steps[step].level == levels - (int)step);
            assert_true(read_memory(walk.steps[step].place) == walk.steps[step].entry);
            all &= walk.steps[step].entry;
            any |= walk.steps[step].entry;
        }
        assert_true(walk.all == all && walk.any == any);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_bit_has_one_name),
        cmocka_unit_test(test_bits_are_read_where_they_lie),
        cmocka_unit_test(test_pat_index_takes_the_right_bit),
        cmocka_unit_test(test_canonical_addresses),
        cmocka_unit_test(test_walk_agrees_with_the_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
