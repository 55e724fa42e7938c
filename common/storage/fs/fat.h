/* What the parts of the FAT driver share (Microsoft FAT32 File System Specification 1.03). */
#pragma once

#include "common/storage/fs/fs.h"

#define FAT_SLOT_BYTES    32 /* a directory entry, or a part of a long name */
#define FAT_FIRST_CLUSTER 2
#define FAT_WINDOW_BYTES  32768 /* FAT12's table always fits, so no entry straddles two windows */

/* Where the root directory of FAT12 and FAT16 lies: before the clusters. */
#define FAT_FIXED_ROOT UINT64_MAX

/* A mounted volume. Offsets are in bytes from its start. */
struct fat {
    const struct volume *volume;
    uint32_t bits; /* of a table entry: 12, 16 or 32 */
    uint32_t cluster_bytes;
    uint32_t last_cluster;
    uint32_t root_cluster; /* FAT32 */
    uint64_t root_offset;  /* FAT12, FAT16 */
    uint64_t root_bytes;
    uint64_t data_offset; /* of cluster 2 */
    uint64_t table_offset, table_bytes;
    uint8_t *window; /* a part of the table */
    uint64_t window_offset, window_bytes;
    char uuid[FS_UUID_BYTES]; /* "" where its boot sector has no serial number */
};

/* A walk along a chain of clusters, one run of neighbours at a time. */
struct fat_chain {
    struct fat *fat;
    const char *name; /* of the file or directory, for messages */
    uint64_t wanted;  /* clusters: what follows them is not looked at */
    uint32_t first;   /* the current run */
    uint32_t last;
    uint32_t next;   /* where the next run begins; 0: the chain has ended */
    uint64_t walked; /* clusters of all runs so far */
    uint32_t anchor; /* the start of an earlier run: a chain that comes back to it loops */
    uint64_t runs, next_anchor;
};

/* Begins a walk along at most that many clusters. ERR_FORMAT: there is no such first cluster. */
enum err fat_chain_begin(struct fat_chain *chain, struct fat *fat, const char *name,
                         uint64_t first_cluster, uint64_t clusters);

/* Yields the next run in `first` and `last`; false in *more behind the last one. ERR_FORMAT: the
 * chain meets a free, bad or impossible cluster, or is seen to loop; names file, cluster and value.
 * ERR_IO. */
enum err fat_chain_next(struct fat_chain *chain, bool *more);

static inline uint64_t fat_cluster_offset(const struct fat *fat, uint32_t cluster)
{
    return fat->data_offset + (uint64_t)(cluster - FAT_FIRST_CLUSTER) * fat->cluster_bytes;
}

/* A long name under assembly, from slots that come last part first. */
#define FAT_LONG_UNITS_MAX 255
struct fat_long_name {
    uint16_t units[20 * 13]; /* UTF-16, 13 units a slot */
    uint32_t length;         /* in units */
    uint32_t missing;        /* slots still to come */
    uint8_t checksum;        /* of the short name that it belongs to */
    bool valid;
    uint64_t offsets[20]; /* of its slots on the volume, the first part's first */
};

void fat_long_name_add(struct fat_long_name *name, const uint8_t slot[FAT_SLOT_BYTES],
                       uint64_t offset);

/* Where that unit of a valid name lies on the volume. */
uint64_t fat_long_name_unit(const struct fat_long_name *name, uint32_t unit);

/* The name of the file in `slot` as UTF-8: the long name when it is whole and belongs to this slot,
 * which is then its alias; else the short one. */
void fat_name(const struct fat_long_name *name, const uint8_t slot[FAT_SLOT_BYTES],
              struct fs_entry *entry);

/* A label of 11 characters as UTF-8. */
void fat_label(const uint8_t *characters, char label[FS_LABEL_BYTES]);

/* Calls `each` for a directory's slots that count, with their place on the volume, until it returns
 * false. */
enum err fat_walk_slots(const struct fs *fs, const struct fs_entry *directory,
                        bool (*each)(void *context, const uint8_t *slot, uint64_t offset),
                        void *context);

/* Is the slot a part of a long name; a file, or a directory? */
bool fat_is_long_name(const uint8_t *slot);
bool fat_is_file(const uint8_t *slot);

/* The root directory's volume label; "": there is none. */
enum err fat_find_label(const struct fs *fs, char label[FS_LABEL_BYTES]);

/* The driver's functions but mount (see fs.h). */
enum err fat_list(const struct fs *fs, const struct fs_entry *directory,
                  bool (*each)(void *context, const struct fs_entry *entry), void *context);
enum err fat_open(const struct fs *fs, const struct fs_entry *entry, struct file *file);
enum err fat_read(const struct file *file, uint64_t offset, uint64_t bytes, void *to);
enum err fat_rename(const struct fs *fs, const struct fs_entry *directory, const char *name,
                    const char *to);

extern const struct fs_driver fat_driver;
