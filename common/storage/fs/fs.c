/* Which file system is this, and which file does a path name? */
#include "common/storage/fs/fs.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "common/storage/fs/fat.h"
#include "common/storage/fs/iso9660.h"
#include "common/storage/fs/net.h"

static const struct fs_driver *const drivers[] = {&net_driver, &fat_driver, &iso9660_driver};

/* A server's is no file system of a disk: it can't be listed. */
const char *fs_names(char *list, uint64_t bytes)
{
    size_t length = 0;

    list[0] = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(drivers); i++)
        if (drivers[i]->list && length < bytes)
            length +=
                fmt(list + length, bytes - length, "%s%s", length ? " or " : "", drivers[i]->name);
    return list;
}

enum err fs_mount(const struct volume *volume, struct arena *arena, struct fs *fs)
{
    char name[VOLUME_NAME_BYTES], names[FS_NAMES_BYTES];

    for (size_t i = 0; i < ARRAY_LENGTH(drivers); i++) {
        enum err err;
        *fs = (struct fs){
            .driver = drivers[i],
            .volume = volume,
            .arena = arena,
            .root = {.name = "/", .directory = true},
        };
        err = drivers[i]->mount(fs);
        if (err != ERR_NOT_FOUND)
            return err;
    }
    return fail(ERR_NOT_FOUND, "%s: no file system that Lintel reads (%s)",
                volume_name(volume, name), fs_names(names, sizeof names));
}

void fs_set_label(struct fs *fs, const uint8_t *padded, uint64_t bytes)
{
    bytes = MIN(bytes, sizeof fs->label - 1);
    while (bytes && padded[bytes - 1] == ' ')
        bytes--;
    memcpy(fs->label, padded, bytes);
    fs->label[bytes] = 0;
}

static bool is_separator(char c)
{
    return c == '/' || c == '\\';
}

/* Moves to the next name of a path; 0 when there is none. */
static size_t next_name(const char **path)
{
    size_t length = 0;

    while (is_separator(**path))
        (*path)++;
    while ((*path)[length] && !is_separator((*path)[length]))
        length++;
    return length;
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool is_same_name(const char *name, const char *other, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (upper(name[i]) != upper(other[i]))
            return false;
    return true;
}

bool fs_is_same_path(const char *path, const char *other)
{
    size_t length;

    for (; (length = next_name(&path)); path += length, other += length)
        if (next_name(&other) != length || !is_same_name(path, other, length))
            return false;
    return !next_name(&other);
}

struct search {
    const char *name;
    size_t length;
    struct fs_entry entry;
    bool found;
};

static bool match(void *context, const struct fs_entry *entry)
{
    struct search *search = context;

    if (!is_same_name(entry->name, search->name, search->length) || entry->name[search->length])
        return true;
    search->entry = *entry;
    search->found = true;
    return false;
}

/* Finds what a path names. */
static enum err look_up(const struct fs *fs, const char *path, struct fs_entry *at)
{
    const char *name = path;
    size_t length;

    if (fs->driver->find)
        return fs->driver->find(fs, path, at);
    *at = fs->root;
    while ((length = next_name(&name))) {
        struct search search = {.name = name, .length = length};
        if (!at->directory)
            return fail(ERR_NOT_FOUND, "%s: %s is a file, not a directory", path, at->name);
        TRY(fs->driver->list(fs, at, match, &search));
        if (!search.found)
            return fail(ERR_NOT_FOUND, "%s: there is no %.*s in directory %s", path, (int)length,
                        name, at->name);
        *at = search.entry;
        name += length;
    }
    return OK;
}

static enum err read_file(const struct reader *reader, uint64_t offset, uint64_t bytes, void *to)
{
    const struct file *file = (const struct file *)reader;

    return file->fs->driver->read(file, offset, bytes, to);
}

enum err fs_open_entry(const struct fs *fs, const struct fs_entry *entry, const char *path,
                       struct file *file)
{
    if (entry->directory)
        return fail(ERR_NOT_FOUND, "%s is a directory, not a file", path);
    *file = (struct file){
        .reader = {.name = path, .bytes = entry->bytes, .read = read_file},
        .fs = fs,
    };
    return fs->driver->open(fs, entry, file);
}

enum err fs_open(const struct fs *fs, const char *path, struct file *file)
{
    struct fs_entry entry;

    TRY(look_up(fs, path, &entry));
    return fs_open_entry(fs, &entry, path, file);
}

enum err fs_list(const struct fs *fs, const char *path,
                 bool (*each)(void *context, const struct fs_entry *entry), void *context)
{
    char name[VOLUME_NAME_BYTES];
    struct fs_entry entry;

    if (!fs->driver->list)
        return fail(ERR_UNSUPPORTED, "%s: can't list %s: servers are only asked for files by name",
                    volume_name(fs->volume, name), path);
    TRY(look_up(fs, path, &entry));
    if (!entry.directory)
        return fail(ERR_NOT_FOUND, "%s is a file, not a directory", path);
    return fs->driver->list(fs, &entry, each, context);
}
