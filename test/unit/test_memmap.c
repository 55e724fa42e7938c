/* The memory map against a map of single bytes, and recorded and hand-made maps of whole
 * machines. */
#include "common/lib/mem.h"
#include "common/memory/memmap.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define RANDOM_MAPS 320000
#define BYTES       96 /* bytes that the oracle models */
#define INSERTS     12

/* The order that memmap.c promises, weakest first: written out again, from the headers' words. */
static const enum lintel_memory_type order[] = {
    0, /* nothing at all */
    LINTEL_MEMORY_USABLE,
    LINTEL_MEMORY_RECLAIMABLE,
    LINTEL_MEMORY_KERNEL,
    LINTEL_MEMORY_ACPI_RECLAIMABLE,
    LINTEL_MEMORY_PERSISTENT,
    LINTEL_MEMORY_ACPI_NVS,
    LINTEL_MEMORY_EFI_RUNTIME_DATA,
    LINTEL_MEMORY_EFI_RUNTIME_CODE,
    LINTEL_MEMORY_MMIO,
    LINTEL_MEMORY_RESERVED,
    LINTEL_MEMORY_FRAMEBUFFER,
    LINTEL_MEMORY_BAD,
};

static unsigned rank(enum lintel_memory_type type)
{
    for (unsigned i = 0; i < ARRAY_LENGTH(order); i++)
        if (order[i] == type)
            return i;
    abort();
}

static uint64_t seed = 1;

static uint64_t dice(uint64_t sides)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed >> 11) % sides;
}

/* ---- the oracle: one type a byte ------------------------------------------------------------- */

/* Bytes window_base to window_base + BYTES - 1, whose last may be 2^64 - 1. */
static uint64_t window_base;
static enum lintel_memory_type oracle[BYTES];

static void oracle_add(uint64_t offset, uint64_t bytes, enum lintel_memory_type type, bool overlay)
{
    for (uint64_t i = offset; i < BYTES && i - offset < bytes; i++)
        if (overlay || rank(type) > rank(oracle[i]))
            oracle[i] = type;
}

static enum lintel_memory_type type_at(const struct memmap *map, uint64_t address)
{
    for (uint64_t i = 0; i < map->count; i++)
        if (map->ranges[i].first <= address && address <= map->ranges[i].last)
            return map->ranges[i].type;
    return 0;
}

static void assert_ordered(const struct memmap *map)
{
    for (uint64_t i = 0; i < map->count; i++) {
        const struct memmap_range *range = &map->ranges[i];
        assert_true(range->first <= range->last);
        if (i == 0)
            continue;
        assert_true(range[-1].last < range->first);
        assert_false(range[-1].last + 1 == range->first && range[-1].type == range->type);
    }
}

static uint64_t random_address(void)
{
    static const uint64_t bases[] = {0, 0x12340, 0xfffffff0, -(uint64_t)BYTES};
    return bases[dice(ARRAY_LENGTH(bases))];
}

/* The type of every step-th byte of the window, in one pass. */
static void expand(const struct memmap *map, uint64_t step, enum lintel_memory_type got[BYTES])
{
    uint64_t range = 0;

    for (uint64_t i = 0; i < BYTES; i++) {
        uint64_t address = window_base + i * step;
        while (range < map->count && map->ranges[range].last < address)
            range++;
        got[i] =
            range < map->count && map->ranges[range].first <= address ? map->ranges[range].type : 0;
    }
}

/* A map of up to INSERTS random ranges in exactly the storage that the header calls enough. */
static void random_map(void)
{
    struct memmap_range ranges[MEMMAP_CAPACITY(INSERTS) + 1];
    uint64_t inserts = 1 + dice(INSERTS);
    struct memmap map = {ranges, 0, MEMMAP_CAPACITY(inserts)};
    struct memmap_range *canary = &ranges[map.capacity];
    enum lintel_memory_type got[BYTES];

    window_base = random_address();
    memset(oracle, 0, sizeof oracle);
    *canary = (struct memmap_range){1, 2, LINTEL_MEMORY_BAD};
    for (uint64_t i = 0; i < inserts; i++) {
        uint64_t offset = dice(BYTES), bytes = dice(BYTES - offset + 1);
        enum lintel_memory_type type = order[1 + dice(ARRAY_LENGTH(order) - 1)];
        bool overlay = dice(8) == 0;

        if (window_base + BYTES == 0 && dice(4) == 0)
            bytes += UINT64_MAX - BYTES - dice(BYTES); /* beyond 2^64 */
        oracle_add(offset, bytes, type, overlay);
        assert_int_equal(OK, (overlay ? memmap_overlay : memmap_insert)(&map, window_base + offset,
                                                                        bytes, type));
    }
    assert_ordered(&map);
    assert_true(map.count <= 2 * inserts - 1);
    expand(&map, 1, got);
    assert_memory_equal(oracle, got, sizeof oracle);
    assert_int_equal(0, type_at(&map, window_base - 1));
    assert_int_equal(0, type_at(&map, window_base + BYTES));
    assert_int_equal(2, canary->last);
}

