/* Where on a disk the second stage goes, and which boot sectors lead to it. */
#pragma once

#include "images/tool/image/boot_sector.h"
#include "images/tool/install/disk_tables.h"

struct boot_code {
    uint64_t lba;
    enum boot_sector_kind kind;
};

struct boot_place {
    const char *where;         /* for people: "the gap before the first partition" */
    uint32_t number;           /* of the partition; 0: none */
    const struct volume *host; /* the FAT volume whose reserved sectors it is; NULL: none */
    struct content content;    /* of the second stage */
    uint64_t sectors;
    struct stage_place stage; /* where it goes */
    struct boot_code codes[3];
    uint32_t code_count;
};

/* Finds a place for the second stage where all sectors are zero: what other loaders left beside the
 * tables, in use or not, is never written over, and so the disk boots the old loader until the boot
 * sector changes. `partition` 0: the BIOS boot partition of a GPT, the gap of an MBR, or the
 * reserved sectors of a FAT volume that takes the whole disk; else the partition of that number, a
 * BIOS boot partition or a FAT volume. ERR_NO_MEMORY: no room; ERR_NOT_FOUND, ERR_UNSUPPORTED: no
 * such place. Each says what there is, and what to do. */
enum err boot_place_find(const struct disk_image *image, const struct disk_tables *tables,
                         uint32_t partition, const struct content *stage, struct boot_place *place);

/* The BIOS boot partition of a GPT; NULL: there is none. */
const struct volume *boot_place_bios_boot(const struct disk_tables *tables);

/* The highest place in `all_sectors` sectors at `bytes` where each sector that the stage would take
 * is zero, or is what the stage has there: an installation that was killed left it. The highest
 * leaves room for other loaders, which grow upwards from the lowest. False: there is none. */
bool find_free(const uint8_t *bytes, uint64_t all_sectors, uint32_t sector_bytes,
               const struct content *stage, uint64_t *first);
