/* An address space as a column of bars, high addresses at the top. A bar's height tells only the
 * order of magnitude of its size: true proportions would show one bar and hide all others. */
#pragma once

#include "images/tool/check/forecast.h"
#include <stddef.h>

struct bar {
    uint64_t first, last; /* last inclusive */
    const char *name;
    const char *may;    /* what the kernel may do there; NULL: not said */
    const char *colour; /* a class of the drawing's style sheet; "gap": nothing is there */
    double top, height; /* in pixels, downwards */
};

struct column {
    struct bar *bars; /* by address */
    size_t count;
    double bottom; /* in pixels */
};

/* The kernel's mappings, neighbours that continue each other joined. */
void column_make_virtual(struct column *column, const struct forecast *forecast, double top);

/* The kernel's memory map, with the plan's places in it, and with what lay there before. */
void column_make_physical(struct column *column, const struct forecast *forecast, double top);

/* How high an address lies; beyond the bars it is at their end. */
double column_height_of(const struct column *column, uint64_t address);

/* The bar that an address lies in; there is one. */
const struct bar *column_find(const struct column *column, uint64_t address);

void column_free(struct column *column);
