/* Lintel's first sector as it lies on a disk (legacy/boot.asm tells the layout). */
#pragma once

#include "images/tool/image/stage.h"

#define BOOT_SECTOR_BYTES 512

/* What of a first sector is the disk's or volume's own, and stays. */
enum boot_sector_kind {
    BOOT_SECTOR_MBR,   /* disk signature and partition table */
    BOOT_SECTOR_FAT16, /* the BIOS Parameter Block of FAT12 and FAT16 */
    BOOT_SECTOR_FAT32, /* that of FAT32 */
};

/* The bytes of a first sector that are not Lintel's: from *kept to *kept_end - 1. */
void boot_sector_kept(enum boot_sector_kind kind, uint32_t *kept, uint32_t *kept_end);

/* Turns the first sector of a disk or volume into Lintel's, around what is the disk's own. */
void boot_sector_fill(uint8_t sector[BOOT_SECTOR_BYTES], enum boot_sector_kind kind,
                      const struct content *stage, const struct stage_place *place);

/* The same for the sector at byte `offset` of a file. */
enum err boot_sector_install(const char *path, uint64_t offset, enum boot_sector_kind kind,
                             const struct content *stage, const struct stage_place *place);

/* Where a first sector of Lintel's, whichever version, finds its second stage, and the sum of what
 * it takes for it. False: it can't be Lintel's. */
bool boot_sector_place(const uint8_t sector[BOOT_SECTOR_BYTES], struct stage_place *place,
                       uint32_t *head_sum);
