/* What does an installation change? */
#include "common/format/crc32.h"
#include "common/lib/mem.h"
#include "images/tool/host/firmware.h"
#include "images/tool/install/installation.h"
#include <stdlib.h>

enum err range_crc(const struct disk_image *image, uint64_t offset, uint64_t bytes, uint32_t *crc)
{
    uint8_t chunk[SECTOR_BYTES_MAX];

    *crc = 0;
    for (uint64_t part; bytes; offset += part, bytes -= part) {
        part = MIN(bytes, sizeof chunk);
        TRY(disk_image_read(image, offset, part, chunk));
        *crc = crc32(*crc, chunk, part);
    }
    return OK;
}

/* The CRC-32 of a sector of a table while old and new files are both linked; else `written_crc`. */
static uint32_t linked_crc(const struct installation *installation, uint64_t offset, uint64_t bytes,
                           uint32_t written_crc)
{
    const struct fat_layout *fat = &installation->fat;
    uint64_t first = fat_table_at(fat, 0);

    if (offset < first || offset - first >= fat->tables * fat->table_bytes)
        return written_crc;
    return crc32(0,
                 installation->linked[(offset - first) / fat->table_bytes] +
                     (offset - first) % fat->table_bytes,
                 bytes);
}

/* Appends a range with what base, disk and target hold there. */
static enum err add_extent(struct installation *installation, enum extent_kind kind,
                           uint64_t offset, uint64_t bytes)
{
    struct extent extent = {.offset = offset, .bytes = bytes, .kind = kind};
    uint8_t *original;

    TRY(range_crc(&installation->disk, offset, bytes, &extent.before_crc));
    /* Its own contents can't be in it: zeros lay there, where the volume had enough of them. */
    if (kind == EXTENT_RECORD)
        return record_add(&installation->record, &extent);
    TRY(range_crc(&installation->target.image, offset, bytes, &extent.written_crc));
    extent.linked_crc = kind == EXTENT_VOLUME
                            ? linked_crc(installation, offset, bytes, extent.written_crc)
                            : extent.written_crc;
    TRY(arena_take(&host_arena, bytes, (void **)&original));
    TRY(disk_image_read(&installation->base.image, offset, bytes, original));
    extent.original = original;
    return record_add(&installation->record, &extent);
}

/* ---- the volume ------------------------------------------------------------------------------ */

static enum err adopt_new_clusters(struct installation *installation)
{
    const struct fat_layout *fat = &installation->fat;
    uint8_t *old, *new;

    TRY(fat_read_table(fat, &installation->base.image, 0, &old));
    TRY(fat_read_table(fat, &installation->target.image, 0, &new));
    for (uint32_t cluster = 2; cluster <= fat->last_cluster; cluster++) {
        uint64_t offset = fat_data_at(fat, cluster);
        if (fat_get(fat, old, cluster) || !fat_get(fat, new, cluster))
            continue;
        TRY(overlay_load(&installation->base, &installation->disk, offset, fat->cluster_bytes));
        TRY(overlay_adopt(&installation->target, offset, fat->cluster_bytes));
    }
    return OK;
}

/* Calls `each` for every cluster of a file that the target has. */
static enum err walk_file(const struct installation *installation, enum item item,
                          enum err (*each)(void *context, uint32_t cluster), void *context)
{
    struct volume volume = overlay_volume(&installation->target, &installation->home);
    struct fs_entry entry;
    uint8_t *table;

    if (fat_find(&volume, item_paths[item], false, &entry) != OK)
        return fail(ERR_FORMAT,
                    "%s: mtools and Lintel read the file system of %s in different ways: repair it "
                    "first (fsck.fat, chkdsk)",
                    installation->disk.path, installation_home_name(installation));
    TRY(fat_read_table(&installation->fat, &installation->target.image, 0, &table));
    return fat_walk(&installation->fat, table, entry.location, each, context);
}

struct marking {
    enum extent_kind *kinds; /* by cluster */
    enum extent_kind kind;
};

