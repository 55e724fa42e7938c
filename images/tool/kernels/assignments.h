/* Values that files for a shell assign, such as /etc/default/grub and /etc/os-release, told without
 * running them. */
#pragma once

#include "common/lib/err.h"
#include <stddef.h>

struct assignment {
    const char *name;
    char *value; /* NULL: nothing has assigned it yet */
};

/* Takes from a file what it assigns to the listed names; `$NAME` of a listed one is its value so
 * far. ERR_NOT_FOUND: no such file. ERR_FORMAT: only a shell that runs it knows what one of them is
 * in the end: its value is, or there are commands in a file that has its name; or quotes stay open.
 */
enum err assignments_read(const char *path, struct assignment *list, size_t count);
