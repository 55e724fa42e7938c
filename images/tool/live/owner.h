/* Who wrote a disk's first sector, and what that loader still needs of the gap behind it. */
#pragma once

#include "images/tool/host/disk_image.h"
#include "images/tool/image/boot_sector.h"
#include <stdbool.h>

/* "GRUB", "Windows"; "no loader" where there is no code, "another loader" where it is not known. */
const char *owner_name(const uint8_t sector[BOOT_SECTOR_BYTES]);

/* A run of sectors that the loader in the first sector loads. */
struct owned_run {
    uint64_t first, sectors;
};

/* Those that a disk's first sectors tell; more than it has room for are not looked at. Only GRUB's
 * are known: zeros in its core belong to it, too. Returns how many. */
#define OWNED_RUNS 16
enum err owner_runs(const struct disk_image *disk, struct owned_run runs[OWNED_RUNS], int *count);
