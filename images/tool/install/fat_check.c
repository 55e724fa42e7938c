/* Is a FAT volume sound enough to be written to? */
#include "images/tool/install/fat_check.h"
#include "common/lib/mem.h"
#include "images/tool/host/firmware.h"

#define FAT32_CLUSTERS_MIN 65525u /* with fewer, other systems take it for FAT16 */
#define ENTRY_BYTES        32
#define ENTRY_DELETED      0xe5
#define ENTRY_E5           0x05 /* stands for E5h as a first letter */
#define ATTRIBUTE_LABEL    0x08
#define ATTRIBUTES_LONG    0x0f

/* ---- the boot sector ------------------------------------------------------------------------- */

static enum err check_numbers(const struct fat_layout *fat)
{
    uint32_t clusters = fat->last_cluster - 1;
    uint8_t boot[36];

    TRY(volume_read(fat->volume, 0, sizeof boot, boot));
    uint64_t bytes =
        (uint64_t)(load16(boot + 19) ? load16(boot + 19) : load32(boot + 32)) * fat->sector_bytes;
    if ((bytes - fat->data_offset) / fat->cluster_bytes > clusters)
        return fail(ERR_FORMAT, "its table has room for %u clusters only", clusters);
    if (fat->bits == 32 && clusters < FAT32_CLUSTERS_MIN)
        return fail(ERR_FORMAT, "it has %u clusters, too few for FAT32", clusters);
    return OK;
}

/* Free clusters are counted in FSInfo: on FAT32, one of the reserved sectors. */
static enum err check_info(const struct fat_layout *fat)
{
    uint8_t sector[512];

    if (!fat->info_sector || fat->info_sector == 0xffff)
        return OK;
    if (fat->info_sector < fat->reserved_sectors) {
        TRY(volume_read(fat->volume, (uint64_t)fat->info_sector * fat->sector_bytes, sizeof sector,
                        sector));
        if (memcmp(sector, "RRaA", 4) == 0 && memcmp(sector + 484, "rrAa", 4) == 0)
            return OK;
    }
    return fail(ERR_FORMAT, "its boot sector says that sector %u is FSInfo, and it is not",
                fat->info_sector);
}

/* The parameters that say where everything lies; others change in the first sector alone. */
static bool agree(const uint8_t *sector, const uint8_t *copy)
{
    return memcmp(sector + 11, copy + 11, 28 - 11) == 0 &&
           memcmp(sector + 32, copy + 32, 52 - 32) == 0;
}

static enum err check_backup(const struct fat_layout *fat)
{
    uint8_t sector[52], copy[52];

    if (!fat->backup_sector || fat->backup_sector >= fat->reserved_sectors)
        return OK;
    TRY(volume_read(fat->volume, 0, sizeof sector, sector));
    TRY(volume_read(fat->volume, (uint64_t)fat->backup_sector * fat->sector_bytes, sizeof copy,
                    copy));
    return agree(sector, copy)
               ? OK
               : fail(ERR_FORMAT,
                      "its boot sector and the copy of it in sector %u contradict each other",
                      fat->backup_sector);
}

/* ---- the tables ------------------------------------------------------------------------------ */

static bool is_link(const struct fat_layout *fat, uint32_t value)
{
    return value >= 2 && value <= fat->last_cluster;
}

/* Free, followed by another cluster, bad, or the last one (also with the reserved values). */
static bool is_entry(const struct fat_layout *fat, uint32_t value)
{
    return !value || is_link(fat, value) || value >= fat_bad_mark(fat) - 7;
}

/* Two copies may differ where an installation that was killed has written one of them only: then a
 * cluster is free, or the last one, in one of them. */
static enum err check_table(const struct fat_layout *fat, uint32_t copy, const uint8_t *first,
                            const uint8_t *table)
{
    if (table[0] != first[0])
        return fail(ERR_FORMAT, "copy %u of its table begins with %02Xh, the first with %02Xh",
                    copy + 1, table[0], first[0]);
    for (uint32_t cluster = 2; cluster <= fat->last_cluster; cluster++) {
        uint32_t is = fat_get(fat, table, cluster), was = fat_get(fat, first, cluster);
        if (!is_entry(fat, is))
            return fail(ERR_FORMAT,
                        "in copy %u of its table, cluster %u is followed by %u, and the last is %u",
                        copy + 1, cluster, is, fat->last_cluster);
        if (is != was && is_link(fat, is) && is_link(fat, was))
            return fail(ERR_FORMAT,
                        "cluster %u is followed by %u in the first copy of its table, by %u in "
                        "copy %u",
                        cluster, was, is, copy + 1);
    }
    return OK;
}

