/* FAT12, FAT16 and FAT32: the boot sector, and what follows from it. */
#include "common/storage/fs/fat.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

#define BOOT_BYTES      512
#define EXTENDED_RECORD 0x29 /* 28h: with a serial number, but no label */

/* Clusters that make a volume FAT12, FAT16 or FAT32 (page 14); the last one leaves entries free for
 * the bad mark and the end marks. */
#define FAT12_CLUSTERS_MAX 4084
#define FAT16_CLUSTERS_MAX 65524
#define FAT32_CLUSTERS_MAX 0x0ffffff5

/* The BIOS Parameter Block (page 7), widened. */
struct parameters {
    uint32_t sector_bytes, cluster_sectors, reserved_sectors;
    uint32_t fats, fat_sectors;
    uint32_t root_entries;
    uint32_t sectors;
    uint32_t root_cluster, active_fat; /* FAT32 */
    uint16_t version;                  /* FAT32 */
    uint8_t medium;
    bool wide; /* laid out as FAT32, however few clusters there are */
};

static struct parameters parameters_of(const uint8_t *boot)
{
    uint32_t sectors = load16(boot + 19), fat_sectors = load16(boot + 22);
    uint16_t flags = load16(boot + 40);
    bool wide = fat_sectors == 0, mirrored = !(flags & 0x80);

    return (struct parameters){
        .sector_bytes = load16(boot + 11),
        .cluster_sectors = boot[13],
        .reserved_sectors = load16(boot + 14),
        .fats = boot[16],
        .root_entries = load16(boot + 17),
        .sectors = sectors ? sectors : load32(boot + 32),
        .medium = boot[21],
        .fat_sectors = wide ? load32(boot + 36) : fat_sectors,
        .active_fat = wide && !mirrored ? flags & 15 : 0,
        .root_cluster = wide ? load32(boot + 44) : 0,
        .version = wide ? load16(boot + 42) : 0,
        .wide = wide,
    };
}

/* True when the first fields can be FAT's: NTFS and exFAT have zeros there, a Master Boot Record
 * has code. */
static bool is_plausible(const struct parameters *p)
{
    return is_power_of_two(p->sector_bytes) && p->sector_bytes >= 512 &&
           p->sector_bytes <= SECTOR_BYTES_MAX && is_power_of_two(p->cluster_sectors) &&
           p->reserved_sectors && p->fats && p->medium >= 0xf0;
}

/* The label that most formatters write, and that nothing may depend on. */
static bool is_labelled(const uint8_t *boot)
{
    return memcmp(boot + 54, "FAT", 3) == 0 || memcmp(boot + 82, "FAT", 3) == 0;
}

static enum err recognise(const uint8_t *boot, const char *name, struct parameters *p)
{
    *p = parameters_of(boot);
    if (is_plausible(p))
        return OK;
    if (!is_labelled(boot))
        return fail(ERR_NOT_FOUND, "%s: not a FAT volume", name);
    return fail(ERR_FORMAT,
                "%s: damaged FAT boot sector: %u bytes a sector, %u sectors a cluster, %u reserved "
                "sectors, %u tables, medium %02Xh",
                name, p->sector_bytes, p->cluster_sectors, p->reserved_sectors, p->fats, p->medium);
}

static uint32_t bits_of(const struct parameters *p, uint64_t clusters)
{
    if (p->wide)
        return 32;
    return clusters <= FAT12_CLUSTERS_MAX ? 12 : 16;
}

/* Table entries, and with them clusters, that `table_bytes` hold. */
static uint64_t entries_in(uint64_t table_bytes, uint32_t bits)
{
    return table_bytes * 8 / bits;
}

static enum err check_layout(const struct fat *fat, const struct parameters *p, const char *name,
                             uint64_t clusters)
{
    uint64_t clusters_max = p->wide ? FAT32_CLUSTERS_MAX : FAT16_CLUSTERS_MAX;

    if (!clusters || clusters > clusters_max)
        return fail(ERR_FORMAT, "%s: %lu clusters in %u sectors: FAT has 1 to %lu", name, clusters,
                    p->sectors, clusters_max);
    if (entries_in(fat->table_bytes, fat->bits) <= FAT_FIRST_CLUSTER)
        return fail(ERR_FORMAT, "%s: a table of %u sectors has no room for clusters", name,
                    p->fat_sectors);
    if (p->active_fat >= p->fats)
        return fail(ERR_FORMAT, "%s: table %u is marked active, but there are %u", name,
                    p->active_fat, p->fats);
    if (p->wide && (p->root_cluster < FAT_FIRST_CLUSTER || p->root_cluster > fat->last_cluster))
        return fail(ERR_FORMAT, "%s: root directory at cluster %u, which is not in 2 to %u", name,
                    p->root_cluster, fat->last_cluster);
    return OK;
}

