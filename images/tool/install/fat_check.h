/* Is a FAT volume sound enough to be written to? */
#pragma once

#include "images/tool/install/fat_layout.h"

/* Finds parameters that lie: from a table or a directory read in the wrong place something else
 * than a table or directory comes, and what is written there is lost to it. Looks at every copy of
 * the table, the root directory, and those directories that `paths` (NULL ends them) name, as far
 * as they exist. Is no fsck.fat: lost chains, which an installation that was killed leaves, don't
 * matter. ERR_FORMAT: it is damaged; says where, and to repair it. */
enum err fat_check(const struct fat_layout *fat, const struct disk_image *image,
                   const char *const paths[]);
