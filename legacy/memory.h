/* Memory on BIOS, which manages none itself: the loader's own allocator over the E820 map. */
#ifndef LEGACY_MEMORY_H
#define LEGACY_MEMORY_H

#include "common/firmware.h"

/* What the loader reaches through its identity tables: the first 4 GiB. */
#define MEMORY_REACHABLE_END (UINT64_C(1) << 32)

/* Reads the map and readies the verbs below. ERR_FORMAT, ERR_NO_MEMORY. */
enum err memory_begin(void);

/* The verbs of struct firmware. */
enum err memory_allocate(uint64_t pages, uint64_t *physical);
enum err memory_claim(uint64_t physical, uint64_t pages);
void memory_release(uint64_t physical, uint64_t pages);
enum err memory_map(struct raw_map *map, struct raw_map *busy);

#endif
