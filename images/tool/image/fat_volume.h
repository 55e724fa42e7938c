/* FAT volumes inside a file, made by mkfs.fat and filled by mtools (Microsoft FAT32 File System
 * Specification 1.03). */
#pragma once

#include "images/tool/image/tree.h"

struct fat_volume {
    const char *path;
    uint64_t first, sectors; /* where it lies in the file */
    uint32_t sector_bytes;
    uint32_t bits;     /* 12, 16 or 32 */
    uint32_t reserved; /* sectors before the first table; at least fat_own_sectors() */
    uint32_t serial;
};

/* Reserved sectors that belong to FAT itself: the boot sector, and on FAT32 also FSInfo and the
 * copies of both. What lies behind them is free for a loader. */
#define FAT32_BACKUP_SECTOR 6
uint32_t fat_own_sectors(uint32_t bits);

/* Sectors for a volume that holds the tree with some room to spare; whole MiB. */
uint64_t fat_fitting_sectors(const struct tree *tree, uint32_t bits, uint32_t sector_bytes);

/* Makes the file system and copies the tree into it. ERR_NO_MEMORY: the tree does not fit, or there
 * is no file system of so many bits in so many sectors; says how much is missing. */
enum err fat_make(const struct fat_volume *volume, const struct tree *tree);
