/* Is the memory there that the BIOS tells of? */
#include "legacy/ram.h"
#include "common/hw/probe.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

/* Few, for each costs a virtual machine's host a page. */
#define SAMPLES 16
/* Where a sample fails: small, so that few addresses behind the memory's end are written to. */
#define STEP (16 * MIB)

bool ram_overlaps(const struct raw_range *range, uint64_t base, uint64_t bytes)
{
    uint64_t end;

    if (add_wraps(range->base, range->bytes, &end))
        end = UINT64_MAX;
    return range->bytes && range->base < base + bytes && base < end;
}

static bool is_usable(const struct raw_map *map, uint64_t page)
{
    for (uint64_t i = 0; i < map->count; i++)
        if (map->ranges[i].type != LINTEL_MEMORY_USABLE &&
            ram_overlaps(&map->ranges[i], page, PAGE_BYTES))
            return false;
    return true;
}

/* Whatever else the map has at a page, devices are not written to. */
static bool keeps(const struct raw_map *map, uint64_t first, uint64_t page)
{
    return !is_usable(map, page) || probe_keeps(first, page + PAGE_BYTES - 1);
}

/* The first page that keeps nothing, of every so many and the last; `end`: all do. */
static uint64_t find_hole(const struct raw_map *map, uint64_t first, uint64_t end, uint64_t step)
{
    for (uint64_t page = first; page < end; page += step)
        if (!keeps(map, first, page))
            return page;
    return keeps(map, first, end - PAGE_BYTES) ? end : end - PAGE_BYTES;
}

static uint64_t find_end(const struct raw_map *map, uint64_t first, uint64_t end)
{
    uint64_t step = MAX(align_down((end - first) / SAMPLES, PAGE_BYTES), PAGE_BYTES);

    if (find_hole(map, first, end, step) == end)
        return end;
    uint64_t hole = find_hole(map, first, end, STEP);
    if (hole == first)
        return first;
    uint64_t memory = first + align_down(hole - 1 - first, STEP);
    while (hole - memory > PAGE_BYTES) {
        uint64_t middle = align_down(memory + (hole - memory) / 2, PAGE_BYTES);
        if (keeps(map, first, middle))
            memory = middle;
        else
            hole = middle;
    }
    return hole;
}

static void check_range(const struct raw_map *map, struct raw_range *range, uint64_t from,
                        uint64_t to)
{
    uint64_t first = MAX(align_up(range->base, PAGE_BYTES), from), end;

    if (add_wraps(range->base, range->bytes, &end))
        end = UINT64_MAX;
    uint64_t last = MIN(align_down(end, PAGE_BYTES), to);
    if (first >= last)
        return;
    uint64_t found = find_end(map, first, last);
    if (found == last)
        return;
    note("the BIOS tells of memory from %lXh to %lXh; from %lXh on nothing keeps what is written\n",
         range->base, end, found);
    range->bytes = found - range->base;
}

void ram_check(struct raw_map *map, uint64_t from, uint64_t to)
{
    for (uint64_t i = 0; i < map->count; i++)
        if (map->ranges[i].type == LINTEL_MEMORY_USABLE)
            check_range(map, &map->ranges[i], from, to);
}
