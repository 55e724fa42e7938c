/* Volumes, as firmware's handles have them: which partition of which disk. */
#pragma once

#include "common/firmware.h"
#include <efi.h>

/* Which disk and partition a handle's device path lies on; none for one that firmware loaded from
 * memory or over the network. */
struct boot_origin volume_origin(EFI_HANDLE volume, const struct disk *disks, uint32_t count);

/* The handle of the partition that begins there; of the whole disk where firmware knows none. */
EFI_HANDLE volume_on(const struct disk *disk, uint64_t first_lba);
