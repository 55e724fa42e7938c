/* Changes to small files that a power failure finds done or not begun, and that a loader sees which
 * replays no journal, once the call has returned. All paths are as they are to be opened. */
#pragma once

#include "common/lib/err.h"

struct content;

/* What a file is called until all of it is there. */
#define DURABLE_DRAFT ".new"

/* Makes a file, or replaces one. */
enum err durable_put(const char *path, const struct content *content);
enum err durable_write(const char *path, const char *text);

/* Gives a file another name in its folder. ERR_CHANGED: another file has it. */
enum err durable_rename(const char *path, const char *to);

/* Gives two files each other's name at once. ERR_UNSUPPORTED: that file system can't. */
enum err durable_exchange(const char *path, const char *other);

enum err durable_remove(const char *path);

/* Behind another change in a file's folder. */
enum err durable_settle(const char *path);

/* Makes a folder and those above it, where they are missing. */
enum err durable_folder(const char *path);
