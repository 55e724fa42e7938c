/* Any raw map makes a normalised map that is ordered, disjoint, merged, whole pages, and whose
 * usable pages nothing else claims. The input is a list of ranges, 17 bytes each. */
#include "common/lib/mem.h"
#include "common/memory/memmap.h"
#include <stdlib.h>

#define RAW_BYTES 17
#define RANGES    256

static void must(bool holds)
{
    if (!holds)
        abort();
}

static uint64_t read_raw(const uint8_t *data, size_t size, struct raw_range raw[RANGES])
{
    uint64_t count = MIN(size / RAW_BYTES, RANGES);

    for (uint64_t i = 0; i < count; i++, data += RAW_BYTES)
        raw[i] =
            (struct raw_range){load64(data), load64(data + 8),
                               (enum lintel_memory_type)(data[16] % (LINTEL_MEMORY_TYPES + 2))};
    return count;
}

static void check_order(const struct memmap *map)
{
    must(map->count > 0 && map->ranges[0].first == 0);
    must(map->ranges[0].type != LINTEL_MEMORY_USABLE);
    for (uint64_t i = 0; i < map->count; i++) {
        const struct memmap_range *range = &map->ranges[i];
        must(range->first < range->last);
        must(range->first % PAGE_BYTES == 0 && range->last % PAGE_BYTES == PAGE_BYTES - 1);
        must(i == 0 || range[-1].last < range->first);
        must(i == 0 || range[-1].last + 1 != range->first || range[-1].type != range->type);
    }
}

static void check_usable(const struct memmap *map, const struct raw_range *raw, uint64_t count,
                         uint64_t limit)
{
    for (uint64_t i = 0; i < map->count; i++) {
        const struct memmap_range *range = &map->ranges[i];
        must(range->first <= limit);
        for (uint64_t k = 0; range->type == LINTEL_MEMORY_USABLE && k < count; k++) {
            uint64_t last = raw[k].base + (raw[k].bytes - 1);
            if (!raw[k].bytes || raw[k].type == LINTEL_MEMORY_USABLE)
                continue;
            last = last < raw[k].base ? UINT64_MAX : last;
            must(last < range->first || raw[k].base > range->last);
        }
    }
}

static void check_search(const struct memmap *map, uint64_t bytes)
{
    uint64_t place, alignment = UINT64_C(1) << (12 + bytes % 20);

    if (!bytes || memmap_find_highest(map, bytes, alignment, 0, 0, &place) != OK)
        return;
    must(place % alignment == 0);
    for (uint64_t i = 0; i < map->count; i++)
        if (map->ranges[i].first <= place && place <= map->ranges[i].last) {
            must(map->ranges[i].type == LINTEL_MEMORY_USABLE);
            must(map->ranges[i].last - place >= bytes - 1);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct memmap_range ranges[2 * MEMMAP_CAPACITY(RANGES) + 1];
    struct raw_range raw[RANGES];
    struct memmap map = {ranges, 0, ARRAY_LENGTH(ranges)};
    struct raw_map in = {.ranges = raw};
    uint32_t bits = 32 + (size ? data[0] % 33 : 0);

    in.count = read_raw(data, size, raw);
    must(memmap_insert_raw(&map, &in, bits) == OK);
    must(map.count <= MEMMAP_CAPACITY(in.count));
    map.capacity = 2 * map.count + 1;
    must(memmap_normalise(&map) == OK);
    check_order(&map);
    check_usable(&map, raw, in.count, bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX);
    check_search(&map, in.count ? raw[0].bytes : 1);
    return 0;
}
