/* One ordered insert in which the stricter type wins, and one rounding to pages at the very end:
 * firmware of every make reports overlapping, unsorted, unaligned and wrapping ranges. */
#include "common/memory/memmap.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

/* Of two that claim one byte, the higher wins. Defects beat everything. A framebuffer beats
 * reserved memory and device registers because UEFI lists it as one of these, while the kernel must
 * still find it. Then the less a kernel may do with memory, the stricter it is; what a kernel may
 * overwrite at once is the weakest. */
static const uint8_t strictness[LINTEL_MEMORY_TYPES] = {
    [LINTEL_MEMORY_USABLE] = 1,
    [LINTEL_MEMORY_RECLAIMABLE] = 2,
    [LINTEL_MEMORY_KERNEL] = 3,
    [LINTEL_MEMORY_ACPI_RECLAIMABLE] = 4,
    [LINTEL_MEMORY_PERSISTENT] = 5,
    [LINTEL_MEMORY_ACPI_NVS] = 6,
    [LINTEL_MEMORY_EFI_RUNTIME_DATA] = 7,
    [LINTEL_MEMORY_EFI_RUNTIME_CODE] = 8,
    [LINTEL_MEMORY_MMIO] = 9,
    [LINTEL_MEMORY_RESERVED] = 10,
    [LINTEL_MEMORY_FRAMEBUFFER] = 11,
    [LINTEL_MEMORY_BAD] = 12,
};

