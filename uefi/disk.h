/* Whole disks, as firmware's drivers have them. */
#pragma once

#include "common/firmware.h"
#include <efi.h>

/* Lists every whole disk with a medium in it. ERR_NO_MEMORY. */
enum err disk_list(struct disk **disks, uint32_t *count);

/* firmware.read */
enum err disk_read(const struct disk *disk, uint64_t lba, uint64_t sectors, void *to);

/* Finds the drivers of the disks anew: a program may have stopped them, and started others. */
void disk_refresh(void);

/* Its device path; NULL: it has none. */
const EFI_DEVICE_PATH *disk_path(const struct disk *disk);
