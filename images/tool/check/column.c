/* Which bars stand in a column of addresses, and how high is each? */
#include "images/tool/check/column.h"
#include "common/lib/mem.h"
#include "images/tool/check/report.h"
#include <stdlib.h>

#define BAR_HEIGHT 19.0 /* of one page: a line of text */
#define DOUBLING   2.5  /* and for each doubling */
#define GAP_HEIGHT 17.0

/* ---- bars ------------------------------------------------------------------------------------ */

static double height_of(const struct bar *bar)
{
    double height = BAR_HEIGHT;
    if (strcmp(bar->colour, "gap") == 0)
        return GAP_HEIGHT;
    for (uint64_t pages = (bar->last - bar->first) / PAGE_BYTES; pages; pages /= 2)
        height += DOUBLING;
    return height;
}

static void append(struct column *column, const struct bar *bar)
{
    column->bars = realloc(column->bars, (column->count + 1) * sizeof *column->bars);
    if (!column->bars)
        abort();
    column->bars[column->count++] = *bar;
}

/* Bars are added by ascending address; what lies between two is a gap. */
static void add_bar(struct column *column, uint64_t first, uint64_t last, const char *name,
                    const char *colour)
{
    const struct bar *below = column->count ? &column->bars[column->count - 1] : NULL;
    const struct bar bar = {.first = first, .last = last, .name = name, .colour = colour};
    if (below && below->last + 1 != first) {
        const struct bar gap = {below->last + 1, first - 1, "", "gap", 0, 0};
        append(column, &gap);
    }
    append(column, &bar);
}

static void lay_out(struct column *column, double top)
{
    for (size_t i = column->count; i-- > 0;) {
        struct bar *bar = &column->bars[i];
        bar->top = top;
        bar->height = height_of(bar);
        top += bar->height;
    }
    column->bottom = top;
}

/* ---- virtual --------------------------------------------------------------------------------- */

static const char *colour_of_mapping(const struct mapping *mapping)
{
    if (mapping->cache == CACHE_UNCACHED)
        return "uncached";
    if (mapping->flags & MAP_EXECUTE)
        return mapping->flags & MAP_WRITE ? "all" : "execute";
    return mapping->flags & MAP_WRITE ? "write" : "read";
}

void column_make_virtual(struct column *column, const struct forecast *forecast, double top)
{
    const struct plan *plan = &forecast->attempt.plan;
    struct mapping mapping;

    *column = (struct column){0};
    for (uint64_t i = 0; i < plan->mapping_count;) {
        i = joined_mapping(plan, i, &mapping);
        add_bar(column, mapping.virtual, mapping.virtual + mapping.bytes - 1,
                mapping_name(plan, &mapping), colour_of_mapping(&mapping));
    }
    lay_out(column, top);
}

/* ---- physical -------------------------------------------------------------------------------- */

static const char *colour_of_type(enum lintel_memory_type type)
{
    switch (type) {
    case LINTEL_MEMORY_USABLE:
    case LINTEL_MEMORY_PERSISTENT:
        return "usable";
    case LINTEL_MEMORY_KERNEL:
        return "kernel";
    case LINTEL_MEMORY_RECLAIMABLE:
        return "reclaimable";
    default:
        return "reserved";
    }
}

/* The index of the lowest place that begins in [first, last]; place_count: none does. */
static uint64_t lowest_place(const struct plan *plan, uint64_t first, uint64_t last)
{
    const struct placement *places = plan->places;
    uint64_t lowest = plan->place_count;
    for (uint64_t i = 0; i < plan->place_count; i++)
        if (places[i].bytes && places[i].physical >= first && places[i].physical <= last &&
            (lowest == plan->place_count || places[i].physical < places[lowest].physical))
            lowest = i;
    return lowest;
}

static void add_range(struct column *column, const struct plan *plan,
                      const struct memmap_range *range)
{
    const char *type = memmap_type_name(range->type), *colour = colour_of_type(range->type);
    uint64_t next = range->first, index;

    while (next <= range->last &&
           (index = lowest_place(plan, next, range->last)) < plan->place_count) {
        const struct placement *place = &plan->places[index];
        if (place->physical > next)
            add_bar(column, next, place->physical - 1, type, colour);
        next = place->physical + place->bytes;
        add_bar(column, place->physical, next - 1, place_name(plan, index), colour);
    }
    if (next <= range->last)
        add_bar(column, next, range->last, type, colour);
}

void column_make_physical(struct column *column, const struct forecast *forecast, double top)
{
    const struct memmap *map = &forecast->attempt.map;
    *column = (struct column){0};
    for (uint64_t i = 0; i < map->count; i++)
        add_range(column, &forecast->attempt.plan, &map->ranges[i]);
    lay_out(column, top);
}

/* ---- looking up ------------------------------------------------------------------------------ */

double column_height_of(const struct bar *bar, uint64_t address)
{
    double part = (double)(address - bar->first) / ((double)(bar->last - bar->first) + 1);
    return bar->top + bar->height * (1 - part);
}

const struct bar *column_find(const struct column *column, uint64_t address)
{
    for (size_t i = 0; i < column->count; i++)
        if (address >= column->bars[i].first && address <= column->bars[i].last)
            return &column->bars[i];
    return NULL;
}

void column_free(struct column *column)
{
    free(column->bars);
    *column = (struct column){0};
}
