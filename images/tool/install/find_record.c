/* Where on a disk is the record of an installation, and does the disk still hold what it says? */
#include "common/format/crc32.h"
#include "common/lib/mem.h"
#include "images/tool/host/firmware.h"
#include "images/tool/install/installation.h"

#define SEARCHED_AT_ONCE MIB /* no cluster is larger */
#define TRIES            16

enum err extent_is_ours(const struct installation *installation, const struct extent *extent,
                        bool *ours, bool *finished)
{
    uint32_t crc, original_crc = 0;
    uint8_t zero = 0;

    TRY(range_crc(&installation->disk, extent->offset, extent->bytes, &crc));
    if (extent->original)
        original_crc = crc32(0, extent->original, extent->bytes);
    else
        for (uint64_t i = 0; i < extent->bytes; i++)
            original_crc = crc32(original_crc, &zero, 1);
    *finished = extent->kind == EXTENT_RECORD || crc == extent->written_crc;
    *ours = *finished || extent->kind == EXTENT_FILE || crc == extent->before_crc ||
            crc == extent->linked_crc || crc == original_crc;
    return OK;
}

/* Decides whether the found record is exact: every sector of the volume is what it says. */
static enum err check_volume(struct installation *installation)
{
    const struct record *found = &installation->found;

    installation->exact = found->volume_offset == installation->fat.offset;
    installation->unfinished = false;
    for (uint32_t i = 0; i < found->count; i++) {
        bool ours, finished;
        TRY(extent_is_ours(installation, &found->extents[i], &ours, &finished));
        installation->exact &= ours || extent_is_boot(&found->extents[i]);
        installation->unfinished |= ours && !finished;
    }
    return OK;
}

/* A volume that can't be mounted is no reason to give up on the others. */
static bool may_have_record(const struct volume *volume)
{
    struct fs fs;

    return volume_is_esp(volume) || fs_mount(volume, &host_arena, &fs) == OK;
}

/* Reads the record of one volume. ERR_NOT_FOUND: it has none. */
static enum err read_record(const struct volume *volume, struct installation *installation)
{
    const char *path = installation->disk.path, *name = item_paths[ITEM_RECORD];
    uint8_t *bytes;
    uint64_t size;

    installation->home = *volume;
    enum err err = fat_read_whole(volume, name, RECORD_BYTES_MAX, &bytes, &size);

    if (err == ERR_NOT_FOUND)
        return err;
    if (err != OK)
        return fail(err, "%s: %s can't be looked for: %s%s", path, name, err_message(),
                    err == ERR_FORMAT ? "; or rename it, to install anew" : "");
    err = record_parse(bytes, size, installation->disk.bytes, &installation->found);
    if (err != OK)
        return fail(
            err,
            "%s: %s on %s: %s: nothing can be uninstalled without it; rename it to install anew",
            path, name, installation_home_name(installation), err_message());
    installation->has_record = true;
    return OK;
}

static enum err find_linked_record(struct installation *installation)
{
    const struct disk_tables *tables = &installation->tables;

    for (uint32_t i = 0; i < tables->count; i++) {
        enum err err = may_have_record(&tables->volumes[i])
                           ? read_record(&tables->volumes[i], installation)
                           : ERR_NOT_FOUND;
        if (err == OK)
            TRY(installation_use_home(&tables->volumes[i], installation));
        if (err != ERR_NOT_FOUND)
            return err == OK ? check_volume(installation) : err;
    }
    return ERR_NOT_FOUND;
}

/* ---- a record that no directory leads to ----------------------------------------------------- */

static enum err read_whole_record(const struct disk_image *disk, uint64_t offset, uint64_t bytes,
                                  struct record *record)
{
    uint8_t *whole;

    if (bytes > disk->bytes - offset)
        return ERR_FORMAT;
    TRY(arena_take(&host_arena, bytes, (void **)&whole));
    TRY(disk_image_read(disk, offset, bytes, whole));
    return record_parse(whole, bytes, disk->bytes, record);
}

struct search {
    struct installation *installation;
    uint64_t linked;     /* first cluster of the record that a directory leads to; 0: none */
    uint32_t tries;      /* left: a disk may be full of what begins like a record */
    bool whole;          /* a whole record was found */
    struct record heads; /* the clusters of those that were not yet, or not any more, whole */
};

/* A whole record counts where all that it says is so. A copy of one says that it lies elsewhere. */
static void take_whole(struct search *search, const struct record *record, uint64_t offset)
{
    static struct installation trial;

    trial = *search->installation;
    trial.found = *record;
    if (search->whole || !record_has(record, EXTENT_RECORD, offset) || check_volume(&trial) != OK ||
        !trial.exact)
        return;
    *search->installation = trial;
    search->whole = true;
}

