/* Where on a disk do the parts of a FAT volume lie, and what do its tables say? */
#include "images/tool/install/fat_layout.h"
#include "common/lib/mem.h"
#include "common/storage/fs/fat.h"
#include "images/tool/host/firmware.h"

static enum err check_writable(const struct fat_layout *fat, const uint8_t *boot)
{
    const struct volume *volume = fat->volume;
    uint64_t sectors = load16(boot + 19) ? load16(boot + 19) : load32(boot + 32);
    char name[VOLUME_NAME_BYTES];

    volume_name(volume, name);
    if (fat->bits == 32 && load16(boot + 40) & 0x80)
        return fail(ERR_UNSUPPORTED, "%s: its FAT mirroring is off: Lintel can't write to it",
                    name);
    if (fat->sector_bytes % volume->disk->sector_bytes)
        return fail(ERR_UNSUPPORTED,
                    "%s: its FAT has sectors of %u bytes, but the disk has sectors of %u", name,
                    fat->sector_bytes, volume->disk->sector_bytes);
    if (sectors * fat->sector_bytes > volume->sectors * volume->disk->sector_bytes)
        return fail(ERR_FORMAT, "%s: its FAT is larger than the volume: repair it first", name);
    return OK;
}

enum err fat_layout_read(const struct volume *volume, struct fat_layout *fat)
{
    const struct fat *core;
    uint8_t boot[512];
    struct fs fs;

    TRY(fs_mount(volume, &host_arena, &fs));
    if (fs.driver != &fat_driver)
        return fail(ERR_NOT_FOUND, "%s: not a FAT volume", volume->disk->name);
    core = fs.state;
    TRY(volume_read(volume, 0, sizeof boot, boot));
    bool wide = core->bits == 32;
    *fat = (struct fat_layout){
        .volume = volume,
        .offset = volume->first_lba * volume->disk->sector_bytes,
        .bits = core->bits,
        .sector_bytes = load16(boot + 11),
        .reserved_sectors = load16(boot + 14),
        .info_sector = wide ? load16(boot + 48) : 0,
        .backup_sector = wide ? load16(boot + 50) : 0,
        .tables = boot[16],
        .table_bytes = (uint64_t)(wide ? load32(boot + 36) : load16(boot + 22)) * load16(boot + 11),
        .data_offset = core->data_offset,
        .cluster_bytes = core->cluster_bytes,
        .last_cluster = core->last_cluster,
    };
    return check_writable(fat, boot);
}

/* ---- files and directories ------------------------------------------------------------------- */

struct search {
    const char *name;
    size_t length;
    bool directory, found;
    struct fs_entry entry;
};

static bool is_name(const char *name, const char *wanted, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((name[i] ^ wanted[i]) & ~0x20)
            return false;
    return !name[length];
}

static bool match(void *context, const struct fs_entry *entry)
{
    struct search *search = context;

    if (entry->directory != search->directory ||
        !is_name(entry->name, search->name, search->length))
        return true;
    search->entry = *entry;
    search->found = true;
    return false;
}

enum err fat_serial(const struct fat_layout *fat, uint32_t *serial)
{
    uint8_t bytes[4];

    TRY(volume_read(fat->volume, fat->bits == 32 ? 0x43 : 0x27, sizeof bytes, bytes));
    *serial = load32(bytes);
    return OK;
}

enum err fat_find(const struct volume *volume, const char *path, bool directory,
                  struct fs_entry *entry)
{
    struct search search = {0};
    struct fs fs;

    TRY(fs_mount(volume, &host_arena, &fs));
    *entry = fs.root;
    for (const char *at = path + 1; *at; at += search.length + (at[search.length] == '/')) {
        const char *slash = strchr(at, '/');
        search = (struct search){
            .name = at,
            .length = slash ? (size_t)(slash - at) : strlen(at),
            .directory = slash || directory,
        };
        TRY(fs.driver->list(&fs, entry, match, &search));
        if (!search.found)
            return fail(ERR_NOT_FOUND, "%s: there is no %.*s", path, (int)search.length, at);
        *entry = search.entry;
    }
    return OK;
}

enum err fat_read_whole(const struct volume *volume, const char *path, uint64_t most,
                        uint8_t **bytes, uint64_t *size)
{
    struct file file;
    struct fs fs;

    TRY(fs_mount(volume, &host_arena, &fs));
    TRY(fs_open(&fs, path, &file));
    *size = file.reader.bytes;
    if (*size > most)
        return fail(ERR_FORMAT, "%s: has %lu bytes, more than the %lu that make sense", path,
                    (unsigned long)*size, most);
    TRY(arena_take(&host_arena, MAX(*size, 1), (void **)bytes));
    return reader_read(&file.reader, 0, *size, *bytes);
}

/* ---- the table ------------------------------------------------------------------------------- */

enum err fat_read_table(const struct fat_layout *fat, const struct disk_image *image, uint32_t copy,
                        uint8_t **table)
{
    TRY(arena_take(&host_arena, fat->table_bytes, (void **)table));
    return disk_image_read(image, fat_table_at(fat, copy), fat->table_bytes, *table);
}

uint32_t fat_get(const struct fat_layout *fat, const uint8_t *table, uint32_t cluster)
{
    const uint8_t *entry = table + (uint64_t)cluster * fat->bits / 8;

    if (fat->bits == 12)
        return cluster % 2 ? load16(entry) >> 4 : load16(entry) & 0xfff;
    return fat->bits == 16 ? load16(entry) : load32(entry) & 0x0fffffff;
}

void fat_set(const struct fat_layout *fat, uint8_t *table, uint32_t cluster, uint32_t value)
{
    uint8_t *entry = table + (uint64_t)cluster * fat->bits / 8;
    uint32_t shift = fat->bits == 12 && cluster % 2 ? 4 : 0;
    /* The top four bits of FAT32's entries are reserved and stay. */
    uint32_t mask = (UINT32_MAX >> (fat->bits == 32 ? 4 : 32 - fat->bits)) << shift;
    uint32_t bytes = fat->bits == 32 ? 4 : 2, whole = 0;

    memcpy(&whole, entry, bytes);
    whole = (whole & ~mask) | (value << shift & mask);
    memcpy(entry, &whole, bytes);
}

uint32_t fat_bad_mark(const struct fat_layout *fat)
{
    return (UINT32_MAX >> (fat->bits == 32 ? 4 : 32 - fat->bits)) - 8;
}

uint32_t fat_cluster_at(const struct fat_layout *fat, uint64_t offset)
{
    uint64_t start = fat->offset + fat->data_offset, cluster;

    if (offset < start)
        return 0;
    cluster = (offset - start) / fat->cluster_bytes + FAT_FIRST_CLUSTER;
    return cluster <= fat->last_cluster ? (uint32_t)cluster : 0;
}

enum err fat_walk(const struct fat_layout *fat, const uint8_t *table, uint64_t first_cluster,
                  enum err (*each)(void *context, uint32_t cluster), void *context)
{
    uint64_t cluster = first_cluster;

    for (uint64_t steps = 0; cluster >= FAT_FIRST_CLUSTER && cluster <= fat->last_cluster;
         steps++) {
        if (steps > fat->last_cluster)
            return fail(ERR_FORMAT, "the chain of cluster %lu loops: repair the file system first",
                        first_cluster);
        TRY(each(context, (uint32_t)cluster));
        cluster = fat_get(fat, table, (uint32_t)cluster);
    }
    return OK;
}
