/* Whether the memory is there that the BIOS tells of. */
#pragma once

#include "common/firmware.h"

bool ram_overlaps(const struct raw_range *range, uint64_t base, uint64_t bytes);

/* Makes usable ranges end where nothing more keeps what is written, as far as they lie in [from,
 * to), which the loader's tables map. */
void ram_check(struct raw_map *map, uint64_t from, uint64_t to);
