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

static void append(struct column *column, struct bar bar)
{
    column->bars = realloc(column->bars, (column->count + 1) * sizeof *column->bars);
    if (!column->bars)
        abort();
    column->bars[column->count++] = bar;
}

/* Pages between others that Lintel's window has; physical memory ends far below it. */
static bool is_guard(uint64_t first, uint64_t last)
{
    return first >= PLAN_WINDOW && last < PLAN_WINDOW_END && last - first == PAGE_BYTES - 1;
}

/* Bars are added by ascending address; what lies between two is a gap. */
static void add_bar(struct column *column, struct bar bar, const char *gap)
{
    uint64_t next = column->count ? column->bars[column->count - 1].last + 1 : bar.first;
    uint64_t last = bar.first - 1;

    if (next != bar.first)
        append(column, (struct bar){.first = next,
                                    .last = last,
                                    .name = is_guard(next, last) ? "guard page" : gap,
                                    .colour = "gap"});
    append(column, bar);
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
    const struct attempt *attempt = &forecast->attempt;
    const struct plan *plan = &attempt->plan;
    struct mapping mapping;

    *column = (struct column){0};
    for (uint64_t i = 0; i < plan->mapping_count;) {
        i = joined_mapping(plan, i, &mapping);
        add_bar(column,
                (struct bar){.first = mapping.virtual,
                             .last = mapping.virtual + mapping.bytes - 1,
                             .name = mapping_name(attempt, &mapping),
                             .may = permissions_text(mapping.flags),
                             .colour = colour_of_mapping(&mapping)},
                "absent");
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

/* Whole pages, for that is what a reservation takes. */
static void stack(struct column *layers, uint64_t first, uint64_t bytes, const char *name,
                  const char *colour)
{
    append(layers, (struct bar){.first = first,
                                .last = align_up(first + bytes, PAGE_BYTES) - 1,
                                .name = name,
                                .colour = colour});
}

static void stack_place(struct column *layers, const struct attempt *attempt, uint64_t index)
{
    const struct placement *place = &attempt->plan.places[index];
    const char *name;

    if (!place->bytes || place_is_trial(attempt, index))
        return;
    name = place_name(attempt, index);
    stack(layers, place->target, place->bytes, name, colour_of_type(place->type));
    if (place->physical != place->target)
        stack(layers, place->physical, place->bytes, name, "before");
}

/* What may lie at an address, the uppermost first: it hides what lies below. */
static void list_layers(struct column *layers, const struct forecast *forecast)
{
    const struct attempt *attempt = &forecast->attempt;

    for (uint64_t i = 0; i < attempt->plan.place_count; i++)
        stack_place(layers, attempt, i);
    if (attempt->has_video)
        stack(layers, attempt->video.fb.base_physical, attempt->video.fb.bytes, "framebuffer",
              "reserved");
    for (uint32_t i = 0; i < forecast->loader.count; i++)
        stack(layers, forecast->loader.ranges[i].base, forecast->loader.ranges[i].bytes,
              "the loader", "before");
    for (uint64_t i = 0; i < attempt->map.count; i++) {
        const struct memmap_range *range = &attempt->map.ranges[i];
        append(layers, (struct bar){.first = range->first,
                                    .last = range->last,
                                    .name = memmap_type_name(range->type),
                                    .colour = colour_of_type(range->type)});
    }
}

/* The uppermost layer at an address, from there on as far as it is that; false: there is none, and
 * *bar begins where the next one does. */
static bool look_down(const struct column *layers, uint64_t at, struct bar *bar)
{
    uint64_t next = UINT64_MAX;

    for (size_t i = 0; i < layers->count; i++) {
        const struct bar *layer = &layers->bars[i];
        if (layer->first <= at && at <= layer->last) {
            *bar = *layer;
            bar->first = at;
            bar->last = MIN(layer->last, next - 1);
            return true;
        }
        if (layer->first > at)
            next = MIN(next, layer->first);
    }
    bar->first = next;
    return false;
}

void column_make_physical(struct column *column, const struct forecast *forecast, double top)
{
    struct column layers = {0};
    struct bar bar;

    *column = (struct column){0};
    list_layers(&layers, forecast);
    for (uint64_t at = 0; at != UINT64_MAX;)
        if (look_down(&layers, at, &bar)) {
            add_bar(column, bar, "nothing");
            at = bar.last + 1;
        } else {
            at = bar.first;
        }
    column_free(&layers);
    lay_out(column, top);
}

/* ---- looking up ------------------------------------------------------------------------------ */

double column_height_of(const struct column *column, uint64_t address)
{
    const struct bar *bar = column->bars, *end = bar + column->count;

    while (bar + 1 < end && bar->last < address)
        bar++;
    uint64_t from_first = address < bar->first ? 0 : address - bar->first;
    uint64_t bytes = bar->last - bar->first + 1;
    return bar->top + bar->height * (1 - (double)MIN(from_first, bytes) / (double)bytes);
}

const struct bar *column_find(const struct column *column, uint64_t address)
{
    const struct bar *bar = column->bars;

    while (bar->last < address)
        bar++;
    return bar;
}

void column_free(struct column *column)
{
    free(column->bars);
    *column = (struct column){0};
}
