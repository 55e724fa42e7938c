/* What a boot of a kernel on some machine would do: found by the loader's own code, which decides
 * everything before it touches anything. */
#ifndef LINTEL_TOOL_CHECK_FORECAST_H
#define LINTEL_TOOL_CHECK_FORECAST_H

#include "common/protocol/protocol.h"
#include "images/tool/check/machine.h"

struct forecast {
    struct facts facts;
    struct firmware firmware;
    struct machine machine;
    struct timeline timeline;
    struct disk disk; /* that all files lie on, as far as the loader asks: */
    struct volume volume;
    struct fs fs;
    const struct protocol *protocol;
    struct attempt attempt;  /* its map is the kernel's at the end */
    struct memmap before;    /* the firmware's map, normalised */
    struct raw_range loader; /* what the loader holds of its own meanwhile; free for the kernel */
    uint64_t table_pages;    /* that the mappings take; 0: no tables are made */
};

/* The steps, in order; the entry's paths are the host's, and it outlives them. Each takes what the
 * ones before found, and fails as the loader would. */
enum err forecast_begin(struct forecast *forecast, const struct machine_wish *machine,
                        const struct entry *entry);
enum err forecast_read(struct forecast *forecast);
enum err forecast_plan(struct forecast *forecast);

/* Fails where no machine would boot the entry. */
enum err forecast_check(const struct entry *entry);

#endif
