/* What the parts of the ISO 9660 driver share (ECMA-119, 4th edition; Joliet 1.0; SUSP and RRIP
 * 1.12). Directories are found through their records alone: the path table repeats what they say,
 * and is not read. */
#pragma once

#include "common/storage/fs/fs.h"

#define ISO_SECTOR_BYTES 2048 /* a logical sector, whatever the disk's sectors are */
#define ISO_REPAIR       "the file system is damaged; write the image anew"

/* Which of the names that one file has are used; the last kind that a volume has. */
enum iso_names { ISO_PLAIN, ISO_JOLIET, ISO_ROCK_RIDGE };

/* A mounted volume. Offsets are in bytes from its start. */
struct iso {
    const struct volume *volume;
    enum iso_names names;
    uint32_t block_bytes;
    uint64_t bytes;          /* where the file system ends, or the volume if that is smaller */
    uint64_t primary, root;  /* of the primary descriptor, and of the root directory */
    uint32_t system_skip;    /* bytes before each record's first System Use entry */
    uint8_t *continuation;   /* the newest block with such entries */
    uint64_t continued_from; /* its offset; 0: none yet */
};

/* A directory record (9.1). Pointers lead into the walk's window. */
#define ISO_RECORD_DIRECTORY  0x02
#define ISO_RECORD_ASSOCIATED 0x04
#define ISO_RECORD_CONTINUES  0x80 /* the next record has the next extent of the same file */
#define ISO_RECORD_BYTES_MIN  34
struct iso_record {
    uint64_t offset; /* of the record itself */
    uint64_t data;   /* of its extent's contents */
    uint32_t bytes;  /* in the extent */
    uint8_t flags;
    bool interleaved;
    uint32_t name_bytes;
    const uint8_t *name;
    uint32_t system_use_bytes;
    const uint8_t *system_use;
};

/* A walk along directory records. */
struct iso_walk {
    const struct iso *iso;
    const char *name;   /* of the directory or file, for messages */
    uint64_t next, end; /* offsets of the next record, and of the end of them */
    uint64_t window_offset, window_bytes;
    uint8_t window[2 * ISO_SECTOR_BYTES];
};

/* Begins a walk at the record at that offset. */
void iso_walk_begin(struct iso_walk *walk, const struct iso *iso, const char *name, uint64_t begin,
                    uint64_t end);

/* Yields the next record, false in *more behind the last one. ERR_FORMAT: it does not fit its
 * sector or its two byte orders differ; says where and how. ERR_IO. */
enum err iso_walk_next(struct iso_walk *walk, struct iso_record *record, bool *more);

/* Begins a walk at a directory's second record. Yields the first one, which describes the directory
 * itself. ERR_FORMAT, ERR_IO. */
enum err iso_walk_directory(struct iso_walk *walk, const struct iso *iso, const char *name,
                            uint64_t location, struct iso_record *self);

/* Takes one record apart, of which `room` bytes are there. Errors as iso_walk_next(). */
enum err iso_decode(const struct iso *iso, const char *name, const uint8_t *bytes, uint64_t room,
                    struct iso_record *record);

/* Reads a number that is stored in both byte orders (7.3.3). ERR_FORMAT when they differ: says
 * where, what the number is, and both values. */
enum err iso_number(const char *name, const char *what, const uint8_t bytes[8], uint32_t *number);

/* ERR_FORMAT when a range of bytes leaves the volume; names whose it is. */
enum err iso_check_range(const struct iso *iso, const char *name, uint64_t offset, uint64_t bytes);

/* What a record's Rock Ridge entries say about a file. */
struct iso_rock_ridge {
    bool relocated;     /* a directory that is found elsewhere: not to be listed here */
    bool symbolic_link; /* where it leads to is not looked at */
    uint64_t moved_to;  /* of the directory that this stands for; 0: none */
};

/* Finds out from the root directory's own record whether Rock Ridge is there, and then fills
 * `names` and `system_skip`. ERR_FORMAT, ERR_IO. */
enum err iso_find_rock_ridge(struct iso *iso, const char *name, const struct iso_record *root);

/* Reads a record's Rock Ridge entries. `text` is replaced if they have a name. ERR_FORMAT: an entry
 * or a continuation area is damaged, or the areas loop. ERR_IO. */
enum err iso_read_rock_ridge(struct iso *iso, const char *name, const struct iso_record *record,
                             struct iso_rock_ridge *found, char text[FS_NAME_BYTES]);

/* The location of entries that nothing can be read from. */
#define ISO_SYMBOLIC_LINK UINT64_MAX

/* The driver's functions but mount (see fs.h). */
enum err iso_list(const struct fs *fs, const struct fs_entry *directory,
                  bool (*each)(void *context, const struct fs_entry *entry), void *context);
enum err iso_open(const struct fs *fs, const struct fs_entry *entry, struct file *file);
enum err iso_read(const struct file *file, uint64_t offset, uint64_t bytes, void *to);

extern const struct fs_driver iso9660_driver;
