/* What of Lintel's lies in the gap or BIOS boot partition of a disk? */
#include "images/tool/live/area.h"
#include "common/lib/mem.h"
#include "images/tool/host/firmware.h"
#include "images/tool/image/boot_sector.h"
#include "images/tool/install/boot_place.h"
#include <stdlib.h>
#include <string.h>

/* Nobody needs to look further into a large BIOS boot partition. */
#define SEARCHED_BYTES_MAX (16 * MIB)

static void find_region(struct area *area)
{
    const struct volume *volume = boot_place_bios_boot(&area->tables);
    uint64_t most = SEARCHED_BYTES_MAX / area->disk->disk.sector_bytes;

    if (volume) {
        area->where = "the BIOS boot partition";
        area->number = volume->number;
        area->first = volume->first_lba;
        area->end = volume->first_lba + MIN(volume->sectors, most);
    } else if (area->tables.partitioning == LINTEL_PARTITIONING_MBR) {
        area->where = "the gap before the first partition";
        area->first = 1;
        area->end = MAX(1, MIN(area->tables.gap_end, most));
    }
}

static bool is_record_at(const struct area *area, const uint8_t *sector, uint64_t lba,
                         struct undo *undo)
{
    return undo_parse(sector, undo) && undo->sector_bytes == area->disk->disk.sector_bytes &&
           undo->slot_sectors <= STAGE_BYTES_MAX / 512 && undo_area(undo, AREA_UNDO) == lba;
}

/* The highest: a copy of it can lie below only. */
static enum err find_record(struct area *area)
{
    uint32_t sector_bytes = area->disk->disk.sector_bytes;
    uint64_t sectors = area->end - area->first;
    uint8_t *bytes;

    TRY(arena_take(&host_arena, sectors * sector_bytes, (void **)&bytes));
    TRY(disk_image_read(area->disk, area->first * sector_bytes, sectors * sector_bytes, bytes));
    for (uint64_t i = sectors; i-- > 0 && !area->installed;)
        area->installed =
            is_record_at(area, bytes + i * sector_bytes, area->first + i, &area->undo);
    return OK;
}

static enum err read_sector(const struct area *area, enum area_sector place, uint8_t *to)
{
    return disk_image_read(area->disk,
                           undo_area(&area->undo, place) * area->disk->disk.sector_bytes,
                           AREA_SECTOR_USED, to);
}

static int find_active(const struct area *area)
{
    struct stage_place place;
    uint32_t sum;

    if (area->installed && boot_sector_place(area->first_sector, &place, &sum) &&
        place.sector_bytes == area->disk->disk.sector_bytes)
        for (int slot = 0; slot < UNDO_SLOTS; slot++)
            if (place.lba == undo_slot(&area->undo, slot))
                return slot;
    return -1;
}

enum err area_open(const struct disk_image *disk, struct area *area)
{
    *area = (struct area){.disk = disk, .active = -1};
    TRY(disk_tables_read(disk, &area->tables));
    TRY(disk_image_read(disk, 0, disk->disk.sector_bytes, area->first_sector));
    find_region(area);
    if (area->where)
        TRY(find_record(area));
    if (!area->installed)
        return OK;
    area->active = find_active(area);
    TRY(read_sector(area, AREA_PREVIOUS, area->previous));
    TRY(read_sector(area, AREA_STATE, area->pair[0]));
    return read_sector(area, AREA_STATE + 1, area->pair[1]);
}

void area_use_copy(struct area *area, const struct undo *undo,
                   const uint8_t previous[AREA_SECTOR_USED])
{
    if (area->installed &&
        (undo->first != area->undo.first || undo->previous_crc != area->undo.previous_crc))
        return;
    area->copied = !area->installed;
    area->installed = true;
    area->undo = *undo;
    area->active = find_active(area);
    memcpy(area->previous, previous, sizeof area->previous);
}

bool area_is_in_place(const struct area *area)
{
    return area->where && area->undo.first >= area->first && undo_end(&area->undo) <= area->end;
}

bool area_stage(const struct area *area, int slot, struct content *stage)
{
    uint64_t bytes = (uint64_t)area->undo.slot_sectors * area->disk->disk.sector_bytes;
    uint8_t *found;

    if (slot < 0 || arena_take(&host_arena, bytes, (void **)&found) != OK ||
        disk_image_read(area->disk, undo_slot(&area->undo, slot) * area->disk->disk.sector_bytes,
                        bytes, found) != OK)
        return false;
    *stage = (struct content){found, stage_bytes_at(found)};
    return stage->size <= bytes && stage_is_sound(stage);
}

bool area_is_known(const struct area *area)
{
    struct content stage;

    return !area->copied || area->active >= 0 || area_stage(area, 0, &stage) ||
           area_stage(area, 1, &stage);
}
