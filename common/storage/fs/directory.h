/* Directories that have been looked into: each is read once, for all of its files may be asked for.
 */
#pragma once

#include "common/storage/fs/fs.h"

struct directory;

/* The directory that `at` names, read when it has not been. Where a part of it can't be read, it
 * holds what came before: directory_error() says why. ERR_NO_MEMORY. */
enum err directory_of(const struct fs *fs, const struct fs_entry *at,
                      const struct directory **directory);
enum err directory_error(const struct directory *directory);

/* Forgets all of them: a name was changed. */
void directory_forget(const struct fs *fs);

/* The first entry of exactly that name, or else without regard to case, or with it as its alias;
 * false: there is none. */
bool directory_find(const struct directory *directory, const char *name, uint64_t length,
                    struct fs_entry *entry);

/* As fs_list(). */
void directory_list(const struct directory *directory,
                    bool (*each)(void *context, const struct fs_entry *entry), void *context);
