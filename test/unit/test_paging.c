/* Page tables against a walker of its own, on random sets of mappings. */
#include "common/lib/mem.h"
#include "common/memory/paging.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define ROUNDS   2000
#define MAPPINGS 8
#define POOL     (UINT64_C(8) * MIB)

#define TWO_MIB (2 * MIB)

static uint64_t seed = 7;

static uint64_t dice(uint64_t sides)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed >> 11) % sides;
}

static uint8_t *pool;

/* A machine with an all-zero pool. */
static struct paging begin(uint32_t levels)
{
    if (!pool)
        pool = aligned_alloc(PAGE_BYTES, POOL);
    return (struct paging){.levels = levels,
                           .has_1gib_pages = true,
                           .has_nx = true,
                           .has_pge = true,
                           .has_pat = true,
                           .write_combining = 7,
                           .next = (uintptr_t)pool,
                           .end = (uintptr_t)pool + POOL};
}

static void wipe(const struct paging *paging)
{
    memset(pool, 0, paging->next - (uintptr_t)pool);
}

static uint64_t used(const struct paging *paging)
{
    return (paging->next - (uintptr_t)pool) / PAGE_BYTES;
}

/* ---- the walker: straight from the tables of Intel SDM 3A, 4.5 ------------------------------- */

struct page {
    bool present;
    uint64_t physical, bytes, bits; /* bits: of the last entry; R/W, U/S and XD of all levels */
};

static struct page walk(const struct paging *paging, uint64_t virtual)
{
    uint64_t rw = 2, us = 4, xd = 0, entry = paging->root, bytes = UINT64_C(1) << 48;
    int level = (int)paging->levels;

    if (level == 5)
        bytes <<= 9;
    for (; level > 0; level--) {
        bytes >>= 9;
        entry = ((const uint64_t *)(entry & 0xffffffffff000))[virtual / bytes % 512];
        if (!(entry & 1))
            return (struct page){0};
        rw &= entry;
        us &= entry;
        xd |= entry >> 63;
        if (level <= 3 && level > 1 && entry & 0x80)
            break;
        assert_false(level > 3 && entry & 0x80); /* reserved there */
    }
    entry &= ~UINT64_C(6);
    return (struct page){
        true, (entry & 0xffffffffff000 & ~(bytes - 1)) | (virtual & (bytes - 1)), bytes,
        (entry & 0xfff) | rw | us | xd << 63 | (bytes > PAGE_BYTES ? entry & 0x1000 : 0)};
}

/* PAT index of a page, Intel SDM 3A, table 11-11. */
static unsigned pat_index(struct page page)
{
    unsigned pat = page.bits & (page.bytes > PAGE_BYTES ? 0x1000 : 0x80) ? 4 : 0;

    return pat | (page.bits >> 3 & 3);
}

static void assert_page_is(const struct paging *paging, const struct mapping *mapping,
                           uint64_t virtual)
{
    struct page page = walk(paging, virtual);
    struct translation said = paging_translate(paging, virtual);
    static const unsigned with_pat[] = {0, 7, 3}, without[] = {0, 3, 3};

    assert_true(page.present);
    assert_true(page.physical == mapping->physical + (virtual - mapping->virtual));
    assert_int_equal(!!(mapping->flags & MAP_WRITE), !!(page.bits & 2));
    assert_int_equal(paging->has_nx && !(mapping->flags & MAP_EXECUTE), page.bits >> 63);
    assert_false(page.bits & 4);
    assert_int_equal(paging->has_pge, !!(page.bits & 0x100));
    assert_int_equal((paging->has_pat ? with_pat : without)[mapping->cache], pat_index(page));
    assert_true(page.bytes <= TWO_MIB || paging->has_1gib_pages);

    assert_true(said.present && !said.user && said.global == paging->has_pge);
    assert_true(said.physical == page.physical && said.page_bytes == page.bytes);
    assert_int_equal(!!(said.flags & MAP_WRITE), !!(page.bits & 2));
    assert_int_equal(!!(said.flags & MAP_EXECUTE), !(page.bits >> 63));
    assert_int_equal(paging->has_pat || mapping->cache == CACHE_WRITE_BACK ? mapping->cache
                                                                           : CACHE_UNCACHED,
                     said.cache);
}

static bool holds(const struct mapping *mapping, uint64_t virtual)
{
    return virtual >= mapping->virtual && virtual - mapping->virtual < mapping->bytes;
}