static void test_insert_like_oracle(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < RANDOM_MAPS; i++)
        random_map();
}

/* ---- rounding to pages ----------------------------------------------------------------------- */

/* The oracle's bytes are eighths of a page here, so a page is eight of them. */
#define EIGHTH (PAGE_BYTES / 8)

/* What the page that begins at oracle[i] must become. */
static enum lintel_memory_type page_type(uint64_t i)
{
    enum lintel_memory_type strictest = 0;
    bool all_usable = true;

    for (uint64_t k = i; k < i + 8; k++) {
        all_usable &= oracle[k] == LINTEL_MEMORY_USABLE;
        if (oracle[k] != LINTEL_MEMORY_USABLE && rank(oracle[k]) > rank(strictest))
            strictest = oracle[k];
    }
    return all_usable ? LINTEL_MEMORY_USABLE : strictest;
}

static void random_normalised_map(void)
{
    struct memmap_range ranges[2 * MEMMAP_CAPACITY(INSERTS) + 1];
    uint64_t inserts = 1 + dice(INSERTS);
    struct memmap map = {ranges, 0, ARRAY_LENGTH(ranges)};
    enum lintel_memory_type want[BYTES], got[BYTES];

    window_base = dice(2) ? PAGE_BYTES * 16 : -(uint64_t)(BYTES * EIGHTH);
    memset(oracle, 0, sizeof oracle);
    for (uint64_t i = 0; i < inserts; i++) {
        uint64_t offset = dice(BYTES), eighths = dice(BYTES - offset + 1);
        enum lintel_memory_type type =
            dice(2) ? LINTEL_MEMORY_USABLE : order[1 + dice(ARRAY_LENGTH(order) - 1)];

        oracle_add(offset, eighths, type, false);
        assert_int_equal(
            OK, memmap_insert(&map, window_base + offset * EIGHTH, eighths * EIGHTH, type));
    }
    map.capacity = 2 * map.count + 1;
    assert_int_equal(OK, memmap_normalise(&map));
    assert_ordered(&map);
    assert_int_equal(LINTEL_MEMORY_RESERVED, type_at(&map, 0));
    expand(&map, EIGHTH, got);
    for (uint64_t i = 0; i < BYTES; i += 8)
        want[i] = page_type(i);
    for (uint64_t i = 0; i < BYTES; i++)
        want[i] = want[i & ~UINT64_C(7)];
    assert_memory_equal(want, got, sizeof want);
}

static void test_normalise_like_oracle(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < RANDOM_MAPS; i++)
        random_normalised_map();
}

static void test_normalise_single_bytes(void **state)
{
    struct memmap_range ranges[32];
    struct memmap map = {ranges, 0, ARRAY_LENGTH(ranges)};

    (void)state;
    assert_int_equal(OK, memmap_insert(&map, 0xfff, 0x5002, LINTEL_MEMORY_USABLE));
    assert_int_equal(OK, memmap_insert(&map, 0x2fff, 1, LINTEL_MEMORY_ACPI_NVS));
    assert_int_equal(OK, memmap_insert(&map, 0x4000, 1, LINTEL_MEMORY_RESERVED));
    assert_int_equal(OK, memmap_insert(&map, UINT64_MAX, 1, LINTEL_MEMORY_USABLE));
    assert_int_equal(OK, memmap_normalise(&map));
    assert_int_equal(LINTEL_MEMORY_RESERVED, type_at(&map, 0xfff));
    assert_int_equal(LINTEL_MEMORY_USABLE, type_at(&map, 0x1000));
    assert_int_equal(LINTEL_MEMORY_ACPI_NVS, type_at(&map, 0x2000));
    assert_int_equal(LINTEL_MEMORY_USABLE, type_at(&map, 0x3fff));
    assert_int_equal(LINTEL_MEMORY_RESERVED, type_at(&map, 0x4fff));
    assert_int_equal(LINTEL_MEMORY_USABLE, type_at(&map, 0x5fff));
    assert_int_equal(0, type_at(&map, 0x6000));
    assert_int_equal(0, type_at(&map, UINT64_MAX));
    assert_int_equal(0x3000, memmap_bytes(&map, LINTEL_MEMORY_USABLE));
}

