/* What a boot of a kernel on some machine would do: found by the loader's own code, which decides
 * everything before it touches anything. */
#ifndef LINTEL_TOOL_CHECK_FORECAST_H
#define LINTEL_TOOL_CHECK_FORECAST_H

#include "common/protocol/limine/limine.h"
#include "images/tool/check/kernel_file.h"
#include "images/tool/check/machine.h"

struct forecast {
    struct boot boot;
    struct facts facts;
    struct kernel_file kernel;
    struct limine limine;    /* with the job: Limine's kernels have one, and Lintel's own */
    struct job *job;         /* its map is the kernel's at the end */
    struct memmap before;    /* the firmware's map, normalised */
    struct raw_range loader; /* what the loader holds of its own meanwhile; free for the kernel */
    uint64_t table_pages;    /* that the mappings take */
};

/* The steps, in order; the entry's paths are the host's, and it outlives them. Each takes what the
 * ones before found, and fails as the loader would. */
enum err forecast_begin(struct forecast *forecast, const struct machine_wish *machine,
                        const struct entry *entry);
enum err forecast_read(struct forecast *forecast);
enum err forecast_plan(struct forecast *forecast);

/* Once begun: true where the loader plans the boot; else the kernel is a foreign one (foreign.h).
 */
bool forecast_has_plan(const struct forecast *forecast);

/* Fails where no machine would boot the entry. */
enum err forecast_check(const struct entry *entry);

#endif
