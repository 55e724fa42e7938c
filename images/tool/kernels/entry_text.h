/* What a kernel's entry says. */
#pragma once

#include "common/lib/err.h"

struct live;

/* How a file of ours begins: what has lost this line is a person's. */
#define ENTRY_MARK "# Made by `lintel kernel`"

/* The text of an entry for a kernel; to be freed. `image` is where it lies in the running system.
 * ERR_UNSUPPORTED: not on the file system with /boot. */
enum err entry_text(const struct live *live, const char *options, const char *version,
                    const char *image, char **text);

/* Where a path of an entry of ours or of others in the same folder leads in the running system; to
 * be freed. NULL: to somewhere else. */
char *entry_path_here(const struct live *live, const char *path);