static enum err check_tables(const struct fat_layout *fat, const struct disk_image *image,
                             const uint8_t **first)
{
    for (uint32_t copy = 0; copy < fat->tables; copy++) {
        uint8_t *table;
        TRY(fat_read_table(fat, image, copy, &table));
        if (!copy)
            *first = table;
        TRY(check_table(fat, copy, *first, table));
    }
    return OK;
}

/* ---- directories ----------------------------------------------------------------------------- */

struct walk {
    const struct fat_layout *fat;
    const struct disk_image *image;
    const uint8_t *table;
    bool ended; /* by an entry of zeros: what follows has no meaning */
};

static bool is_short_name(const uint8_t *entry)
{
    for (int i = 0; i < 11; i++)
        if (entry[i] < ' ' && (i || entry[i] != ENTRY_E5))
            return false;
    return true;
}

static bool is_sound(const struct walk *walk, const uint8_t *entry)
{
    const struct fat_layout *fat = walk->fat;
    uint32_t cluster = load16(entry + 26) | (fat->bits == 32 ? load16(entry + 20) << 16 : 0);

    if (entry[0] == ENTRY_DELETED)
        return true;
    if ((entry[11] & 0x3f) == ATTRIBUTES_LONG)
        return !entry[12] && !load16(entry + 26);
    if (!is_short_name(entry))
        return false;
    return entry[11] & ATTRIBUTE_LABEL || !cluster ||
           (is_link(fat, cluster) && fat_get(fat, walk->table, cluster));
}

static enum err check_entries(struct walk *walk, uint64_t offset, uint64_t bytes)
{
    uint8_t *entries;

    TRY(arena_take(&host_arena, bytes, (void **)&entries));
    TRY(disk_image_read(walk->image, offset, bytes, entries));
    for (uint64_t at = 0; at < bytes && !walk->ended; at += ENTRY_BYTES) {
        walk->ended = !entries[at];
        if (!walk->ended && !is_sound(walk, entries + at))
            return fail(ERR_FORMAT, "what lies at byte %lu of the disk is no entry of a directory",
                        offset + at);
    }
    return OK;
}

static enum err check_cluster(void *context, uint32_t cluster)
{
    struct walk *walk = context;

    return check_entries(walk, fat_data_at(walk->fat, cluster), walk->fat->cluster_bytes);
}

/* The root directory of FAT12 and FAT16 lies between tables and clusters. */
static enum err check_directory(struct walk *walk, const char *path)
{
    const struct fat_layout *fat = walk->fat;
    uint64_t tables_end = fat_table_at(fat, fat->tables);
    struct fs_entry directory;
    enum err err = fat_find(fat->volume, path, true, &directory);

    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    walk->ended = false;
    if (!path[1] && fat->bits != 32)
        return check_entries(walk, tables_end, fat->offset + fat->data_offset - tables_end);
    return fat_walk(fat, walk->table, directory.location, check_cluster, walk);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static enum err check(const struct fat_layout *fat, const struct disk_image *image,
                      const char *const paths[])
{
    struct walk walk = {.fat = fat, .image = image};

    TRY(check_numbers(fat));
    TRY(check_info(fat));
    TRY(check_backup(fat));
    TRY(check_tables(fat, image, &walk.table));
    for (; *paths; paths++)
        TRY(check_directory(&walk, *paths));
    return OK;
}

enum err fat_check(const struct fat_layout *fat, const struct disk_image *image,
                   const char *const paths[])
{
    enum err err = check(fat, image, paths);
    char name[VOLUME_NAME_BYTES];

    if (err != ERR_FORMAT)
        return err;
    return fail(err, "%s: its file system is damaged: %s; repair it first (fsck.fat, chkdsk)",
                volume_name(fat->volume, name), err_message());
}
