/* Which file system is this, and which file does a path name? */
#include "common/storage/fs/fs.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "common/storage/disk/cache.h"
#include "common/storage/fs/directory.h"
#include "common/storage/fs/ext4.h"
#include "common/storage/fs/fat.h"
#include "common/storage/fs/iso9660.h"
#include "common/storage/fs/net.h"

static const struct fs_driver *const drivers[] = {&net_driver, &fat_driver, &iso9660_driver,
                                                  &ext4_driver};

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

/* By its type: where none is seen, it is damaged. */
static bool must_have_one(const struct volume *volume)
{
    return volume_is_esp(volume) || volume_is_xbootldr(volume);
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
            return err == OK ? fs_keep_directories(fs) : err;
    }
    return fail(must_have_one(volume) ? ERR_FORMAT : ERR_NOT_FOUND,
                "%s: no file system that Lintel reads (%s)", volume_name(volume, name),
                fs_names(names, sizeof names));
}

enum err fs_identify(const struct fs *fs, struct fs_identity *identity)
{
    *identity = (struct fs_identity){0};
    return fs->driver->identify ? fs->driver->identify(fs, identity) : OK;
}

void fs_set_label(struct fs_identity *identity, const char *padded, uint64_t bytes)
{
    bytes = MIN(bytes, sizeof identity->label - 1);
    while (bytes && padded[bytes - 1] == ' ')
        bytes--;
    memcpy(identity->label, padded, bytes);
    identity->label[bytes] = 0;
}

/* ---- paths ----------------------------------------------------------------------------------- */

static bool is_separator(char c)
{
    return c == '/' || c == '\\';
}

/* Moves to what stands next in a path; 0 at its end. */
static uint64_t next_word(const char **path)
{
    uint64_t length = 0;

    while (is_separator(**path))
        (*path)++;
    while ((*path)[length] && !is_separator((*path)[length]))
        length++;
    return length;
}

static bool is_here(const char *word, uint64_t length)
{
    return length == 1 && word[0] == '.';
}

static bool is_up(const char *word, uint64_t length)
{
    return length == 2 && word[0] == '.' && word[1] == '.';
}

/* Whether a ".." behind a name takes it back. */
static bool is_taken_back(const char *behind)
{
    uint32_t depth = 1;

    for (uint64_t length; depth && (length = next_word(&behind)); behind += length) {
        if (is_up(behind, length))
            depth--;
        else if (!is_here(behind, length))
            depth++;
    }
    return !depth;
}

enum err fs_next_name(const char *path, const char **at, uint64_t *length)
{
    uint32_t taken = 0;

    for (; (*length = next_word(at)); *at += *length) {
        if (is_here(*at, *length))
            continue;
        if (!is_up(*at, *length)) {
            if (!is_taken_back(*at + *length))
                return OK;
            taken++;
        } else if (!taken--) {
            return fail(ERR_NOT_FOUND, "%s: leads above the root directory", path);
        }
    }
    return OK;
}

bool fs_is_same_path(const char *path, const char *other)
{
    const char *a = path, *b = other;
    uint64_t length, other_length;

    for (;; a += length, b += length) {
        if (fs_next_name(path, &a, &length) != OK || fs_next_name(other, &b, &other_length) != OK ||
            length != other_length || !text_same(a, b, length))
            return false;
        if (!length)
            return true;
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* Names on FAT have no dots and blanks behind them. */
static uint64_t cut_ends(const char *name, uint64_t length)
{
    while (length && (name[length - 1] == '.' || name[length - 1] == ' '))
        length--;
    return length;
}

/* Moves *at from a directory to what has this name there. */
static enum err enter(const struct fs *fs, const char *path, const char *name, uint64_t length,
                      struct fs_entry *at)
{
    const struct directory *directory;
    struct fs_entry found;

    if (!at->directory)
        return fail(ERR_FORMAT, "%s: %s is a file, not a directory", path, at->name);
    TRY(directory_of(fs, at, &directory));
    if (!directory_find(directory, name, length, &found) &&
        !(fs->driver->loose_ends &&
          directory_find(directory, name, cut_ends(name, length), &found))) {
        TRY(directory_error(directory));
        return fail(ERR_NOT_FOUND, "%s: there is no %.*s in directory %s", path, (int)length, name,
                    at->name);
    }
    *at = found;
    return OK;
}

/* Finds what a path names. */
static enum err look_up(const struct fs *fs, const char *path, struct fs_entry *at)
{
    const char *name = path;
    uint64_t length;

    if (fs->driver->find)
        return fs->driver->find(fs, path, at);
    *at = fs->root;
    for (;; name += length) {
        TRY(fs_next_name(path, &name, &length));
        if (!length)
            return OK;
        TRY(enter(fs, path, name, length, at));
    }
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
        return fail(ERR_FORMAT, "%s is a directory, not a file", path);
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
    const struct directory *directory;
    struct fs_entry entry;

    if (!fs->driver->list)
        return fail(ERR_UNSUPPORTED, "%s: can't list %s: servers are only asked for files by name",
                    volume_name(fs->volume, name), path);
    TRY(look_up(fs, path, &entry));
    if (!entry.directory)
        return fail(ERR_FORMAT, "%s is a file, not a directory", path);
    TRY(directory_of(fs, &entry, &directory));
    directory_list(directory, each, context);
    return directory_error(directory);
}

/* ---- names ----------------------------------------------------------------------------------- */

/* Where there is no driver of the firmware's, digits of a name are changed where they lie. */
static enum err rename_at(const struct fs *fs, const char *path, const char *directory,
                          const char *old, const char *name)
{
    const struct firmware *firmware = fs->volume->firmware;
    struct fs_entry at;

    if (firmware->rename)
        return firmware->rename(fs->volume->disk, fs->volume->first_lba, path, name);
    TRY(look_up(fs, directory, &at));
    return fs->driver->rename(fs, &at, old, name);
}

enum err fs_rename(const struct fs *fs, const char *path, const char *name)
{
    char *directory, *old;

    if (!fs->driver->rename)
        return fail(ERR_UNSUPPORTED, "%s: Lintel renames nothing on %s", path, fs->driver->name);
    TRY(arena_text(fs->arena, path, strlen(path), &directory));
    old = text_last(directory, '/');
    if (!old)
        return bug("%s: a path without a directory", path);
    *old++ = 0;
    enum err err = rename_at(fs, path, directory, old, name);
    cache_forget(fs->volume->disk);
    directory_forget(fs);
    return err;
}
