/* A FAT volume of a disk that files are to be put on through mtools: where its parts lie, and what
 * its tables say (Microsoft FAT32 File System Specification 1.03). */
#pragma once

#include "common/storage/fs/fs.h"
#include "images/tool/host/disk_image.h"

struct fat_layout {
    const struct volume *volume;
    uint64_t offset; /* of the volume, in bytes from the disk's start */
    uint32_t bits;   /* of a table entry */
    uint32_t sector_bytes, reserved_sectors;
    uint32_t info_sector, backup_sector; /* FAT32; else 0 */
    uint32_t tables;                     /* copies */
    uint64_t table_bytes;                /* of one copy */
    uint64_t data_offset, cluster_bytes; /* from the volume's start */
    uint32_t last_cluster;
};

/* ERR_NOT_FOUND: not FAT. ERR_UNSUPPORTED, ERR_FORMAT: FAT that must not be written to; says why.
 */
enum err fat_layout_read(const struct volume *volume, struct fat_layout *fat);

/* The serial number that the volume was given when it was formatted. */
enum err fat_serial(const struct fat_layout *fat, uint32_t *serial);

/* Where a file or directory lies. `volume` may be on the disk or on a shadow of it. ERR_NOT_FOUND:
 * nothing of that name, or not of that kind. */
enum err fat_find(const struct volume *volume, const char *path, bool directory,
                  struct fs_entry *entry);

/* The whole contents of a file. ERR_NOT_FOUND: there is none. ERR_FORMAT: over `most` bytes. */
enum err fat_read_whole(const struct volume *volume, const char *path, uint64_t most,
                        uint8_t **bytes, uint64_t *size);

/* ---- one copy of the table, in memory -------------------------------------------------------- */

enum err fat_read_table(const struct fat_layout *fat, const struct disk_image *image, uint32_t copy,
                        uint8_t **table);
uint32_t fat_get(const struct fat_layout *fat, const uint8_t *table, uint32_t cluster);
void fat_set(const struct fat_layout *fat, uint8_t *table, uint32_t cluster, uint32_t value);

/* The value that marks a cluster as bad: nobody allocates it. */
uint32_t fat_bad_mark(const struct fat_layout *fat);

/* Where a copy of the table, or a cluster, begins: in bytes from the disk's start. */
static inline uint64_t fat_table_at(const struct fat_layout *fat, uint32_t copy)
{
    return fat->offset + (uint64_t)fat->reserved_sectors * fat->sector_bytes +
           copy * fat->table_bytes;
}

static inline uint64_t fat_data_at(const struct fat_layout *fat, uint32_t cluster)
{
    return fat->offset + fat->data_offset + (uint64_t)(cluster - 2) * fat->cluster_bytes;
}

/* The cluster at a byte offset of the disk; 0: the offset is not in the clusters. */
uint32_t fat_cluster_at(const struct fat_layout *fat, uint64_t offset);

/* Calls `each` for every cluster of a chain, in order. ERR_FORMAT: the chain loops. */
enum err fat_walk(const struct fat_layout *fat, const uint8_t *table, uint64_t first_cluster,
                  enum err (*each)(void *context, uint32_t cluster), void *context);