/* Fills all but the window (pages 13 to 15). */
static enum err lay_out(struct fat *fat, const struct parameters *p, const char *name)
{
    uint64_t fat_bytes = (uint64_t)p->fat_sectors * p->sector_bytes;
    uint64_t end = (uint64_t)p->sectors * p->sector_bytes, clusters, entries;

    fat->cluster_bytes = p->cluster_sectors * p->sector_bytes;
    fat->table_offset = (uint64_t)p->reserved_sectors * p->sector_bytes;
    fat->root_offset = fat->table_offset + p->fats * fat_bytes;
    fat->table_offset += p->active_fat * fat_bytes;
    fat->root_bytes = (uint64_t)p->root_entries * FAT_SLOT_BYTES;
    fat->root_cluster = p->root_cluster;
    fat->data_offset = fat->root_offset + align_up(fat->root_bytes, p->sector_bytes);
    clusters = end > fat->data_offset ? (end - fat->data_offset) / fat->cluster_bytes : 0;
    fat->bits = bits_of(p, clusters);
    /* A table may be too short for the volume: clusters without an entry do not exist. */
    entries = MIN(entries_in(fat_bytes, fat->bits), clusters + FAT_FIRST_CLUSTER);
    fat->last_cluster = (uint32_t)entries - 1;
    fat->table_bytes = MIN(fat_bytes, align_up((entries * fat->bits + 7) / 8, p->sector_bytes));
    return check_layout(fat, p, name, clusters);
}

/* Page 9: what an other version than 0.0 means, nobody knows. */
static enum err check_version(const struct parameters *p, const char *name)
{
    if (!p->version)
        return OK;
    return fail(ERR_UNSUPPORTED, "%s: FAT32 of version %u.%u (BPB_FSVer), Lintel reads 0.0", name,
                p->version >> 8, p->version & 0xff);
}

/* The serial number of the extended boot record (pages 12 and 13), as operating systems write it.
 */
static void take_serial(struct fat *fat, const uint8_t *boot, bool wide)
{
    const uint8_t *record = boot + (wide ? 66 : 38);

    if ((record[0] & ~1) == (EXTENDED_RECORD & ~1))
        fmt(fat->uuid, sizeof fat->uuid, "%04X-%04X", load16(record + 3), load16(record + 1));
}

/* The boot sector's label does not count: tools that change the root directory's leave it behind.
 */
static enum err fat_identify(const struct fs *fs, struct fs_identity *identity)
{
    const struct fat *fat = fs->state;

    fmt(identity->uuid, sizeof identity->uuid, "%s", fat->uuid);
    return fat_find_label(fs, identity->label);
}

static enum err fat_mount(struct fs *fs)
{
    const struct volume *volume = fs->volume;
    char name[VOLUME_NAME_BYTES];
    uint8_t boot[BOOT_BYTES];
    struct parameters parameters;
    struct fat *fat;

    volume_name(volume, name);
    TRY(volume_read(volume, 0, sizeof boot, boot));
    TRY(recognise(boot, name, &parameters));
    TRY(check_version(&parameters, name));
    TRY(ARENA_TAKE(fs->arena, 1, &fat));
    fat->volume = volume;
    TRY(lay_out(fat, &parameters, name));
    TRY(arena_take(fs->arena, MIN(fat->table_bytes, FAT_WINDOW_BYTES), (void **)&fat->window));
    take_serial(fat, boot, parameters.wide);
    fs->state = fat;
    fs->root.location = fat->bits == 32 ? fat->root_cluster : FAT_FIXED_ROOT;
    note("%s: FAT%u, %u clusters of %u bytes\n", name, fat->bits, fat->last_cluster - 1,
         fat->cluster_bytes);
    return OK;
}

const struct fs_driver fat_driver = {
    .name = "FAT",
    .loose_ends = true,
    .mount = fat_mount,
    .identify = fat_identify,
    .list = fat_list,
    .open = fat_open,
    .read = fat_read,
    .rename = fat_rename,
};
