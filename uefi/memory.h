/* Memory: pages from firmware, its map, and leaving it. */
#pragma once

#include "common/firmware.h"

/* The verbs of struct firmware. */
enum err memory_allocate(uint64_t pages, uint64_t *physical);
enum err memory_reserve(uint64_t physical, uint64_t pages);
void memory_release(uint64_t physical, uint64_t pages);
enum err memory_map(struct raw_map *map, struct raw_map *busy);
enum err memory_leave(struct raw_map *map);

/* A map that later calls of memory_map() leave alone, and the end of what it describes. */
enum err memory_first_map(struct raw_map *map, uint64_t *end);

/* Bytes from an address to the end of the range of that map that holds it; 0: none does. */
uint64_t memory_room(uint64_t physical);

/* Gives back all that memory_allocate() took, and the maps. */
void memory_free_all(void);
