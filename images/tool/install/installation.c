/* What was the disk without Lintel, and what will it be with it? */
#include "images/tool/install/installation.h"
#include "common/lib/mem.h"
#include "images/tool/host/firmware.h"
#include "images/tool/host/progress.h"
#include "images/tool/image/embedded.h"
#include "images/tool/image/identity.h"
#include "images/tool/install/fat_check.h"
#include <stdio.h>

#define RECORD_ROOM_FIRST (32 * KIB)
#define RECORD_ROOM_TRIES 4

/* ---- opening --------------------------------------------------------------------------------- */

const char *installation_home_name(const struct installation *installation)
{
    static char name[32];

    if (!installation->home.number)
        return "the volume";
    snprintf(name, sizeof name, "partition %u", installation->home.number);
    return name;
}

enum err installation_use_home(const struct volume *volume, struct installation *installation)
{
    installation->home = *volume;
    return fat_layout_read(&installation->home, &installation->fat);
}

/* The first volume that is FAT; what is wrong with one that is damaged is told. */
static enum err find_fat(struct installation *installation)
{
    const struct disk_tables *tables = &installation->tables;
    char why[256] = "";

    for (uint32_t i = 0; i < tables->count; i++) {
        enum err err = installation_use_home(&tables->volumes[i], installation);
        if (err == OK)
            return OK;
        if (err != ERR_NOT_FOUND)
            snprintf(why, sizeof why, " (%s)", err_message());
    }
    if (tables->partitioning == LINTEL_PARTITIONING_NONE)
        return fail(ERR_FORMAT,
                    "%s: its first sector is neither a partition table nor the boot sector of a "
                    "FAT volume%s: Lintel does not understand this disk",
                    installation->disk.path, why);
    return fail(ERR_NOT_FOUND,
                "%s: has no sound FAT volume%s for the UEFI files and for what uninstall needs: "
                "make an EFI system partition of unused space and format it with mkfs.fat",
                installation->disk.path, why);
}

static enum err find_home(struct installation *installation, uint32_t partition)
{
    const struct disk_tables *tables = &installation->tables;
    const struct volume *chosen = partition ? disk_tables_find(tables, partition) : NULL;

    for (uint32_t i = 0; i < tables->count; i++)
        if (volume_is_esp(&tables->volumes[i]))
            return installation_use_home(&tables->volumes[i], installation);
    if (chosen && installation_use_home(chosen, installation) == OK)
        return OK;
    return find_fat(installation);
}

enum err installation_open(const char *path, bool writable, uint32_t partition,
                           struct installation *installation)
{
    enum err err;

    TRY(disk_image_open(path, writable, &installation->disk));
    TRY(disk_tables_read(&installation->disk, &installation->tables));
    err = installation_find_record(installation);
    return err == ERR_NOT_FOUND ? find_home(installation, partition) : err;
}

/* ---- the second stage ------------------------------------------------------------------------ */

/* What the disk and the volume are known by. The same each time, so that an installation that was
 * killed is found again. */
static enum err identify(const struct installation *installation, uint8_t identity[16])
{
    const struct volume *home = &installation->home;
    struct identity_parts parts = {
        .disk_bytes = installation->disk.bytes,
        .first_lba = home->first_lba,
        .sectors = home->sectors,
    };

    memcpy(parts.disk_guid, home->disk_guid, sizeof parts.disk_guid);
    memcpy(parts.volume_guid, home->guid, sizeof parts.volume_guid);
    TRY(fat_serial(&installation->fat, &parts.serial));
    identity_of_parts(&parts, identity);
    return OK;
}

/* The second stage as it is to be at an offset. It leads to the volume that it lies in, or else to
 * home. */
static enum err make_stage(const struct installation *installation, uint64_t offset,
                           struct content *stage)
{
    const struct volume *host = installation->place.host;
    struct installed installed = {
        .stage_offset = offset,
        .volume_offset =
            (host ? host : &installation->home)->first_lba * installation->disk.disk.sector_bytes,
        .area_offset = AREA_NONE,
    };

    TRY(identify(installation, installed.identity));
    return stage_tell(&embedded_stage2, &installed, stage);
}

enum err installation_find_place(struct installation *installation, uint32_t partition)
{
    struct boot_place *place = &installation->place;
    struct content stage;

    TRY(make_stage(installation, 0, &stage));
    TRY(boot_place_find(&installation->disk, &installation->tables, partition, &stage, place));
    return make_stage(installation, place->stage.lba * place->stage.sector_bytes, &place->content);
}

/* ---- the base -------------------------------------------------------------------------------- */

/* Puts an extent's original contents on the base. */
static enum err restore(struct installation *installation, const struct extent *extent)
{
    struct overlay *base = &installation->base;
    uint64_t sector_bytes = installation->disk.disk.sector_bytes;
    uint64_t start = align_down(extent->offset, sector_bytes);
    uint64_t end = align_up(extent->offset + extent->bytes, sector_bytes);
    uint8_t *zeros;

    TRY(overlay_load(base, &installation->disk, start, end - start));
    if (extent->original)
        return disk_image_write(&base->image, extent->offset, extent->bytes, extent->original);
    TRY(arena_take(&host_arena, extent->bytes, (void **)&zeros));
    return disk_image_write(&base->image, extent->offset, extent->bytes, zeros);
}

/* What someone else has changed since stays as it is. */
static enum err restore_all(struct installation *installation)
{
    for (uint32_t i = 0; i < installation->found.count; i++) {
        const struct extent *extent = &installation->found.extents[i];
        bool ours = installation->exact;
        bool finished;
        if (extent_is_boot(extent))
            TRY(extent_is_ours(installation, extent, &ours, &finished));
        if (ours)
            TRY(restore(installation, extent));
        else if (extent->kind == EXTENT_CODE)
            installation->foreign++;
    }
    return OK;
}

