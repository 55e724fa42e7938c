/* Which files are on a volume, under which paths? */
#include "images/tool/image/tree.h"
#include "common/format/crc32.h"
#include "common/lib/mem.h"
#include "common/storage/fs/fs.h"
#include "images/tool/host/text.h"
#include "images/tool/image/volume_path.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Where a path belongs, so that the files stay sorted. */
static size_t place_of(const struct tree *tree, const char *path)
{
    size_t at = tree->count;
    while (at && strcmp(tree->files[at - 1].path, path) > 0)
        at--;
    return at;
}

const struct tree_file *tree_find(const struct tree *tree, const char *path)
{
    for (size_t i = 0; i < tree->count; i++)
        if (fs_is_same_path(tree->files[i].path, path))
            return &tree->files[i];
    return NULL;
}

/* True when one of the paths is a folder on the way to the other. */
static bool leads_to(const char *folder, const char *path)
{
    size_t length = strlen(folder);

    return strncasecmp(folder, path, length) == 0 && path[length] == '/';
}

static enum err check_path(const struct tree *tree, const char *path)
{
    TRY(volume_path_check(path));
    for (size_t i = 0; i < tree->count; i++)
        if (leads_to(tree->files[i].path, path) || leads_to(path, tree->files[i].path))
            return fail(ERR_FORMAT, "%s and %s: one would be a folder and a file at once", path,
                        tree->files[i].path);
    const struct tree_file *there = tree_find(tree, path);
    return there ? fail(ERR_FORMAT, "%s: two files have this path on the volume, the first is %s",
                        path, there->host)
                 : OK;
}

static const struct tree_file *insert(struct tree *tree, const struct tree_file *file)
{
    size_t at = place_of(tree, file->path);
    struct tree_file *files = realloc(tree->files, (tree->count + 1) * sizeof *files);
    if (!files)
        abort();
    memmove(files + at + 1, files + at, (tree->count - at) * sizeof *files);
    files[at] = *file;
    tree->files = files;
    tree->count++;
    return &files[at];
}

enum err tree_add_file(struct tree *tree, const char *path, const char *host,
                       const struct tree_file **added)
{
    struct tree_file file;

    TRY(check_path(tree, path));
    TRY(file_map(host, &file.content));
    file.crc32 = crc32(0, file.content.bytes, file.content.size);
    file.path = text_of("%s", path);
    file.host = realpath(host, NULL);
    const struct tree_file *inserted = insert(tree, &file);
    if (added)
        *added = inserted;
    return OK;
}

enum err tree_add(struct tree *tree, const char *path, const struct content *content)
{
    char *name = text_of("file-%zu", tree->count), *host;
    enum err err = draft_put(tree->draft, name, content, &host);
    if (err == OK)
        err = tree_add_file(tree, path, host, NULL);
    free(name);
    free(host);
    return err;
}

enum err tree_add_text(struct tree *tree, const char *path, const char *text)
{
    struct content content = {(const uint8_t *)text, strlen(text)};
    return tree_add(tree, path, &content);
}

static bool is_listed(char *const *folders, size_t count, const char *path, size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(folders[i]) == length && strncasecmp(folders[i], path, length) == 0)
            return true;
    return false;
}

char **tree_folders(const struct tree *tree)
{
    char **folders = calloc(1, sizeof *folders);
    size_t count = 0;

    if (!folders)
        abort();
    for (size_t i = 0; i < tree->count; i++) {
        const char *path = tree->files[i].path;
        for (const char *c = path + 1; *c; c++) {
            if (*c != '/' || is_listed(folders, count, path, (size_t)(c - path)))
                continue;
            folders = realloc(folders, (count + 2) * sizeof *folders);
            if (!folders)
                abort();
            folders[count++] = text_of("%.*s", (int)(c - path), path);
            folders[count] = NULL;
        }
    }
    return folders;
}
