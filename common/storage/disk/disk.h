/* Bytes of a disk, and the partitions on it. */
#pragma once

#include "common/firmware.h"
#include "common/lib/arena.h"

#define SECTOR_BYTES_MAX  4096
#define BOOT_SECTOR_BYTES 512 /* of a first sector, whatever the disk's sectors are */
#define BOOT_SIGNATURE    0xaa55

/* A contiguous part of a disk: a partition, or all of it. */
struct volume {
    const struct firmware *firmware;
    const struct disk *disk;
    enum lintel_partitioning partitioning;
    uint32_t number;       /* partition number, from 1; 0: the whole disk */
    uint64_t first_lba;    /* in sectors of the disk */
    uint64_t sectors;      /* of the whole disk a hint, as disk->sectors */
    uint8_t guid[16];      /* GPT unique partition GUID, as on disk; else zero */
    uint8_t type_guid[16]; /* GPT; else zero */
    uint8_t type_byte;     /* MBR; else 0 */
    bool active;           /* MBR: flag 80h */
    uint8_t disk_guid[16]; /* GPT disk GUID; MBR: signature in the first 4 bytes */
};

static inline bool volume_is_same(const struct volume *a, const struct volume *b)
{
    return a->disk == b->disk && a->first_lba == b->first_lba;
}

/* "BIOS drive 80h, partition 2", for messages; returns `name`. */
#define VOLUME_NAME_BYTES 96
const char *volume_name(const struct volume *volume, char name[VOLUME_NAME_BYTES]);

/* Reads bytes of a volume, any offset, size and destination alignment; whole sectors go straight to
 * `to` in one request. ERR_IO from the firmware; ERR_FORMAT when the range leaves the partition. */
enum err volume_read(const struct volume *volume, uint64_t offset, uint64_t bytes, void *to);

/* Lists the partitions of a disk in arena memory, in table order: GPT (UEFI 2.10, 5.3; the backup
 * header and array when the primary's is bad, said in the log), else MBR with logical partitions
 * (extended types 05h 0Fh 85h; loops and chains of over 128 refused), else one volume for the whole
 * disk ("no partition table", also where a file system starts in sector 0). A GPT whose both copies
 * are bad is ERR_FORMAT: never falls back to the protective MBR. Empty partitions and those that
 * overlap the table are left out with a note (partitions_read() tells the caller); one behind the
 * disk's end, as the firmware tells it, is noted. Where ISO 9660
 * begins in sector 0 the whole disk is the last volume, after any partitions; on a CD it is the
 * only one. */
enum err partition_list(const struct firmware *firmware, const struct disk *disk,
                        struct arena *arena, struct volume **volumes, uint32_t *count);

/* The EFI system partition: GPT C12A7328-F81F-11D2-BA4B-00A0C93EC93B, MBR EFh. */
bool volume_is_esp(const struct volume *volume);

/* The extended boot loader partition (UAPI.1): GPT BC13C2FF-59E6-4262-A352-B275FD6F7172, MBR
 * EAh. */
bool volume_is_xbootldr(const struct volume *volume);
