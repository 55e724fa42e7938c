/* How do Lintel's files get onto the FAT volume, and off it? */
#include "common/lib/mem.h"
#include "images/tool/host/firmware.h"
#include "images/tool/host/program.h"
#include "images/tool/host/text.h"
#include "images/tool/image/embedded.h"
#include "images/tool/install/installation.h"
#include <stdio.h>

#define LOADER_BYTES_MAX (64 * MIB)

const char *const item_paths[ITEMS] = {
    [ITEM_EFI] = "/EFI",
    [ITEM_EFI_BOOT] = "/EFI/BOOT",
    [ITEM_EFI_LINTEL] = "/EFI/lintel",
    [ITEM_LINTEL] = "/lintel",
    [ITEM_LOADER] = "/EFI/lintel/lintelx64.efi",
    [ITEM_DEFAULT_LOADER] = "/EFI/BOOT/BOOTX64.EFI",
    [ITEM_RECORD] = "/lintel/uninstall.bin",
    [ITEM_PREVIOUS] = "/lintel/previous.bin",
};

/* Runs one of mtools on an item of a volume; `host`: a file to copy there, or NULL. */
static enum err run_mtools(const struct installation *installation, const struct overlay *overlay,
                           const char *program, enum item item, const char *host)
{
    char image[512], path[64];

    snprintf(image, sizeof image, "%s@@%lu", text_base(overlay->image.path),
             installation->fat.offset);
    snprintf(path, sizeof path, "::%s", item_paths[item]);
    enum err err =
        host ? RUN(program, "-o", "-i", image, host, path) : RUN(program, "-i", image, path);
    return err == OK ? OK
                     : fail(err,
                            "%s: %s on %s: %s: make room there, or repair the file system "
                            "(fsck.fat)",
                            installation->disk.path, item_paths[item],
                            installation_home_name(installation), err_message());
}

static bool is_there(const struct installation *installation, const struct overlay *overlay,
                     enum item item)
{
    struct volume volume = overlay_volume(overlay, &installation->home);
    struct fs_entry entry;

    return fat_find(&volume, item_paths[item], item < ITEM_DIRECTORIES, &entry) == OK;
}

static bool ignore_entry(void *context, const struct fs_entry *entry)
{
    (void)entry;
    *(bool *)context = false;
    return false;
}

static enum err remove_directory(const struct installation *installation,
                                 const struct overlay *overlay, enum item item)
{
    struct volume volume = overlay_volume(overlay, &installation->home);
    bool empty = true;
    struct fs fs;

    TRY(fs_mount(&volume, &host_arena, &fs));
    TRY(fs_list(&fs, item_paths[item], ignore_entry, &empty));
    return empty ? run_mtools(installation, overlay, "mrd", item, NULL) : OK;
}

enum err files_remove(const struct installation *installation, struct overlay *overlay)
{
    for (int item = ITEMS - 1; item >= 0; item--) {
        bool made = installation->found.made >> item & 1;
        if (!made || !is_there(installation, overlay, item))
            continue;
        TRY(item < ITEM_DIRECTORIES ? remove_directory(installation, overlay, item)
                                    : run_mtools(installation, overlay, "mdel", item, NULL));
    }
    return OK;
}

/* ---- what is there --------------------------------------------------------------------------- */

static enum err load_cluster(void *context, uint32_t cluster)
{
    struct installation *installation = context;
    const struct fat_layout *fat = &installation->fat;

    return overlay_load(&installation->base, &installation->disk, fat_data_at(fat, cluster),
                        fat->cluster_bytes);
}

/* Makes the base hold a file's contents too, where it has that file. */
static enum err load_file(struct installation *installation, enum item item)
{
    struct volume base = overlay_volume(&installation->base, &installation->home);
    struct fs_entry entry;
    uint8_t *table;

    if (fat_find(&base, item_paths[item], false, &entry) != OK)
        return OK;
    TRY(fat_read_table(&installation->fat, &installation->base.image, 0, &table));
    return fat_walk(&installation->fat, table, entry.location, load_cluster, installation);
}

static bool has_contents(const struct volume *volume, enum item item, const uint8_t *wanted,
                         uint64_t wanted_size)
{
    uint8_t *bytes;
    uint64_t size;

    return fat_read_whole(volume, item_paths[item], LOADER_BYTES_MAX, &bytes, &size) == OK &&
           size == wanted_size && memcmp(bytes, wanted, size) == 0;
}

/* The default loader is ours where it is what we would write, or what is in our own folder. */
static bool is_default_ours(const struct volume *volume)
{
    uint8_t *ours;
    uint64_t size;

    if (has_contents(volume, ITEM_DEFAULT_LOADER, embedded_efi.bytes, embedded_efi.size))
        return true;
    return fat_read_whole(volume, item_paths[ITEM_LOADER], LOADER_BYTES_MAX, &ours, &size) == OK &&
           has_contents(volume, ITEM_DEFAULT_LOADER, ours, size);
}