static void test_normalise_page_zero(void **state)
{
    struct memmap_range ranges[3] = {{0, PAGE_BYTES * 2 - 1, LINTEL_MEMORY_USABLE}};
    struct memmap map = {ranges, 1, ARRAY_LENGTH(ranges)};

    (void)state;
    assert_int_equal(OK, memmap_normalise(&map));
    assert_int_equal(2, map.count);
    assert_int_equal(PAGE_BYTES, memmap_bytes(&map, LINTEL_MEMORY_USABLE));
    assert_int_equal(PAGE_BYTES, memmap_bytes(&map, LINTEL_MEMORY_RESERVED));
}

/* ---- failures and searches ------------------------------------------------------------------- */

static void test_full_map_is_left_alone(void **state)
{
    struct memmap_range ranges[3];
    struct memmap map = {ranges, 0, 1};

    (void)state;
    assert_int_equal(OK, memmap_insert(&map, 10, 10, LINTEL_MEMORY_USABLE));
    assert_int_equal(ERR_NO_MEMORY, memmap_insert(&map, 12, 2, LINTEL_MEMORY_BAD));
    map.capacity = 2;
    assert_int_equal(ERR_NO_MEMORY, memmap_insert(&map, 12, 2, LINTEL_MEMORY_BAD));
    assert_int_equal(ERR_NO_MEMORY, memmap_insert(&map, 5, 20, LINTEL_MEMORY_BAD));
    assert_int_equal(1, map.count);
    assert_int_equal(10, memmap_bytes(&map, LINTEL_MEMORY_USABLE));
    assert_int_equal(ERR_NO_MEMORY, memmap_normalise(&map));
}

/* The highest or lowest aligned place by trying every one. */
static bool oracle_place(uint64_t bytes, uint64_t alignment, uint64_t low, uint64_t high,
                         bool lowest, uint64_t *place)
{
    for (uint64_t n = 0; n < BYTES; n++) {
        uint64_t at = window_base + (lowest ? n : BYTES - 1 - n);
        bool fits = at % alignment == 0 && at >= low && at + bytes <= high &&
                    at + bytes <= window_base + BYTES;
        for (uint64_t i = 0; fits && i < bytes; i++)
            fits = oracle[at - window_base + i] == LINTEL_MEMORY_USABLE;
        if (!fits)
            continue;
        *place = at;
        return true;
    }
    return false;
}

static void test_find_like_oracle(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < 20000; n++) {
        struct memmap_range ranges[MEMMAP_CAPACITY(INSERTS)];
        struct memmap map = {ranges, 0, ARRAY_LENGTH(ranges)};
        uint64_t bytes = 1 + dice(16), alignment = UINT64_C(1) << dice(5), low, high, place, want;
        bool there;

        window_base = 0x1000 + dice(64);
        memset(oracle, 0, sizeof oracle);
        for (uint64_t i = 0; i < 6; i++) {
            uint64_t offset = dice(BYTES), size = dice(BYTES - offset + 1);
            enum lintel_memory_type type = dice(3) ? LINTEL_MEMORY_USABLE : LINTEL_MEMORY_RESERVED;
            oracle_add(offset, size, type, false);
            memmap_insert(&map, window_base + offset, size, type);
        }
        low = window_base + dice(BYTES / 2);
        high = low + dice(BYTES) + 1;
        there = oracle_place(bytes, alignment, low, high, false, &want);
        assert_int_equal(there ? OK : ERR_NO_MEMORY,
                         memmap_find_highest(&map, bytes, alignment, low, high, &place));
        if (!there)
            continue;
        assert_int_equal(want, place);
        oracle_place(bytes, alignment, low, high, true, &want);
        assert_int_equal(OK, memmap_find_lowest(&map, bytes, alignment, low, high, &place));
        assert_int_equal(want, place);
    }
}