static enum err mark_cluster(void *context, uint32_t cluster)
{
    const struct marking *marking = context;

    marking->kinds[cluster] = marking->kind;
    return OK;
}

/* What each cluster of the target is for. */
static enum err find_kinds(const struct installation *installation, enum extent_kind **kinds)
{
    struct marking marking = {.kind = EXTENT_FILE};

    TRY(ARENA_TAKE(&host_arena, installation->fat.last_cluster + 1u, &marking.kinds));
    *kinds = marking.kinds;
    for (uint32_t cluster = 0; cluster <= installation->fat.last_cluster; cluster++)
        marking.kinds[cluster] = EXTENT_VOLUME;
    TRY(walk_file(installation, ITEM_LOADER, mark_cluster, &marking));
    TRY(walk_file(installation, ITEM_DEFAULT_LOADER, mark_cluster, &marking));
    marking.kind = EXTENT_RECORD;
    return walk_file(installation, ITEM_RECORD, mark_cluster, &marking);
}

struct comparison {
    struct installation *installation;
    const enum extent_kind *kinds; /* by cluster */
    uint64_t start, end;           /* the extent that grows */
    enum extent_kind kind;
};

static enum err end_extent(struct comparison *comparison)
{
    uint64_t start = comparison->start, bytes = comparison->end - start;

    comparison->start = comparison->end;
    return bytes ? add_extent(comparison->installation, comparison->kind, start, bytes) : OK;
}

static enum err compare_sector(struct comparison *comparison, uint64_t offset)
{
    struct installation *installation = comparison->installation;
    uint32_t bytes = installation->disk.disk.sector_bytes;
    uint32_t cluster = fat_cluster_at(&installation->fat, offset);
    enum extent_kind kind = comparison->kinds[cluster];
    uint8_t old[SECTOR_BYTES_MAX], new[SECTOR_BYTES_MAX];

    TRY(disk_image_read(&installation->base.image, offset, bytes, old));
    TRY(disk_image_read(&installation->target.image, offset, bytes, new));
    if (kind != EXTENT_RECORD && memcmp(old, new, bytes) == 0)
        return OK;
    /* A sector that must be known again is an extent: others may not be written when it is. */
    if (comparison->end != offset || comparison->kind != kind || kind == EXTENT_VOLUME) {
        TRY(end_extent(comparison));
        comparison->start = offset;
        comparison->kind = kind;
    }
    comparison->end = offset + bytes;
    return OK;
}

static enum err link_tables(struct installation *installation)
{
    const struct fat_layout *fat = &installation->fat;

    TRY(ARENA_TAKE(&host_arena, fat->tables, &installation->linked));
    for (uint32_t copy = 0; copy < fat->tables; copy++)
        TRY(transition_linked_table(fat, &installation->disk, &installation->target.image, copy,
                                    &installation->linked[copy]));
    return OK;
}

enum err record_volume(struct installation *installation)
{
    struct comparison comparison = {.installation = installation};
    const struct overlay *target = &installation->target;
    enum extent_kind *kinds;

    TRY(adopt_new_clusters(installation));
    TRY(link_tables(installation));
    TRY(find_kinds(installation, &kinds));
    comparison.kinds = kinds;
    for (size_t i = 0; i < target->count; i++)
        for (uint64_t done = 0; done < target->ranges[i].bytes;
             done += installation->disk.disk.sector_bytes)
            TRY(compare_sector(&comparison, target->ranges[i].offset + done));
    return end_extent(&comparison);
}

/* ---- boot sectors and second stage ----------------------------------------------------------- */

static enum err hold(struct installation *installation, uint64_t offset, uint64_t bytes)
{
    TRY(overlay_load(&installation->base, &installation->disk, offset, bytes));
    return overlay_load(&installation->target, &installation->base.image, offset, bytes);
}

static enum err put_code(struct installation *installation, const struct boot_code *code)
{
    uint64_t offset = code->lba * installation->disk.disk.sector_bytes;
    const struct disk_image *target = &installation->target.image;
    uint8_t sector[BOOT_SECTOR_BYTES];
    uint32_t kept, kept_end;

