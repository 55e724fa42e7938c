/* What does the loader find where an image's files are not on a volume yet? */
#include "common/lib/mem.h"
#include "images/tool/host/firmware.h"
#include "images/tool/image/tree.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What of a path lies in that folder, or below; NULL: it does not. */
static const char *rest_below(const char *folder, const char *path)
{
    size_t length = strlen(folder);

    return strncasecmp(folder, path, length) == 0 && path[length] == '/' ? path + length + 1 : NULL;
}

/* A folder's name is its path, by which its files are known. */
static enum err find(const struct fs *fs, const char *path, struct fs_entry *entry)
{
    const struct tree *tree = fs->state;
    const struct tree_file *file = tree_find(tree, path);

    *entry = (struct fs_entry){.directory = !file};
    if (file) {
        entry->bytes = file->content.size;
        entry->location = (uint64_t)(file - tree->files);
        return OK;
    }
    snprintf(entry->name, sizeof entry->name, "%s", path);
    for (size_t i = 0; i < tree->count; i++)
        if (rest_below(path, tree->files[i].path))
            return OK;
    return fail(ERR_NOT_FOUND, "%s is not among the files", path);
}

static enum err list(const struct fs *fs, const struct fs_entry *directory,
                     bool (*each)(void *context, const struct fs_entry *entry), void *context)
{
    const struct tree *tree = fs->state;

    for (size_t i = 0; i < tree->count; i++) {
        const char *name = rest_below(directory->name, tree->files[i].path);
        struct fs_entry entry = {.bytes = tree->files[i].content.size, .location = i};

        if (!name || strchr(name, '/'))
            continue;
        snprintf(entry.name, sizeof entry.name, "%s", name);
        if (!each(context, &entry))
            break;
    }
    return OK;
}

static enum err open(const struct fs *fs, const struct fs_entry *entry, struct file *file)
{
    const struct tree *tree = fs->state;

    file->state = &tree->files[entry->location];
    return OK;
}

static enum err read(const struct file *file, uint64_t offset, uint64_t bytes, void *to)
{
    const struct tree_file *from = file->state;

    memcpy(to, from->content.bytes + offset, bytes);
    return OK;
}

struct fs tree_fs(struct tree *tree)
{
    static const struct fs_driver driver = {
        .name = "files", .find = find, .list = list, .open = open, .read = read};
    static const struct disk disk = {.name = "the files", .sector_bytes = 512};
    static const struct volume volume = {.disk = &disk};

    return (struct fs){.driver = &driver, .volume = &volume, .arena = &host_arena, .state = tree};
}
