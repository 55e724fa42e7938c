/* The host in the place of a firmware, for the loader's own code. */
#pragma once

#include "common/firmware.h"
#include "common/lib/arena.h"

/* Reads disks of the host (disk_image.h), speaks on standard error, and has memory for the loader
 * as far as host_limit_memory() says. */
extern const struct firmware host_firmware;

/* What the loader may take from now on: as much as the machine has that it is tried for, and never
 * more than 2 GiB. Else a file that lies about its size would take that from the host. */
void host_limit_memory(uint64_t bytes);

/* What it has taken since then. */
uint64_t host_memory_taken(void);

/* Memory of the tool itself, for as long as the program runs. */
extern struct arena host_arena;
