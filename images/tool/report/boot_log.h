/* What Lintel's own kernel said on a serial line, as data. */
#pragma once

#include "common/lib/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_range { /* of physical memory */
    uint64_t first, last;
    char name[24];
    size_t more; /* ranges that are drawn as one with it */
};

struct log_mapping {
    uint64_t first, last, physical;
    char rights[6]; /* "rw-ug", with "-" for what is not allowed */
    char cache[20];
};

struct log_stage {
    char name[24];
    uint64_t tsc;
};

struct log_claim {
    unsigned number;
    bool holds;
    char title[128];
};

/* Lists are in the order of the log. `raw` and `mappings` are what the shell's `map` and `pt` show;
 * empty where nobody asked. */
struct boot_log {
    char firmware[8], loader[64], cpu[96];
    uint64_t tsc_hz, usable_bytes, direct_map;
    struct log_range *normal, *raw;
    size_t normal_count, raw_count;
    struct log_mapping *mappings;
    size_t mapping_count;
    struct log_stage *stages;
    size_t stage_count;
    struct log_claim *claims;
    size_t claim_count;
};

/* Reads a file; of several boots in it the last one counts. ERR_IO; ERR_FORMAT: no kernel speaks in
 * it. */
enum err boot_log_read(const char *path, struct boot_log *log);
void boot_log_free(struct boot_log *log);
