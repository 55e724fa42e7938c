/* Small reads through blocks that are kept: directories, allocation tables and headers lie close
 * together, and one request to firmware costs as much as many kilobytes. */
#pragma once

#include "common/firmware.h"
#include "common/lib/arena.h"

/* Gives all disks one cache; without memory for it they go without. Disks must not change while it
 * is used, unless cache_forget() is called. */
void cache_begin(struct facts *facts, struct arena *arena);

/* Forgets everything, of all disks, after somebody else had them, or one was written to. */
void cache_forget(const struct disk *disk);

/* Reads whole sectors as firmware->read() does. A request of a block or more goes straight to
 * firmware. */
enum err cache_read(const struct firmware *firmware, const struct disk *disk, uint64_t lba,
                    uint64_t sectors, void *to);
