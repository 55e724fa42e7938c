/* What a boot of a kernel on some machine would do: found by the loader's own code, which decides
 * everything before it touches anything. */
#ifndef LINTEL_TOOL_FORECAST_H
#define LINTEL_TOOL_FORECAST_H

#include "kernel_file.h"
#include "machine.h"
#include "common/proto/lintel/lintel.h"

struct forecast {
    struct boot boot;
    struct facts facts;
    struct entry entry;
    struct kernel_file kernel;
    struct job job;          /* its map is the kernel's at the end */
    struct memmap before;    /* the firmware's map, normalised */
    struct raw_range loader; /* what the loader holds of its own meanwhile; free for the kernel */
    uint64_t table_pages;    /* that the mappings take */
};

/* The steps, in order; each takes what the ones before found, and fails as the loader would. */
enum err forecast_begin(struct forecast *forecast, const struct machine_wish *machine,
                        const char *kernel);
enum err forecast_read(struct forecast *forecast, const char *const *modules, size_t count);
enum err forecast_plan(struct forecast *forecast);

#endif