/* What such clusters hold is nobody's where the table says that they are free. */
static bool is_unlinked(const struct fat_layout *fat, const uint8_t *table,
                        const struct extent *extent)
{
    for (uint64_t done = 0; done < extent->bytes; done += fat->sector_bytes) {
        uint32_t cluster = fat_cluster_at(fat, extent->offset + done);
        if (!cluster || fat_get(fat, table, cluster))
            return false;
    }
    return true;
}

/* Of a record that was about to be written, or to go, only its own clusters are to be cleared. */
static enum err take_head(struct search *search, const struct record *head)
{
    const struct fat_layout *fat = &search->installation->fat;
    uint8_t *table;

    if (head->volume_offset != fat->offset)
        return OK;
    TRY(fat_read_table(fat, &search->installation->disk, 0, &table));
    for (uint32_t i = 0; i < head->count; i++)
        if (is_unlinked(fat, table, &head->extents[i]))
            TRY(record_add(&search->heads, &head->extents[i]));
    return OK;
}

static enum err take_record(struct search *search, uint64_t offset, const uint8_t *sector)
{
    const struct disk_image *disk = &search->installation->disk;
    struct record record;

    if (read_whole_record(disk, offset, record_bytes_at(sector), &record) == OK)
        take_whole(search, &record, offset);
    else if (record_parse_head(sector, offset, disk->bytes, &record))
        return take_head(search, &record);
    return OK;
}

static enum err search_clusters(struct search *search, uint32_t first, uint32_t count,
                                uint8_t *chunk)
{
    const struct installation *installation = search->installation;
    const struct fat_layout *fat = &installation->fat;

    if (disk_image_read(&installation->disk, fat_data_at(fat, first), count * fat->cluster_bytes,
                        chunk) != OK)
        return OK; /* what can't be read is no record that was just written */
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *sector = chunk + i * fat->cluster_bytes;
        if (first + i == search->linked || !record_bytes_at(sector) || !search->tries)
            continue;
        search->tries--;
        TRY(take_record(search, fat_data_at(fat, first + i), sector));
    }
    return OK;
}

/* The clusters of half a record are cleared with what else is found, or alone. */
static enum err add_heads(struct search *search)
{
    struct installation *installation = search->installation;
    bool others = search->whole || installation->has_record;

    if (!search->heads.count || (others && !installation->exact))
        return OK;
    if (!others)
        installation->found = (struct record){.volume_offset = installation->fat.offset};
    for (uint32_t i = 0; i < search->heads.count; i++)
        TRY(record_add(&installation->found, &search->heads.extents[i]));
    installation->exact = installation->has_record = true;
    return OK;
}

static enum err search_volume(struct installation *installation)
{
    const struct fat_layout *fat = &installation->fat;
    uint32_t step = (uint32_t)(SEARCHED_AT_ONCE / fat->cluster_bytes), end = fat->last_cluster + 1;
    uint64_t left = RECORD_SEARCHED_BYTES / SEARCHED_AT_ONCE;
    struct search search = {.installation = installation, .tries = TRIES};
    struct fs_entry linked;
    uint8_t *chunk;

    TRY(arena_take(&host_arena, SEARCHED_AT_ONCE, (void **)&chunk));
    if (fat_find(&installation->home, item_paths[ITEM_RECORD], false, &linked) == OK)
        search.linked = linked.location;
    for (uint32_t first; left && end > 2; left--, end = first) {
        first = end > 2 + step ? end - step : 2;
        TRY(search_clusters(&search, first, end - first, chunk));
    }
    installation->has_record |= search.whole;
    return add_heads(&search);
}

/* Where an installation or its end was cut short, a record lies at a volume's end, but no directory
 * leads to it yet, or any more: it knows more than an older one that is still in its place. */
static enum err search_record(struct installation *installation)
{
    const struct disk_tables *tables = &installation->tables;

    if (installation->has_record)
        return search_volume(installation);
    for (uint32_t i = 0; i < tables->count && !installation->has_record; i++)
        if (installation_use_home(&tables->volumes[i], installation) == OK)
            TRY(search_volume(installation));
    return installation->has_record ? OK : ERR_NOT_FOUND;
}

enum err installation_find_record(struct installation *installation)
{
    enum err err = find_linked_record(installation);

    return err == OK || err == ERR_NOT_FOUND ? search_record(installation) : err;
}