/* ---- which clusters new files get ------------------------------------------------------------ */

/* Clusters that are in use in a copy of the disk's table: behind an installation that was killed
 * the copies differ. */
static enum err find_used(const struct installation *installation, bool **used)
{
    const struct fat_layout *fat = &installation->fat;

    TRY(ARENA_TAKE(&host_arena, fat->last_cluster + 1u, used));
    for (uint32_t copy = 0; copy < fat->tables; copy++) {
        uint8_t *table;
        TRY(fat_read_table(fat, &installation->disk, copy, &table));
        for (uint32_t cluster = 2; cluster <= fat->last_cluster; cluster++)
            (*used)[cluster] |= fat_get(fat, table, cluster) != 0;
    }
    return OK;
}

/* Marks clusters as bad in every copy of the target's tables, so that new files do not get them:
 * those that are free there but in use on the disk, where the old loader still lies, and where
 * `allowed` is not NULL all others but these. The same in all copies: mtools knows only the first,
 * and writes whole sectors of it to all. */
static enum err guard_clusters(const struct installation *installation, const bool *allowed)
{
    const struct fat_layout *fat = &installation->fat;
    const struct disk_image *target = &installation->target.image;
    bool *used;

    TRY(find_used(installation, &used));
    for (uint32_t copy = 0; copy < fat->tables; copy++) {
        uint8_t *new;
        TRY(fat_read_table(fat, target, copy, &new));
        for (uint32_t cluster = 2; cluster <= fat->last_cluster; cluster++)
            if (!fat_get(fat, new, cluster) && (used[cluster] || (allowed && !allowed[cluster])))
                fat_set(fat, new, cluster, fat_bad_mark(fat));
        TRY(disk_image_write(target, fat_table_at(fat, copy), fat->table_bytes, new));
    }
    return OK;
}

/* Takes the marks away. */
static enum err release_clusters(const struct installation *installation)
{
    const struct fat_layout *fat = &installation->fat;
    const struct disk_image *target = &installation->target.image;
    uint32_t bad = fat_bad_mark(fat);

    for (uint32_t copy = 0; copy < fat->tables; copy++) {
        uint8_t *base, *new;
        TRY(fat_read_table(fat, &installation->base.image, copy, &base));
        TRY(fat_read_table(fat, target, copy, &new));
        for (uint32_t cluster = 2; cluster <= fat->last_cluster; cluster++)
            if (fat_get(fat, new, cluster) == bad && fat_get(fat, base, cluster) != bad)
                fat_set(fat, new, cluster, 0);
        TRY(disk_image_write(target, fat_table_at(fat, copy), fat->table_bytes, new));
    }
    return OK;
}

struct search {
    const struct installation *installation;
    uint8_t *old, *new; /* tables of the disk and of the target */
    uint8_t *bytes;     /* of a cluster */
};

/* True when a cluster is free on the disk and in the target; `zeros`: and holds nothing else. */
static bool is_free(const struct search *search, uint32_t cluster, bool zeros, enum err *err)
{
    const struct fat_layout *fat = &search->installation->fat;

    if (fat_get(fat, search->old, cluster) || fat_get(fat, search->new, cluster))
        return false;
    if (!zeros)
        return true;
    *err = disk_image_read(&search->installation->disk, fat_data_at(fat, cluster),
                           fat->cluster_bytes, search->bytes);
    return *err == OK && is_zero(search->bytes, fat->cluster_bytes);
}

/* Marks the last `wanted` clusters in a row that are free, in what the search looks at. */
static enum err find_run(const struct search *search, uint64_t wanted, bool zeros, bool *allowed,
                         bool *found)
{
    const struct fat_layout *fat = &search->installation->fat;
    uint64_t run = 0, left = RECORD_SEARCHED_BYTES / fat->cluster_bytes;
    enum err err = OK;

    for (uint32_t cluster = fat->last_cluster; left && cluster >= 2; cluster--, left--) {
        run = is_free(search, cluster, zeros, &err) ? run + 1 : 0;
        TRY(err);
        *found = run == wanted;
        for (; *found && run; run--)
            allowed[cluster + run - 1] = true;
        if (*found)
            return OK;
    }
    return OK;
}

/* Where the record goes: to the volume's end, in one piece, so that it is found where no directory
 * leads to it yet or any more. It can't hold what its own clusters held: so they are some that hold
 * zeros, or else remains of deleted files are lost. NULL in *allowed: wherever there is room. */
static enum err find_record_clusters(const struct installation *installation, bool **allowed)
{
    const struct fat_layout *fat = &installation->fat;
    uint64_t wanted = installation->record_room / fat->cluster_bytes + 2; /* one: the directory's */
    struct search search = {.installation = installation};
    bool found = false;