/* Every page size that fits is used: no smaller page where a larger would do. */
static void assert_largest(const struct paging *paging, const struct mapping *mapping,
                           uint64_t virtual)
{
    uint64_t got = walk(paging, virtual).bytes;
    uint64_t physical = mapping->physical + (virtual - mapping->virtual);

    for (uint64_t size = paging->has_1gib_pages ? GIB : TWO_MIB; size > got; size /= 512) {
        uint64_t start = virtual & ~(size - 1);
        assert_false(start >= mapping->virtual && (physical - virtual) % size == 0 &&
                     mapping->bytes - (start - mapping->virtual) >= size);
    }
}

/* All pages of all mappings, and the bytes around them. Visits each page once, by its own size. */
static void assert_maps_exactly(const struct paging *paging, const struct mapping *mappings,
                                uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        const struct mapping *mapping = &mappings[i];
        uint64_t last = mapping->virtual + (mapping->bytes - 1), at = mapping->virtual;
        struct page page;

        for (;; at += page.bytes) {
            page = walk(paging, at);
            assert_page_is(paging, mapping, at);
            assert_largest(paging, mapping, at);
            assert_page_is(paging, mapping, at + dice(page.bytes));
            if (at + (page.bytes - 1) >= last)
                break;
        }
        assert_true(at + (page.bytes - 1) == last);
        if ((i == 0 || !holds(mapping - 1, mapping->virtual - 1)) && mapping->virtual << 16)
            assert_false(walk(paging, mapping->virtual - 1).present);
        if ((i + 1 == count || !holds(mapping + 1, last + 1)) && (last + 1) << 16)
            assert_false(walk(paging, last + 1).present);
    }
}

/* ---- random mappings ------------------------------------------------------------------------- */

/* A length of some pages of one size and, sometimes, some of a smaller. */
static uint64_t random_bytes(void)
{
    static const uint64_t sizes[] = {PAGE_BYTES, TWO_MIB, GIB};
    uint64_t size = sizes[dice(3)];
    uint64_t bytes = size * (1 + dice(4));

    return dice(2) ? bytes : bytes + PAGE_BYTES * dice(600);
}

/* Ascending, disjoint mappings, often touching, in the upper half, or from 0 upwards. */
static void random_mappings(uint32_t levels, struct mapping mappings[MAPPINGS])
{
    static const uint64_t grains[] = {PAGE_BYTES, TWO_MIB, GIB};
    uint64_t at = dice(2)       ? 0
                  : levels == 5 ? UINT64_C(0xff00000000000000)
                                : UINT64_C(0xffff800000000000);

    for (uint32_t i = 0; i < MAPPINGS; i++) {
        uint64_t grain = grains[dice(3)];
        static const uint32_t flags[] = {0, MAP_WRITE, MAP_EXECUTE};

        at = align_up(at + (dice(3) ? 0 : dice(3 * grain)), grain);
        mappings[i] = (struct mapping){.virtual = at,
                                       .bytes = random_bytes(),
                                       .flags = flags[dice(3)],
                                       .cache = (enum paging_cache)dice(3)};
        /* Physical addresses are usually aligned alike, as in a direct map. */
        mappings[i].physical = dice(4) ? at & 0xffffffffff000 : dice(1 << 24) * PAGE_BYTES;
        if (mappings[i].physical != (at & 0xffffffffff000) && mappings[i].bytes > 32 * MIB)
            mappings[i].bytes = 32 * MIB;
        at += mappings[i].bytes;
    }
}

static void test_random_mappings(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct mapping mappings[MAPPINGS];
        struct paging paging = begin(4 + (uint32_t)dice(2));
        uint64_t pages;

        paging.has_1gib_pages = dice(2);
        paging.has_nx = dice(4);
        paging.has_pge = dice(4);
        paging.has_pat = dice(4);
        random_mappings(paging.levels, mappings);
        assert_int_equal(OK, paging_count(&paging, mappings, MAPPINGS, &pages));
        paging.end = paging.next + pages * PAGE_BYTES;
        for (uint32_t i = 0; i < MAPPINGS; i++)
            assert_int_equal(OK, paging_map(&paging, &mappings[i]));
        assert_int_equal(pages, used(&paging));
        assert_maps_exactly(&paging, mappings, MAPPINGS);
        wipe(&paging);
    }
}

/* The order of calls does not matter, and nor does it to the number of tables. */
static void test_backwards(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < ROUNDS / 8; round++) {
        struct mapping mappings[MAPPINGS];
        struct paging paging = begin(4);
        uint64_t pages;

        random_mappings(4, mappings);
        assert_int_equal(OK, paging_count(&paging, mappings, MAPPINGS, &pages));
        for (uint32_t i = MAPPINGS; i-- > 0;)
            assert_int_equal(OK, paging_map(&paging, &mappings[i]));
        assert_int_equal(pages, used(&paging));
        assert_maps_exactly(&paging, mappings, MAPPINGS);
        wipe(&paging);
    }
}

