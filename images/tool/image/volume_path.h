/* Paths that every kind of volume holds as they are written. */
#pragma once

#include "common/lib/err.h"

/* ERR_FORMAT: a path on the volume that FAT, or a system that reads FAT, would refuse, change or
 * take for another; names the rule. */
enum err volume_path_check(const char *path);
