/* Which drive and volume Lintel was installed on, whatever drive the BIOS tells. */
#include "legacy/origin.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/storage/area.h"
#include "legacy/disk.h"

#define NOT_TOLD         UINT64_MAX
#define SECTOR_BYTES_MAX 4096

#define INSTALLED_AT 0x18 /* in the header */

extern const uint8_t boot_drive_is_proven;

static bool holds_us(const struct disk *disk)
{
    static uint8_t sector[SECTOR_BYTES_MAX];
    uint64_t lba = installed.stage_offset / disk->sector_bytes;

    return installed.stage_offset % disk->sector_bytes == 0 &&
           disk_read(disk, lba, 1, sector) == OK &&
           memcmp(sector + INSTALLED_AT, installed.identity, sizeof installed.identity) == 0;
}

/* The drive that was told comes first: a copy of a disk has the same identity. -1: none holds us.
 */
static int32_t search(const struct disk *disks, uint32_t count, int32_t told)
{
    if (told >= 0 && holds_us(&disks[told]))
        return told;
    for (uint32_t i = 0; i < count; i++)
        if ((int32_t)i != told && holds_us(&disks[i]))
            return (int32_t)i;
    return -1;
}

void origin_find(const struct disk *disks, uint32_t count, struct boot_origin *origin)
{
    int32_t found = origin->disk;

    if (installed.stage_offset == NOT_TOLD)
        return;
    if (!boot_drive_is_proven)
        found = search(disks, count, origin->disk);
    if (found < 0) {
        note("no drive holds the second stage that runs: it was copied from elsewhere\n");
        return;
    }
    origin->disk = found;
    note("installed on %s\n", disks[found].name);
    origin->has_first_lba = installed.volume_offset % disks[found].sector_bytes == 0;
    origin->first_lba = installed.volume_offset / disks[found].sector_bytes;
    origin->has_area = installed.area_offset != AREA_NONE &&
                       installed.area_offset % disks[found].sector_bytes == 0;
    origin->area_lba = installed.area_offset / disks[found].sector_bytes;
}
