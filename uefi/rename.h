/* Other names for files, by firmware's own FAT driver. */
#pragma once

#include "common/firmware.h"

/* A verb of struct firmware. */
enum err rename_file(const struct disk *disk, uint64_t volume_first_lba, const char *path,
                     const char *name);
