/* Which ranges of a disk are kept in its shadow? */
#include "images/tool/install/overlay.h"
#include "common/lib/mem.h"
#include "images/tool/host/firmware.h"
#include "images/tool/host/scratch.h"
#include <stdio.h>
#include <stdlib.h>

enum err scratch_path(const char *name, char **path)
{
    static const char *folder;
    const char *parent = getenv("TMPDIR");
    char text[4096];

    if (!folder)
        TRY(scratch_make(parent && *parent ? parent : "/tmp", &folder));
    snprintf(text, sizeof text, "%s/%s", folder, name);
    return arena_text(&host_arena, text, strlen(text), path);
}

/* ---- ranges ---------------------------------------------------------------------------------- */

static enum err add_range(struct overlay *overlay, uint64_t offset, uint64_t bytes)
{
    struct range *last = overlay->count ? &overlay->ranges[overlay->count - 1] : NULL, *more;

    if (last && last->offset + last->bytes == offset) {
        last->bytes += bytes;
        return OK;
    }
    if (overlay->count == overlay->capacity) {
        overlay->capacity = 2 * overlay->capacity + 16;
        more = realloc(overlay->ranges, overlay->capacity * sizeof *more);
        if (!more)
            return fail(ERR_NO_MEMORY, "this machine has no memory left");
        overlay->ranges = more;
    }
    overlay->ranges[overlay->count++] = (struct range){offset, bytes};
    return OK;
}

static bool holds(const struct overlay *overlay, uint64_t offset)
{
    for (size_t i = 0; i < overlay->count; i++)
        if (offset >= overlay->ranges[i].offset &&
            offset - overlay->ranges[i].offset < overlay->ranges[i].bytes)
            return true;
    return false;
}

enum err overlay_adopt(struct overlay *overlay, uint64_t offset, uint64_t bytes)
{
    uint64_t sector_bytes = overlay->image.disk.sector_bytes;

    for (uint64_t end = offset + bytes; offset < end; offset += sector_bytes)
        if (!holds(overlay, offset))
            TRY(add_range(overlay, offset, sector_bytes));
    return OK;
}

static enum err copy(const struct disk_image *from, const struct disk_image *to, uint64_t offset,
                     uint64_t bytes)
{
    uint8_t chunk[64 * KIB];

    for (uint64_t part; bytes; offset += part, bytes -= part) {
        part = MIN(bytes, sizeof chunk);
        TRY(disk_image_read(from, offset, part, chunk));
        TRY(disk_image_write(to, offset, part, chunk));
    }
    return OK;
}

enum err overlay_load(struct overlay *overlay, const struct disk_image *from, uint64_t offset,
                      uint64_t bytes)
{
    uint64_t sector_bytes = overlay->image.disk.sector_bytes;

    for (uint64_t end = offset + bytes; offset < end; offset += sector_bytes) {
        if (holds(overlay, offset))
            continue;
        TRY(add_range(overlay, offset, sector_bytes));
        TRY(copy(from, &overlay->image, offset, sector_bytes));
    }
    return OK;
}

/* ---- shadows --------------------------------------------------------------------------------- */

enum err overlay_begin(struct overlay *overlay, const char *name, const struct disk_image *disk)
{
    char *path;

    TRY(scratch_path(name, &path));
    *overlay = (struct overlay){0};
    return disk_image_shadow(path, disk, &overlay->image);
}

struct loading {
    struct overlay *overlay;
    const struct disk_image *disk;
    const struct fat_layout *fat;
};

static enum err load_cluster(void *context, uint32_t cluster)
{
    const struct loading *loading = context;

    return overlay_load(loading->overlay, loading->disk, fat_data_at(loading->fat, cluster),
                        loading->fat->cluster_bytes);
}

enum err overlay_load_volume(struct overlay *overlay, const struct disk_image *disk,
                             const struct fat_layout *fat, const char *const paths[])
{
    struct loading loading = {overlay, disk, fat};
    struct fs_entry directory;
    uint8_t *table;

    TRY(add_range(overlay, fat->offset, fat->data_offset));
    TRY(copy(disk, &overlay->image, fat->offset, fat->data_offset));
    TRY(fat_read_table(fat, disk, 0, &table));
    for (; *paths; paths++) {
        enum err err = fat_find(fat->volume, *paths, true, &directory);
        if (err == OK) /* the fixed root of FAT12 and FAT16 is no cluster, and is copied already */
            err = fat_walk(fat, table, directory.location, load_cluster, &loading);
        if (err != OK && err != ERR_NOT_FOUND)
            return err;
    }
    return OK;
}

enum err overlay_fork(const struct overlay *from, const char *name, struct overlay *overlay)
{
    TRY(overlay_begin(overlay, name, &from->image));
    for (size_t i = 0; i < from->count; i++) {
        const struct range *range = &from->ranges[i];
        TRY(add_range(overlay, range->offset, range->bytes));
        TRY(copy(&from->image, &overlay->image, range->offset, range->bytes));
    }
    return OK;
}

struct volume overlay_volume(const struct overlay *overlay, const struct volume *volume)
{
    struct volume shadow = *volume;

    shadow.disk = &overlay->image.disk;
    return shadow;
}
