/* The state that a BIOS's disk keeps (common/storage/state.h), as variables. */
#pragma once

#include "common/storage/state.h"
#include "images/tool/host/disk_image.h"

/* Finds the area of the Lintel that a disk's first sector starts, in bytes from the disk's start.
 * False: it has none, or another loader is there. */
bool pair_find(const struct disk_image *disk, uint64_t *area);

/* Reads the state in the area at that byte of a disk, which stays open. ERR_FORMAT: both of its
 * sectors are damaged, which each of the verbs says, too. */
enum err pair_open(const struct disk_image *disk, uint64_t area, struct state *state);

/* Verbs as of struct firmware, for the pair that was opened last. What is set is written at once,
 * in one sector, and read back; a power cut there leaves the state before or after it. */
enum err pair_get(const uint8_t vendor[16], const char *name, void *to, uint64_t *bytes);
enum err pair_set(const uint8_t vendor[16], const char *name, bool kept, const void *value,
                  uint64_t bytes);
