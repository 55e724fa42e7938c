/* What a boot of a kernel on some machine would do: found by the loader's own code, which decides
 * everything before it touches anything. */
#pragma once

#include "common/protocol/protocol.h"
#include "images/tool/check/machine.h"
#include "images/tool/host/file.h"

/* Where the files of an entry are. ERR_NOT_FOUND. */
struct forecast_files {
    enum err (*open)(const void *context, const char *path, struct content *content);
    const void *context;
};

struct forecast {
    struct facts facts;
    struct firmware firmware;
    struct machine machine;
    struct timeline timeline;
    struct forecast_files files;
    struct disk disk; /* that they all lie on, as far as the loader asks: */
    struct volume volume;
    struct fs fs;
    const struct protocol *protocol;
    struct attempt attempt; /* its map is the kernel's at the end */
    struct memmap before;   /* the firmware's map, normalised */
    struct machine_loader loader;
    uint64_t
        table_pages; /* of the tables that the kernel begins on; 0: without any of the loader's */
};

/* The steps, in order; entry and files outlive them. Each takes what the ones before found, and
 * fails as the loader would. Where the wish names no firmware, it is one that starts such kernels.
 */
enum err forecast_begin(struct forecast *forecast, const struct machine_wish *wish,
                        const struct entry *entry, const struct forecast_files *files);
enum err forecast_read(struct forecast *forecast);
enum err forecast_plan(struct forecast *forecast);

/* Fails where no machine would boot the entry. */
enum err forecast_check(const struct entry *entry, const struct forecast_files *files);
