/* Which disks the running system uses as file systems. */
#pragma once

#include "common/lib/err.h"
#include <sys/stat.h>

/* ERR_UNSUPPORTED when the disk `path`, a partition of it, or a loop device that shows it is
 * mounted (names where), or when it is itself a partition (names the disk to take). */
enum err mounts_check(const char *path, const struct stat *stat);
