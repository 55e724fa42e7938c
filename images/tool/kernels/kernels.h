/* The running system's kernels as boot entries: Boot Loader Specification files of our own,
 * lintel-VERSION.conf, beside those of others. */
#pragma once

#include "common/lib/err.h"

struct live;

/* Gives every kernel in /boot an entry, and takes the entries away whose kernels are gone. Writes
 * /etc/kernel/cmdline where there is none (boot_options.h). No entry gets or loses tries. Says what
 * it does. */
enum err kernels_refresh(const struct live *live);

/* A kernel that is new, or of which something is: `image` (NULL: /boot/vmlinuz-VERSION) gets an
 * entry, with tries where another entry is there to fall back to. */
enum err kernels_add(const struct live *live, const char *version, const char *image);

enum err kernels_remove(const struct live *live, const char *version);

/* Takes all of its entries away. */
enum err kernels_forget(const struct live *live);
