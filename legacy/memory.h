/* Memory on BIOS, which manages none itself: the loader's own allocator over the E820 map. */
#pragma once

#include "common/firmware.h"

/* Reads the map and readies the verbs below. ERR_FORMAT, ERR_NO_MEMORY. */
enum err memory_begin(void);

/* Maps memory above 4 GiB one to one, up to 512 GiB, for what is loaded there. Returns where, in
 * bytes, the memory ends that the loader can write. */
uint64_t memory_reach(uint32_t cpu_features);

/* The verbs of struct firmware. */
enum err memory_allocate(uint64_t pages, uint64_t *physical);
enum err memory_reserve(uint64_t physical, uint64_t pages);
void memory_release(uint64_t physical, uint64_t pages);
enum err memory_map(struct raw_map *map, struct raw_map *busy);