static void test_find_highest_at_the_ends(void **state)
{
    struct memmap_range ranges[] = {{0, UINT64_MAX, LINTEL_MEMORY_USABLE}};
    struct memmap map = {ranges, 1, 1};
    uint64_t place = 1;

    (void)state;
    assert_int_equal(OK, memmap_find_highest(&map, 1, 1, 0, 0, &place));
    assert_true(place == UINT64_MAX);
    assert_int_equal(OK, memmap_find_highest(&map, UINT64_MAX, 1, 0, UINT64_MAX, &place));
    assert_int_equal(0, place);
    assert_int_equal(ERR_NO_MEMORY, memmap_find_highest(&map, 2, 1, UINT64_MAX, 0, &place));
    assert_int_equal(ERR_NO_MEMORY, memmap_find_highest(&map, 1, 1, 20, 20, &place));
    assert_int_equal(ERR_BUG, memmap_find_highest(&map, 0, 1, 0, 0, &place));
    assert_int_equal(ERR_BUG, memmap_find_highest(&map, 1, 3, 0, 0, &place));
}

static void test_raw_ranges_beyond_the_cpu(void **state)
{
    struct raw_range raw[] = {
        {0x1000, 0x1000, LINTEL_MEMORY_USABLE},
        {UINT64_C(1) << 36, 0x1000, LINTEL_MEMORY_USABLE},    /* dropped */
        {0x3000, UINT64_MAX, LINTEL_MEMORY_USABLE},           /* wraps: dropped */
        {0xfffffffff000, UINT64_MAX, LINTEL_MEMORY_RESERVED}, /* dropped: begins too high */
        {0xffffff000, 0x4000, LINTEL_MEMORY_RESERVED},        /* cut at 36 bits */
        {0x8000, 0, LINTEL_MEMORY_BAD},                       /* empty */
        {0x1000, 8, (enum lintel_memory_type)77},             /* unknown: reserved */
    };
    struct raw_map map_in = {.ranges = raw, .count = ARRAY_LENGTH(raw)};
    struct memmap_range ranges[MEMMAP_CAPACITY(ARRAY_LENGTH(raw))];
    struct memmap map = {ranges, 0, ARRAY_LENGTH(ranges)};

    (void)state;
    assert_int_equal(OK, memmap_insert_raw(&map, &map_in, 36));
    assert_int_equal(3, map.count);
    assert_int_equal(0x1000 - 8, memmap_bytes(&map, LINTEL_MEMORY_USABLE));
    assert_int_equal(0x1000 + 8, memmap_bytes(&map, LINTEL_MEMORY_RESERVED));
    map.count = 0;
    assert_int_equal(OK, memmap_insert_raw(&map, &map_in, 64));
    assert_true(map.ranges[map.count - 1].last == UINT64_MAX);
}

/* Thousands of ranges, as a machine with much hot-plugged memory has. */
static void test_many_ranges(void **state)
{
    enum { COUNT = 6000 };
    struct memmap map = {malloc(MEMMAP_CAPACITY(COUNT + 1) * sizeof(struct memmap_range)), 0,
                         MEMMAP_CAPACITY(COUNT + 1)};

    (void)state;
    for (uint64_t i = 0; i < COUNT; i++) {
        uint64_t page = i * 7919 % COUNT; /* not in order */
        assert_int_equal(OK, memmap_insert(&map, page * 0x2000, 0x1000, LINTEL_MEMORY_RESERVED));
    }
    assert_int_equal(COUNT, map.count);
    assert_int_equal(OK, memmap_insert(&map, 0, COUNT * 0x2000, LINTEL_MEMORY_USABLE));
    assert_int_equal(2 * COUNT, map.count);
    assert_int_equal(COUNT * 0x1000, memmap_bytes(&map, LINTEL_MEMORY_USABLE));
    free(map.ranges);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_insert_like_oracle),
        cmocka_unit_test(test_normalise_like_oracle),
        cmocka_unit_test(test_normalise_single_bytes),
        cmocka_unit_test(test_normalise_page_zero),
        cmocka_unit_test(test_full_map_is_left_alone),
        cmocka_unit_test(test_find_like_oracle),
        cmocka_unit_test(test_find_highest_at_the_ends),
        cmocka_unit_test(test_raw_ranges_beyond_the_cpu),
        cmocka_unit_test(test_many_ranges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