/* ---- refusals -------------------------------------------------------------------------------- */

/* A second mapping that shares one page with a first, by any combination of page sizes, is refused
 * and changes nothing. */
static void test_overlap_is_refused(void **state)
{
    static const uint64_t sizes[] = {PAGE_BYTES, TWO_MIB, GIB};

    (void)state;
    for (uint32_t n = 0; n < 36; n++) {
        uint64_t size = sizes[n % 3], other = sizes[n / 3 % 3];
        struct mapping first = {GIB, GIB, size * 3, 0, CACHE_WRITE_BACK};
        struct mapping second = {0, 0, other, MAP_WRITE, CACHE_WRITE_BACK};
        struct mapping both[2];
        struct paging paging = begin(n >= 18 ? 5 : 4);
        uint64_t before, pages;

        /* Over the first page, or over the last one. */
        second.virtual = align_down(n % 2 ? GIB : GIB + 3 * size - 1, other);
        second.physical = second.virtual;
        assert_int_equal(OK, paging_map(&paging, &first));
        before = paging.next;
        assert_int_equal(ERR_BUG, paging_map(&paging, &second));
        assert_true(before == paging.next);
        assert_maps_exactly(&paging, &first, 1);
        both[0] = first.virtual <= second.virtual ? first : second;
        both[1] = first.virtual <= second.virtual ? second : first;
        assert_int_equal(ERR_BUG, paging_count(&paging, both, 2, &pages));
        wipe(&paging);
    }
}

static void test_neighbours_are_no_overlap(void **state)
{
    struct mapping around[] = {{GIB - PAGE_BYTES, 0, PAGE_BYTES, 0, CACHE_WRITE_BACK},
                               {GIB, GIB, GIB, 0, CACHE_WRITE_BACK},
                               {2 * GIB, 0, PAGE_BYTES, 0, CACHE_WRITE_BACK}};
    struct paging paging = begin(4);

    (void)state;
    assert_int_equal(OK, paging_map(&paging, &around[1]));
    assert_int_equal(OK, paging_map(&paging, &around[0]));
    assert_int_equal(OK, paging_map(&paging, &around[2]));
    assert_maps_exactly(&paging, around, 3);
    wipe(&paging);
}

static void assert_refused(struct mapping mapping, uint32_t levels)
{
    struct paging paging = begin(levels);
    uint64_t pages = 77;

    assert_int_equal(ERR_BUG, paging_map(&paging, &mapping));
    assert_int_equal(ERR_BUG, paging_count(&paging, &mapping, 1, &pages));
    assert_int_equal(77, pages);
    assert_int_equal(0, used(&paging));
}

static void test_bad_mappings_are_refused(void **state)
{
    const uint64_t hole4 = UINT64_C(1) << 47, hole5 = UINT64_C(1) << 56;

    (void)state;
    assert_refused((struct mapping){.virtual = 0, .bytes = 0}, 4);
    assert_refused((struct mapping){.virtual = 1, .bytes = PAGE_BYTES}, 4);
    assert_refused((struct mapping){.physical = 0x800, .bytes = PAGE_BYTES}, 4);
    assert_refused((struct mapping){.bytes = PAGE_BYTES + 8}, 4);
    assert_refused((struct mapping){.bytes = PAGE_BYTES, .flags = MAP_WRITE | MAP_EXECUTE}, 4);
    assert_refused((struct mapping){.virtual = -PAGE_BYTES, .bytes = 2 * PAGE_BYTES}, 4);
    assert_refused((struct mapping){.physical = -PAGE_BYTES, .bytes = 2 * PAGE_BYTES}, 4);
    assert_refused((struct mapping){.physical = UINT64_C(1) << 52, .bytes = PAGE_BYTES}, 4);
    assert_refused(
        (struct mapping){.physical = (UINT64_C(1) << 52) - PAGE_BYTES, .bytes = 2 * PAGE_BYTES}, 4);
    assert_refused((struct mapping){.virtual = hole4, .bytes = PAGE_BYTES}, 4);
    assert_refused((struct mapping){.virtual = hole4 - PAGE_BYTES, .bytes = 2 * PAGE_BYTES}, 4);
    assert_refused((struct mapping){.virtual = -hole4 - PAGE_BYTES, .bytes = PAGE_BYTES}, 4);
    assert_refused((struct mapping){.virtual = 0, .bytes = -PAGE_BYTES}, 4);
    assert_refused((struct mapping){.virtual = hole5, .bytes = PAGE_BYTES}, 5);
    assert_refused((struct mapping){.virtual = -hole5 - PAGE_BYTES, .bytes = PAGE_BYTES}, 5);
    assert_refused((struct mapping){.bytes = PAGE_BYTES}, 3);
}

