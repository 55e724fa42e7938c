/* Files on the shadow of the FAT volume, by mtools. */
#include "embedded.h"
#include "installation.h"
#include "program.h"
#include "common/lib/mem.h"
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
};

/* Runs one of mtools on an item of a volume; `host`: a file to copy there, or NULL. */
static enum err run_mtools(const struct installation *installation, const struct overlay *overlay,
                           const char *program, enum item item, const char *host)
{
    char image[512], path[64];

    snprintf(image, sizeof image, "%s@@%lu", overlay->image.path,
             (unsigned long)installation->fat.offset);
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

/* ---- adding ---------------------------------------------------------------------------------- */

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

/* Marks as bad, in every copy of the target's tables, what is free there but in use on the disk, or
 * takes the marks away: new files must not get clusters that the old loader still lies in. */
static enum err guard_clusters(const struct installation *installation, bool on)
{
    const struct fat_layout *fat = &installation->fat;
    const struct disk_image *target = &installation->target.image;
    uint32_t from = on ? 0 : fat_bad_mark(fat), to = on ? fat_bad_mark(fat) : 0;

    for (uint32_t copy = 0; copy < fat->tables; copy++) {
        uint8_t *old, *new;
        TRY(fat_read_table(fat, &installation->disk, copy, &old));
        TRY(fat_read_table(fat, target, copy, &new));
        for (uint32_t cluster = 2; cluster <= fat->last_cluster; cluster++) {
            uint32_t was = fat_get(fat, old, cluster);
            if (was && was != fat_bad_mark(fat) && fat_get(fat, new, cluster) == from)
                fat_set(fat, new, cluster, to);
        }
        TRY(disk_image_write(target, fat_table_at(fat, copy), fat->table_bytes, new));
    }
    return OK;
}

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

enum err files_add(struct installation *installation)
{
    bool loader, default_loader;

    TRY(check_kinds(installation));
    TRY(prepare_loader(installation, ITEM_LOADER, &loader));
    TRY(prepare_loader(installation, ITEM_DEFAULT_LOADER, &default_loader));
    TRY(guard_clusters(installation, true));
    TRY(add_directories(installation));
    if (loader)
        TRY(add_file(installation, ITEM_LOADER, embedded_efi.bytes, embedded_efi.size));
    if (default_loader)
        TRY(add_file(installation, ITEM_DEFAULT_LOADER, embedded_efi.bytes, embedded_efi.size));
    TRY(add_file(installation, ITEM_RECORD, NULL, installation->record_room));
    return guard_clusters(installation, false);
}