    TRY(hold(installation, offset, installation->disk.disk.sector_bytes));
    TRY(disk_image_read(target, offset, sizeof sector, sector));
    boot_sector_fill(sector, code->kind, &installation->place.content, &installation->place.stage);
    TRY(disk_image_write(target, offset, sizeof sector, sector));
    boot_sector_kept(code->kind, &kept, &kept_end);
    TRY(add_extent(installation, EXTENT_CODE, offset, kept));
    return add_extent(installation, EXTENT_CODE, offset + kept_end, sizeof sector - kept_end);
}

/* One extent a sector: each may be written or not when an installation was killed. */
static enum err add_stage_extents(struct installation *installation, uint64_t offset,
                                  uint64_t bytes)
{
    uint32_t sector_bytes = installation->disk.disk.sector_bytes;

    for (uint64_t done = 0; done < bytes; done += sector_bytes)
        TRY(add_extent(installation, EXTENT_STAGE, offset + done, sector_bytes));
    return OK;
}

static enum err put_stage(struct installation *installation)
{
    const struct boot_place *place = &installation->place;
    uint64_t offset = place->stage.lba * place->stage.sector_bytes;
    uint64_t bytes = place->sectors * place->stage.sector_bytes;
    uint8_t *zeros;

    TRY(hold(installation, offset, bytes));
    /* What is not zero there is the rest of an installation that was killed (boot_place.h). */
    TRY(arena_take(&host_arena, bytes, (void **)&zeros));
    TRY(disk_image_write(&installation->base.image, offset, bytes, zeros));
    TRY(stage_install(installation->target.image.path, &place->content, &place->stage,
                      place->sectors));
    return add_stage_extents(installation, offset, bytes);
}

static bool has_extent(const struct record *record, uint64_t offset)
{
    for (uint32_t i = 0; i < record->count; i++)
        if (record->extents[i].offset == offset)
            return true;
    return false;
}

/* What an older Lintel, or an installation that was killed, has on the disk goes only after the
 * switch: until then the new record answers for it, too. On a volume that others have changed since
 * it is not known any more what was there. */
static enum err keep_older(struct installation *installation)
{
    for (uint32_t i = 0; i < installation->found.count; i++) {
        const struct extent *extent = &installation->found.extents[i];
        uint32_t base_crc, disk_crc;
        bool known = installation->exact || extent_is_boot(extent);
        if (!known || has_extent(&installation->record, extent->offset))
            continue;
        TRY(range_crc(&installation->base.image, extent->offset, extent->bytes, &base_crc));
        TRY(range_crc(&installation->disk, extent->offset, extent->bytes, &disk_crc));
        if (base_crc != disk_crc)
            TRY(add_extent(installation, extent->kind, extent->offset, extent->bytes));
    }
    return OK;
}

enum err record_boot(struct installation *installation)
{
    TRY(put_stage(installation));
    for (uint32_t i = 0; i < installation->place.code_count; i++)
        TRY(put_code(installation, &installation->place.codes[i]));
    return keep_older(installation);
}

/* ---- the record's own file ------------------------------------------------------------------- */

struct putting {
    const struct installation *installation;
    const uint8_t *next;
    uint64_t left;
};

static enum err put_cluster(void *context, uint32_t cluster)
{
    struct putting *putting = context;
    const struct fat_layout *fat = &putting->installation->fat;
    uint64_t bytes = MIN(putting->left, fat->cluster_bytes);

    TRY(disk_image_write(&putting->installation->target.image, fat_data_at(fat, cluster), bytes,
                         putting->next));
    putting->next += bytes;
    putting->left -= bytes;
    return OK;
}

enum err record_put(const struct installation *installation)
{
    struct putting putting = {installation, NULL, installation->record_room};
    uint8_t *bytes;

    TRY(arena_take(&host_arena, installation->record_room, (void **)&bytes));
    record_write(&installation->record, bytes);
    putting.next = bytes;
    return walk_file(installation, ITEM_RECORD, put_cluster, &putting);
}