static void test_edges_are_mapped(void **state)
{
    for (uint32_t levels = 4; levels <= 5; levels++) {
        const uint64_t half = UINT64_C(1) << (levels == 4 ? 47 : 56);
        struct mapping edges[] = {
            {0, 0, PAGE_BYTES, 0, CACHE_UNCACHED},
            {half - PAGE_BYTES, 0, PAGE_BYTES, MAP_WRITE, CACHE_WRITE_BACK},
            {-half, 0, PAGE_BYTES, 0, CACHE_WRITE_BACK},
            {-PAGE_BYTES, (UINT64_C(1) << 52) - PAGE_BYTES, PAGE_BYTES, 0, CACHE_WRITE_BACK}};
        struct paging paging = begin(levels);
        uint64_t pages;

        assert_int_equal(OK, paging_count(&paging, edges, 4, &pages));
        for (uint32_t i = 0; i < 4; i++)
            assert_int_equal(OK, paging_map(&paging, &edges[i]));
        assert_int_equal(pages, used(&paging));
        for (uint32_t i = 0; i < 4; i++)
            assert_page_is(&paging, &edges[i], edges[i].virtual + 123);
        assert_false(paging_translate(&paging, half).present);
        assert_false(paging_translate(&paging, -half - 1).present);
        assert_false(paging_translate(&paging, PAGE_BYTES).present);
        wipe(&paging);
    }
    (void)state;
}

static void test_count_needs_order(void **state)
{
    struct mapping mappings[] = {{GIB, 0, PAGE_BYTES, 0, CACHE_WRITE_BACK},
                                 {0, 0, PAGE_BYTES, 0, CACHE_WRITE_BACK}};
    struct paging paging = begin(4);
    uint64_t pages;

    (void)state;
    assert_int_equal(ERR_BUG, paging_count(&paging, mappings, 2, &pages));
    assert_int_equal(OK, paging_count(&paging, mappings, 0, &pages));
    assert_int_equal(1, pages);
}

static void test_empty_pool(void **state)
{
    struct mapping mapping = {GIB, 0, PAGE_BYTES, 0, CACHE_WRITE_BACK};

    (void)state;
    for (uint64_t pages = 0; pages <= 4; pages++) {
        struct paging paging = begin(4);
        paging.end = paging.next + pages * PAGE_BYTES;
        assert_int_equal(pages < 4 ? ERR_NO_MEMORY : OK, paging_map(&paging, &mapping));
        assert_true(paging.next <= paging.end);
        wipe(&paging);
    }
}

/* The largest direct map that we expect to meet. */
static void test_one_tebibyte(void **state)
{
    struct mapping all = {UINT64_C(0xffff800000000000), 0, 1024 * GIB, MAP_WRITE, CACHE_WRITE_BACK};
    struct paging paging = begin(4);
    uint64_t pages;

    (void)state;
    paging.has_1gib_pages = false;
    assert_int_equal(OK, paging_count(&paging, &all, 1, &pages));
    assert_int_equal(1 + 2 + 1024, pages);
    assert_int_equal(OK, paging_map(&paging, &all));
    assert_int_equal(pages, used(&paging));
    assert_page_is(&paging, &all, all.virtual + 1023 * GIB + 12345);
    wipe(&paging);
}

/* What four levels map, five with a table on top map at the same place. */
static void test_raise(void **state)
{
    struct mapping all = {0, 0, 3 * GIB, MAP_WRITE, CACHE_WRITE_BACK};
    struct paging paging = begin(4);

    (void)state;
    assert_int_equal(OK, paging_map(&paging, &all));
    assert_int_equal(OK, paging_raise(&paging));
    assert_int_equal(5, paging.levels);
    assert_page_is(&paging, &all, 2 * GIB + 12345);
    paging.end = paging.next;
    assert_int_equal(ERR_NO_MEMORY, paging_raise(&paging));
    wipe(&paging);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_mappings),
        cmocka_unit_test(test_backwards),
        cmocka_unit_test(test_overlap_is_refused),
        cmocka_unit_test(test_neighbours_are_no_overlap),
        cmocka_unit_test(test_bad_mappings_are_refused),
        cmocka_unit_test(test_edges_are_mapped),
        cmocka_unit_test(test_count_needs_order),
        cmocka_unit_test(test_empty_pool),
        cmocka_unit_test(test_one_tebibyte),
        cmocka_unit_test(test_raise),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    free(pool);
    return failed;
}
