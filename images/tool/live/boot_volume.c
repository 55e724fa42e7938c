/* On which volume of the disk do the entries lie? */
#include "images/tool/live/boot_volume.h"
#include "images/tool/host/firmware.h"
#include "images/tool/install/fat_layout.h"
#include "common/storage/volumes.h"

enum err boot_volume_of(const struct live *live, const struct area *area,
                        const struct volume **boot)
{
    *boot = disk_tables_find(&area->tables, live->boot.number);
    if (*boot && (*boot)->first_lba == live->boot.first_lba)
        return OK;
    return fail(ERR_FORMAT, "%s: has no partition %u at LBA %lu: restart the machine first",
                area->disk->path, live->boot.number, live->boot.first_lba);
}

static const struct volume *find_told(const struct area *area)
{
    uint32_t sector_bytes = area->disk->disk.sector_bytes;
    struct content stage;

    for (int slot = 0; area->installed && slot < UNDO_SLOTS; slot++)
        for (uint32_t i = 0; area_stage(area, slot, &stage) && i < area->tables.count; i++)
            if (area->tables.volumes[i].first_lba * sector_bytes ==
                stage_installed(stage.bytes).volume_offset)
                return &area->tables.volumes[i];
    return NULL;
}

static bool has_fat(const struct area *area)
{
    struct fat_layout fat;

    for (uint32_t i = 0; i < area->tables.count; i++)
        if (volume_is_esp(&area->tables.volumes[i]) ||
            fat_layout_read(&area->tables.volumes[i], &fat) != ERR_NOT_FOUND)
            return true;
    return false;
}

static bool ignore(void *context, const struct fs_entry *entry)
{
    (void)context;
    (void)entry;
    return false;
}

/* 0: Lintel does not read it. */
static int likelihood(const struct volume *volume)
{
    struct fs fs;

    if (fs_mount(volume, &host_arena, &fs) != OK)
        return 0;
    if (volumes_find_configuration(&fs) == OK)
        return 3;
    return fs_list(&fs, "/boot", ignore, NULL) == OK ? 2 : 1;
}

const struct volume *boot_volume_find(const struct area *area)
{
    const struct volume *best = find_told(area);
    int most = 0;

    if (best || (!area->installed && has_fat(area)))
        return best;
    for (uint32_t i = 0; i < area->tables.count; i++) {
        int now = likelihood(&area->tables.volumes[i]);
        if (now > most) {
            best = &area->tables.volumes[i];
            most = now;
        }
    }
    return best;
}
