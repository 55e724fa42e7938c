/* Disks by INT 13h (Enhanced Disk Drive Services 3.0, T13 1226DT). */
#pragma once

#include "common/firmware.h"

/* Lists the floppies and disks that the BIOS counts, and the drive that the loader came from, in
 * memory of its own. `boot` is the index of that one, -1 where it can't be read. ERR_NO_MEMORY. */
enum err disk_find(uint8_t boot_drive, struct disk **disks, uint32_t *count, int32_t *boot);

/* firmware.read: through the bounce buffer, by LBA where the drive has it, else by whole tracks. */
enum err disk_read(const struct disk *disk, uint64_t lba, uint64_t sectors, void *to);

/* firmware.write_sector: the same way, in a few tries. */
enum err disk_write_sector(const struct disk *disk, uint64_t lba, const void *before,
                           const void *after);

/* Stops floppy motors: the BIOS would do so in its timer interrupt, 2 s from now. */
void disk_quiet(void);