    TRY(fat_read_table(fat, &installation->disk, 0, &search.old));
    TRY(fat_read_table(fat, &installation->target.image, 0, &search.new));
    TRY(arena_take(&host_arena, fat->cluster_bytes, (void **)&search.bytes));
    TRY(ARENA_TAKE(&host_arena, fat->last_cluster + 1u, allowed));
    TRY(find_run(&search, wanted, true, *allowed, &found));
    if (!found)
        TRY(find_run(&search, wanted, false, *allowed, &found));
    if (!found)
        *allowed = NULL;
    return OK;
}

/* ---- adding ---------------------------------------------------------------------------------- */

static enum err add_directories(struct installation *installation)
{
    for (enum item item = 0; item < ITEM_DIRECTORIES; item++) {
        if (is_there(installation, &installation->target, item))
            continue;
        TRY(run_mtools(installation, &installation->target, "mmd", item, NULL));
        installation->record.made |= 1u << item;
    }
    return OK;
}

/* Contents of `size` bytes; NULL: zeros. */
static enum err add_file(struct installation *installation, enum item item, const uint8_t *bytes,
                         uint64_t size)
{
    char *path;

    TRY(scratch_path("file", &path));
    TRY(file_create(path, size));
    if (bytes)
        TRY(file_write_at(path, 0, bytes, size));
    TRY(run_mtools(installation, &installation->target, "mcopy", item, path));
    if (!is_there(installation, &installation->base, item))
        installation->record.made |= 1u << item;
    return OK;
}

/* mtools would put a file into a folder that has the file's name. */
static enum err check_kinds(const struct installation *installation)
{
    struct fs_entry entry;

    for (enum item item = 0; item < ITEMS; item++) {
        bool directory = item < ITEM_DIRECTORIES;
        if (fat_find(&installation->home, item_paths[item], !directory, &entry) == OK)
            return fail(ERR_UNSUPPORTED,
                        "%s: %s on %s is a %s, but Lintel needs a %s of that name: rename it",
                        installation->disk.path, item_paths[item],
                        installation_home_name(installation), directory ? "file" : "folder",
                        directory ? "folder" : "file");
    }
    return OK;
}

/* Decides about one of the two files of the same contents: *wanted when it is to be written. What
 * is in its place then goes, unless that is another loader. */
static enum err prepare_loader(struct installation *installation, enum item item, bool *wanted)
{
    struct volume base = overlay_volume(&installation->base, &installation->home);

    *wanted = true;
    if (!is_there(installation, &installation->base, item))
        return OK;
    TRY(load_file(installation, ITEM_LOADER));
    TRY(load_file(installation, item));
    *wanted = !has_contents(&base, item, embedded_efi.bytes, embedded_efi.size);
    if (item == ITEM_DEFAULT_LOADER && !is_default_ours(&base)) {
        installation->default_is_foreign = true;
        *wanted = false;
    }
    return *wanted ? run_mtools(installation, &installation->target, "mdel", item, NULL) : OK;
}

/* True when an MBR's code is replaced: only that starts a disk's other loader. */
static bool replaces_mbr(const struct boot_place *place)
{
    for (uint32_t i = 0; i < place->code_count; i++)
        if (!place->codes[i].lba && place->codes[i].kind == BOOT_SECTOR_MBR)
            return true;
    return false;
}

/* The first sector of the disk without Lintel, from which the loader that was there boots. */
static enum err add_previous(struct installation *installation)
{
    const struct disk_image *disk = &installation->disk, *base = &installation->base.image;
    bool ours = record_has(&installation->found, EXTENT_CODE, 0);
    uint8_t sector[BOOT_SECTOR_BYTES];
    uint32_t code, code_end;

    boot_sector_kept(BOOT_SECTOR_MBR, &code, &code_end);
    TRY(disk_image_read(ours ? base : disk, 0, sizeof sector, sector));
    if (!replaces_mbr(&installation->place) || is_zero(sector, code) ||
        is_there(installation, &installation->base, ITEM_PREVIOUS))
        return OK;
    return add_file(installation, ITEM_PREVIOUS, sector, sizeof sector);
}

enum err files_add(struct installation *installation)
{
    bool loader, default_loader, *for_record;

    TRY(check_kinds(installation));
    TRY(prepare_loader(installation, ITEM_LOADER, &loader));
    TRY(prepare_loader(installation, ITEM_DEFAULT_LOADER, &default_loader));
    TRY(guard_clusters(installation, NULL));
    TRY(add_directories(installation));
    if (loader)
        TRY(add_file(installation, ITEM_LOADER, embedded_efi.bytes, embedded_efi.size));
    if (default_loader)
        TRY(add_file(installation, ITEM_DEFAULT_LOADER, embedded_efi.bytes, embedded_efi.size));
    TRY(add_previous(installation));
    TRY(find_record_clusters(installation, &for_record));
    TRY(guard_clusters(installation, for_record));
    TRY(add_file(installation, ITEM_RECORD, NULL, installation->record_room));
    return release_clusters(installation);
}