/* Index of the first range that ends at `address` or behind it; count when there is none. */
static uint64_t find(const struct memmap *map, uint64_t address)
{
    uint64_t low = 0, high = map->count;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (map->ranges[middle].last < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Moves ranges[i] and all behind it up by one. The caller has seen to the capacity. */
static void make_room(struct memmap *map, uint64_t i)
{
    memmove(&map->ranges[i + 1], &map->ranges[i], (map->count - i) * sizeof *map->ranges);
    map->count++;
}

static enum err need_room(const struct memmap *map, uint64_t ranges)
{
    if (ranges <= map->capacity - map->count)
        return OK;
    return fail(ERR_NO_MEMORY, "memory map: no room for %lu more ranges than its %lu", ranges,
                map->count);
}

/* Cuts the range that holds both address - 1 and address in two: the map still means the same. */
static enum err split(struct memmap *map, uint64_t address)
{
    uint64_t i = find(map, address);

    if (i == map->count || map->ranges[i].first >= address)
        return OK;
    TRY(need_room(map, 1));
    make_room(map, i);
    map->ranges[i].last = address - 1;
    map->ranges[i + 1].first = address;
    return OK;
}

/* Stretches in first..last that no range holds. */
static uint64_t count_gaps(const struct memmap *map, uint64_t first, uint64_t last)
{
    uint64_t gaps = 0;

    for (uint64_t i = find(map, first); i < map->count && map->ranges[i].first <= last; i++) {
        gaps += map->ranges[i].first > first;
        if (map->ranges[i].last >= last)
            return gaps;
        first = map->ranges[i].last + 1;
    }
    return gaps + 1;
}

/* Gives `add` the gaps that it covers, and the ranges too where it is stricter or `overrides`. No
 * range crosses the ends of `add`: split() has been there. */
static enum err fill(struct memmap *map, struct memmap_range add, bool overrides)
{
    uint64_t i = find(map, add.first);

    TRY(need_room(map, count_gaps(map, add.first, add.last)));
    for (;; i++) {
        struct memmap_range *range = &map->ranges[i];

        if (i == map->count || range->first > add.first) {
            uint64_t last = i == map->count ? add.last : MIN(add.last, range->first - 1);
            make_room(map, i);
            *range = (struct memmap_range){add.first, last, add.type};
        } else if (overrides || strictness[add.type] > strictness[range->type]) {
            range->type = add.type;
        }
        if (range->last == add.last)
            return OK;
        add.first = range->last + 1;
    }
}

/* Joins what touches and is equal, from the range before `first` to the one behind `last`. */
static void merge(struct memmap *map, uint64_t first, uint64_t last)
{
    struct memmap_range *ranges = map->ranges;
    uint64_t keep = find(map, first ? first - 1 : 0), i;

    for (i = keep + 1; i < map->count && ranges[i].first - 1 <= last; i++) {
        if (ranges[keep].last + 1 == ranges[i].first && ranges[keep].type == ranges[i].type)
            ranges[keep].last = ranges[i].last;
        else
            ranges[++keep] = ranges[i];
    }
    if (i > map->count)
        return;
    memmove(&ranges[keep + 1], &ranges[i], (map->count - i) * sizeof *ranges);
    map->count -= i - (keep + 1);
}

static enum err append(struct memmap *map, struct memmap_range range)
{
    TRY(need_room(map, 1));
    map->ranges[map->count++] = range;
    return OK;
}

static enum err lay_over(struct memmap *map, struct memmap_range range, bool overrides)
{
    TRY(split(map, range.first));
    if (range.last != UINT64_MAX)
        TRY(split(map, range.last + 1));
    return fill(map, range, overrides);
}

static enum err add(struct memmap *map, struct memmap_range range, bool overrides)
{
    bool is_behind = !map->count || map->ranges[map->count - 1].last < range.first;
    enum err err = is_behind ? append(map, range) : lay_over(map, range, overrides);

    merge(map, range.first, range.last);
    return err;
}

/* From base and length to first and last byte, cut at `limit`, the last address that there is.
 * False: nothing is left. */
static bool range_of(uint64_t base, uint64_t bytes, enum lintel_memory_type type, uint64_t limit,
                     struct memmap_range *range)
{
    uint64_t last;

    if (!bytes || base > limit)
        return false;
    if (add_wraps(base, bytes - 1, &last) || last > limit)
        last = limit;
    if (type <= 0 || type >= LINTEL_MEMORY_TYPES)
        type = LINTEL_MEMORY_RESERVED;
    *range = (struct memmap_range){base, last, type};
    return true;
}

enum err memmap_insert(struct memmap *map, uint64_t base, uint64_t bytes,
                       enum lintel_memory_type type)
{
    struct memmap_range range;

    return range_of(base, bytes, type, UINT64_MAX, &range) ? add(map, range, false) : OK;
}

enum err memmap_overlay(struct memmap *map, uint64_t base, uint64_t bytes,
                        enum lintel_memory_type type)
{
    struct memmap_range range;

    return range_of(base, bytes, type, UINT64_MAX, &range) ? add(map, range, true) : OK;
}

/* A usable range that wraps at 2^64 is nonsense; any other is kept as far as it can lie, since what
 * it covers may be dangerous. */
static bool is_nonsense(const struct raw_range *raw)
{
    uint64_t last;

    return raw->type == LINTEL_MEMORY_USABLE && add_wraps(raw->base, raw->bytes - 1, &last);
}

enum err memmap_insert_raw(struct memmap *map, const struct raw_map *raw, uint32_t physical_bits)
{
    uint64_t limit = physical_bits < 64 ? (UINT64_C(1) << physical_bits) - 1 : UINT64_MAX;

    for (uint64_t i = 0; i < raw->count; i++) {
        const struct raw_range *from = &raw->ranges[i];
        struct memmap_range range;
        bool keep;

        if (!from->bytes)
            continue;
        keep = !is_nonsense(from) && range_of(from->base, from->bytes, from->type, limit, &range);
        if (!keep || range.last - range.first != from->bytes - 1)
            note("memory map: %s %lXh + %lXh passes the CPU's %u address bits: %s\n",
                 memmap_type_name(from->type), from->base, from->bytes, physical_bits,
                 keep ? "cut" : "dropped");
        if (keep)
            TRY(add(map, range, false));
    }
    return OK;
}

void memmap_cut(struct memmap *map, uint64_t last)
{
    while (map->count && map->ranges[map->count - 1].first > last)
        map->count--;
    if (map->count)
        map->ranges[map->count - 1].last = MIN(map->ranges[map->count - 1].last, last);
}

/* Usable memory inwards, all else outwards. False: nothing is left. */
static bool round_to_pages(struct memmap_range *range)
{
    const uint64_t rest = PAGE_BYTES - 1;

    if (range->type != LINTEL_MEMORY_USABLE) {
        range->first &= ~rest;
        range->last |= rest;
        return true;
    }
    if (range->first > ~rest || range->last < rest)
        return false;
    range->first = align_up(range->first, PAGE_BYTES);
    if ((range->last & rest) != rest)
        range->last = align_down(range->last, PAGE_BYTES) - 1;
    return range->first < range->last;
}

enum err memmap_normalise(struct memmap *map)
{
    uint64_t count = map->count;
    struct memmap pages = {map->ranges, 0, map->capacity};
    struct memmap_range *from = map->ranges + (map->capacity - count);

    TRY(need_room(map, count + 1));
    /* The new map grows from the bottom of the same storage and can't reach what it still reads:
     * n inserts make at most 2n - 1 ranges. */
    memmove(from, map->ranges, count * sizeof *from);
    for (uint64_t i = 0; i < count; i++) {
        struct memmap_range range = from[i];
        if (round_to_pages(&range))
            TRY(add(&pages, range, false));
    }
    TRY(memmap_insert(&pages, 0, PAGE_BYTES, LINTEL_MEMORY_RESERVED));
    *map = pages;
    return OK;
}

void memmap_copy(struct memmap *to, const struct memmap *from)
{
    memcpy(to->ranges, from->ranges, from->count * sizeof *from->ranges);
    to->count = from->count;
}

/* The highest place, or the lowest, in one range. */
static bool find_in_range(const struct memmap_range *range, uint64_t bytes, uint64_t alignment,
                          uint64_t low, uint64_t high, bool lowest, uint64_t *physical)
{
    uint64_t first = MAX(range->first, low);
    uint64_t last = MIN(range->last, high - 1); /* a `high` of 0 limits nothing */
    uint64_t highest, place;

    if (range->type != LINTEL_MEMORY_USABLE || first > last || last - first < bytes - 1)
        return false;
    highest = align_down(last - (bytes - 1), alignment);
    place = lowest ? align_up(first, alignment) : highest;
    if (highest < first || place > highest)
        return false;
    *physical = place;
    return true;
}

static enum err find_place(const struct memmap *map, uint64_t bytes, uint64_t alignment,
                           uint64_t low, uint64_t high, bool lowest, uint64_t *physical)
{
    if (!bytes || !is_power_of_two(alignment))
        return bug("memory map: place for %lXh bytes aligned to %lXh asked", bytes, alignment);
    for (uint64_t i = 0; i < map->count; i++) {
        const struct memmap_range *range = &map->ranges[lowest ? i : map->count - 1 - i];
        if (find_in_range(range, bytes, alignment, low, high, lowest, physical))
            return OK;
    }
    return fail(ERR_NO_MEMORY, "no %lu KiB of free memory in one piece from %lXh to %lXh",
                bytes / KIB + (bytes % KIB != 0), low, high - 1);
}

enum err memmap_find_highest(const struct memmap *map, uint64_t bytes, uint64_t alignment,
                             uint64_t low, uint64_t high, uint64_t *physical)
{
    return find_place(map, bytes, alignment, low, high, false, physical);
}

enum err memmap_find_lowest(const struct memmap *map, uint64_t bytes, uint64_t alignment,
                            uint64_t low, uint64_t high, uint64_t *physical)
{
    return find_place(map, bytes, alignment, low, high, true, physical);
}

uint64_t memmap_largest(const struct memmap *map, uint64_t low, uint64_t high)
{
    uint64_t largest = 0;

    for (uint64_t i = 0; i < map->count; i++) {
        uint64_t first = MAX(map->ranges[i].first, low);
        uint64_t last = MIN(map->ranges[i].last, high - 1);
        if (map->ranges[i].type == LINTEL_MEMORY_USABLE && first < last)
            largest = MAX(largest, last - first + 1);
    }
    return largest;
}

uint64_t memmap_bytes(const struct memmap *map, enum lintel_memory_type type)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < map->count; i++) {
        const struct memmap_range *range = &map->ranges[i];
        if (range->type == type)
            sum += range->last - range->first + 1;
    }
    return sum;
}
