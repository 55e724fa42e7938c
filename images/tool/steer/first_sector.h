/* The second stages of Lintel's on a disk. */
#pragma once

#include "images/tool/host/disk_image.h"
#include "images/tool/image/boot_sector.h"

#define VERSION_BYTES 32

struct stage_found {
    uint64_t offset, bytes; /* on the disk; 0 bytes: there is none */
    bool sound;             /* it is all there, by its checksum */
    bool own;               /* it is the one that this tool would write */
    char version[VERSION_BYTES];
    struct installed installed; /* what it was told */
};

/* Reads the second stage that is to begin at that byte of the disk. False: none does. */
bool stage_look(const struct disk_image *disk, uint64_t offset, struct stage_found *found);

/* Finds the second stage that a first sector leads to. False: it is not Lintel's. */
bool first_sector_follow(const struct disk_image *disk, const uint8_t sector[BOOT_SECTOR_BYTES],
                         struct stage_found *found);

/* The version that a loader's file or second stage says it is. False: it is not Lintel. */
bool loader_version(const struct content *loader, char version[VERSION_BYTES]);
