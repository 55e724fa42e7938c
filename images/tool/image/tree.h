/* The files that go onto a volume. */
#pragma once

#include "common/storage/fs/fs.h"
#include "images/tool/host/draft.h"
#include <stddef.h>

struct tree_file {
    char *path; /* on the volume, absolute, "/" between names */
    char *host; /* where its bytes lie, absolute */
    struct content content;
    uint32_t crc32;
};

/* Sorted by path: files are written in this order, each in one piece. */
struct tree {
    const struct draft *draft;
    struct tree_file *files;
    size_t count;
};

/* ERR_FORMAT: no volume holds such a path, or there is one already. The new file is *file, where
 * that is not NULL, until the next one is added. */
enum err tree_add_file(struct tree *tree, const char *path, const char *host,
                       const struct tree_file **file);

/* The same for bytes or a text in memory. */
enum err tree_add(struct tree *tree, const char *path, const struct content *content);
enum err tree_add_text(struct tree *tree, const char *path, const char *text);

/* The file that the loader finds by a path; NULL: there is none. */
const struct tree_file *tree_find(const struct tree *tree, const char *path);

/* The paths of all folders below the root, parents first, as a list that ends with NULL; each is
 * to be freed, and the list. */
char **tree_folders(const struct tree *tree);

/* The files as the loader reads them, before they are on a volume. Names of files come in the
 * tree's order, those of folders not at all. The tree outlives it. */
struct fs tree_fs(struct tree *tree);

/* Reads the volume that begins at that sector of an image, as the loader does: it was filled by
 * other programs. ERR_FORMAT, ERR_NOT_FOUND: a file is not there under its name, or is another. */
enum err tree_verify(const struct tree *tree, const char *image, uint64_t first,
                     uint32_t sector_bytes);