enum err installation_make_base(struct installation *installation)
{
    const char *paths[ITEM_DIRECTORIES + 2] = {"/"};

    for (enum item item = 0; item < ITEM_DIRECTORIES; item++)
        paths[item + 1] = item_paths[item];
    if (!installation->exact)
        TRY(fat_check(&installation->fat, &installation->disk, paths));
    TRY(overlay_begin(&installation->base, "base", &installation->disk));
    TRY(overlay_load_volume(&installation->base, &installation->disk, &installation->fat, paths));
    TRY(restore_all(installation));
    return installation->exact ? OK : files_remove(installation, &installation->base);
}

/* ---- the target ------------------------------------------------------------------------------ */

/* The record's file must have its size before it can be known what the record holds: the tables
 * that say where the file lies are in it. */
static enum err try_target(struct installation *installation)
{
    installation->record = (struct record){.volume_offset = installation->fat.offset};
    TRY(overlay_fork(&installation->base, "target", &installation->target));
    TRY(files_add(installation));
    TRY(record_volume(installation));
    return record_boot(installation);
}

enum err installation_make_target(struct installation *installation)
{
    uint64_t bytes;

    installation->record_room = RECORD_ROOM_FIRST;
    for (int i = 0; i < RECORD_ROOM_TRIES; i++) {
        TRY(try_target(installation));
        bytes = record_bytes(&installation->record);
        if (bytes <= installation->record_room)
            return record_put(installation);
        installation->record_room = align_up(bytes + bytes / 8, RECORD_ROOM_FIRST);
    }
    return bug("the record of %lu bytes grows each time", bytes);
}

/* ---- is it there already? -------------------------------------------------------------------- */

/* The first of the second stage's sectors; NULL: none. */
static const struct extent *find_stage(const struct record *record)
{
    for (uint32_t i = 0; i < record->count; i++)
        if (record->extents[i].kind == EXTENT_STAGE)
            return &record->extents[i];
    return NULL;
}

static bool holds_stage(const struct installation *installation, uint64_t offset,
                        const struct content *stage)
{
    uint8_t *found;

    return offset + stage->size <= installation->disk.bytes &&
           arena_take(&host_arena, stage->size, (void **)&found) == OK &&
           disk_image_read(&installation->disk, offset, stage->size, found) == OK &&
           memcmp(found, stage->bytes, stage->size) == 0;
}

static bool holds_code(const struct installation *installation, const struct boot_code *code,
                       const struct content *stage, const struct stage_place *place)
{
    uint8_t found[BOOT_SECTOR_BYTES], wanted[BOOT_SECTOR_BYTES];

    if (disk_image_read(&installation->disk, code->lba * place->sector_bytes, sizeof found,
                        found) != OK)
        return false;
    memcpy(wanted, found, sizeof wanted);
    boot_sector_fill(wanted, code->kind, stage, place);
    return memcmp(found, wanted, sizeof found) == 0;
}

static bool holds_loader(const struct installation *installation, enum item item)
{
    uint8_t *bytes;
    uint64_t size;

    return fat_read_whole(&installation->home, item_paths[item], 64 * MIB, &bytes, &size) == OK &&
           size == embedded_efi.size && memcmp(bytes, embedded_efi.bytes, size) == 0;
}

bool installation_is_current(const struct installation *installation)
{
    const struct boot_place *place = &installation->place;
    const struct extent *first = find_stage(&installation->found);
    struct content stage;
    struct stage_place there = {.sector_bytes = installation->disk.disk.sector_bytes};

    if (!first || (installation->exact && installation->unfinished) || !place->code_count ||
        make_stage(installation, first->offset, &stage) != OK ||
        !holds_stage(installation, first->offset, &stage))
        return false;
    there.lba = first->offset / there.sector_bytes;
    for (uint32_t i = 0; i < place->code_count; i++)
        if (!holds_code(installation, &place->codes[i], &stage, &there))
            return false;
    return holds_loader(installation, ITEM_LOADER) &&
           (!(installation->found.made >> ITEM_DEFAULT_LOADER & 1) ||
            holds_loader(installation, ITEM_DEFAULT_LOADER));
}

/* ---- writing --------------------------------------------------------------------------------- */

enum err installation_plan_writes(struct installation *installation, bool boot_first)
{
    uint32_t sector_bytes = installation->disk.disk.sector_bytes;
    struct transition transition = {
        .disk = &installation->disk,
        .target = &installation->target,
        .fat = &installation->fat,
        .found = &installation->found,
        .record = &installation->record,
        .stage = {installation->place.stage.lba * sector_bytes,
                  installation->place.sectors * sector_bytes},
        .boot_first = boot_first,
    };

    return transition_plan(&transition, &installation->writes);
}

static enum err write_bytes(void *context, uint64_t offset, uint64_t bytes, const void *from)
{
    step_show(STEP_SAME);
    return disk_image_write(context, offset, bytes, from);
}

static enum err read_bytes(void *context, uint64_t offset, uint64_t bytes, void *to)
{
    return disk_image_read(context, offset, bytes, to);
}

static enum err flush(void *context)
{
    return disk_image_flush(context);
}

enum err installation_write(struct installation *installation)
{
    const struct writer writer = {write_bytes, flush, read_bytes, &installation->disk};

    return writes_perform(&installation->writes, &writer);
}
