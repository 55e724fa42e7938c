/* The volume of a disk that Lintel finds its entries on. */
#pragma once

#include "images/tool/live/area.h"
#include "images/tool/live/machine.h"

/* Of the running system. ERR_FORMAT: the table on the disk does not have it. */
enum err boot_volume_of(const struct live *live, const struct area *area,
                        const struct volume **boot);

/* Of a disk that nothing uses: the one that Lintel there was told; else the first with entries;
 * else the first with a folder /boot; else the first that is ext4. NULL: there is none. A FAT
 * volume is none while Lintel is not there: that one can hold the UEFI files, too (on_volume.h). */
const struct volume *boot_volume_find(const struct area *area);
