/* Whether memory is where it is said to be. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* True when the loader's page tables reach two physical addresses, and each keeps a byte of its
 * own. What was there is there again. */
bool probe_keeps(uint64_t first, uint64_t last);

/* How many of `most` bytes from a physical address on the loader's page tables let it read. */
uint64_t probe_room(uint64_t physical, uint64_t most);
