/* The options that kernels are booted with. */
#pragma once

#include "common/lib/err.h"

struct live;

/* The line of /etc/kernel/cmdline; to be freed. Where that file is missing it is written first, of
 * what GRUB gives its kernels (/etc/default/grub), or where there is no GRUB what the running one
 * was given, and where the root file system lies; it is never changed. ERR_FORMAT: a file does not
 * say it plainly. */
enum err boot_options(const struct live *live, char **options);

/* A text of a file in one line, each white space a blank; to be freed. ERR_FORMAT: it has control
 * characters, which would end or break a line of an entry. */
enum err one_line(const char *path, const char *text, char **line);
