/* Lintel's first sector and second stage as they lie on a disk (legacy/boot.asm tells the layout).
 */
#ifndef LINTEL_TOOL_BOOT_SECTOR_H
#define LINTEL_TOOL_BOOT_SECTOR_H

#include "file.h"

#define BOOT_SECTOR_BYTES 512

/* What of a first sector is the disk's or volume's own, and stays. */
enum boot_sector_kind {
    BOOT_SECTOR_MBR,   /* disk signature and partition table */
    BOOT_SECTOR_FAT16, /* the BIOS Parameter Block of FAT12 and FAT16 */
    BOOT_SECTOR_FAT32, /* that of FAT32 */
};

/* Where the second stage lies: on the disk, in the disk's own sectors. */
struct stage_place {
    uint64_t lba;
    uint32_t sector_bytes; /* 512 to 4096 */
};

/* The bytes of a first sector that are not Lintel's: from *kept to *kept_end - 1. */
void boot_sector_kept(enum boot_sector_kind kind, uint32_t *kept, uint32_t *kept_end);

/* Sectors of that size which hold the second stage. */
uint64_t stage_sectors(const struct content *stage, uint32_t sector_bytes);

/* Turns the first sector of a disk or volume into Lintel's, around what is the disk's own. */
void boot_sector_fill(uint8_t sector[BOOT_SECTOR_BYTES], enum boot_sector_kind kind,
                      const struct content *stage, const struct stage_place *place);

/* The same for the sector at byte `offset` of a file. */
enum err boot_sector_install(const char *path, uint64_t offset, enum boot_sector_kind kind,
                             const struct content *stage, const struct stage_place *place);

/* Writes the second stage to its place, zeros behind it to the end of its last sector. `room`:
 * sectors that it may take. ERR_NO_MEMORY: it does not fit; says how large it is. */
enum err stage_install(const char *path, const struct content *stage,
                       const struct stage_place *place, uint64_t room);

#endif
