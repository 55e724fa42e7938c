/* File systems, read-only but for a file's name. A new one is one file and one row in fs.c's table.
 */
#pragma once

#include "common/lib/reader.h"
#include "common/storage/disk/disk.h"

#define FS_NAME_BYTES  768 /* 255 UTF-16 units as UTF-8, and a 0 */
#define FS_LABEL_BYTES 34  /* FAT's 11 characters as UTF-8, or ISO 9660's 32, and a 0 */
#define FS_UUID_BYTES  37  /* ext4's; ISO 9660's is a date */
#define FS_ALIAS_BYTES 37  /* 8.3 characters as UTF-8, and a 0 */

struct fs_entry {
    char name[FS_NAME_BYTES];   /* UTF-8 */
    char alias[FS_ALIAS_BYTES]; /* another name of it, which no list shows; "": none */
    uint64_t bytes;
    bool directory;
    uint64_t location; /* the driver's: where the contents begin */
};

struct fs {
    const struct fs_driver *driver;
    const struct volume *volume;
    struct arena *arena;
    void *state;                        /* the driver's */
    struct fs_entry root;               /* mount fills its location; its name is "/" */
    const char *doubt;                  /* why what it shows may not be the newest; NULL: it is */
    struct fs_directories *directories; /* that were read (directory.h); NULL: none is kept */
};

/* What tells a file system from others, as an operating system names it; "" where it has none. */
struct fs_identity {
    char label[FS_LABEL_BYTES];
    char uuid[FS_UUID_BYTES];
};

struct file {
    struct reader reader; /* first: a file is a reader */
    const struct fs *fs;
    void *state; /* the driver's: contiguous runs */
};

struct fs_driver {
    const char *name;
    bool loose_ends; /* names may be asked for with dots and blanks behind them */
    /* ERR_NOT_FOUND: not this file system. ERR_FORMAT: it is, but damaged; says how. */
    enum err (*mount)(struct fs *fs);
    /* Finds what a path names, where names can only be asked for (`list` is NULL). ERR_NOT_FOUND.
     */
    enum err (*find)(const struct fs *fs, const char *path, struct fs_entry *entry);
    enum err (*identify)(const struct fs *fs, struct fs_identity *identity);
    /* Calls `each` for every entry until it returns false; it may open and list in turn. */
    enum err (*list)(const struct fs *fs, const struct fs_entry *directory,
                     bool (*each)(void *context, const struct fs_entry *entry), void *context);
    enum err (*open)(const struct fs *fs, const struct fs_entry *entry, struct file *file);
    enum err (*read)(const struct file *file, uint64_t offset, uint64_t bytes, void *to);
    /* Changes digits of a file's name where they lie, on a firmware that writes sectors. NULL: no
     * name on it is ever changed, by the firmware's own driver neither. */
    enum err (*rename)(const struct fs *fs, const struct fs_entry *directory, const char *name,
                       const char *to);
};

/* The names of all that disks may have, for messages: "FAT or ISO 9660". */
#define FS_NAMES_BYTES 64
const char *fs_names(char *list, uint64_t bytes);

/* For drivers: a label as it lies on disk, padded with spaces. */
void fs_set_label(struct fs_identity *identity, const char *padded, uint64_t bytes);

/* For drivers: moves *at, which begins at `path`, to the next name that the path leads through;
 * *length is 0 behind the last. "." and a name that a later ".." takes back lead nowhere.
 * ERR_NOT_FOUND: the path leads above the root. */
enum err fs_next_name(const char *path, const char **at, uint64_t *length);

/* Begins to keep directories that are read (directory.c). */
enum err fs_keep_directories(struct fs *fs);

/* ERR_NOT_FOUND when no driver knows the volume; ERR_FORMAT when its type says that one should (an
 * EFI system or extended boot loader partition). Memory comes from the arena. */
enum err fs_mount(const struct volume *volume, struct arena *arena, struct fs *fs);

enum err fs_identify(const struct fs *fs, struct fs_identity *identity);

/* Paths lead from the root, with or without a "/" first, UTF-8, "/" or "\" between names, without
 * regard to case in ASCII; an exact name comes first. "." and ".." are taken out of the text, on
 * every volume and server; ".." does not lead above the root. On FAT a file has its 8.3 name beside
 * a long one. ERR_NOT_FOUND names the part that is missing; ERR_FORMAT: there is a directory in a
 * file's place, or a file in a directory's. `file->reader.name` is `path`, which must outlive the
 * file. */
enum err fs_open(const struct fs *fs, const char *path, struct file *file);

/* The same for what fs_list() has found there: no directory is read again. */
enum err fs_open_entry(const struct fs *fs, const struct fs_entry *entry, const char *path,
                       struct file *file);

/* Gives the file another name in its directory: by the firmware's own driver, or, where there is
 * none, digits only. ERR_UNSUPPORTED: this file can't be renamed; nothing was written. */
enum err fs_rename(const struct fs *fs, const char *path, const char *name);

/* Whether there are renamable files there at all. */
static inline bool fs_can_rename(const struct fs *fs)
{
    return fs->driver->rename;
}

/* True when both paths lead to the same file, wherever there is one. */
bool fs_is_same_path(const char *path, const char *other);

/* ERR_UNSUPPORTED where directories can't be listed; others as fs_open(). What can be read of a
 * damaged directory is listed before its error. */
enum err fs_list(const struct fs *fs, const char *path,
                 bool (*each)(void *context, const struct fs_entry *entry), void *context);
