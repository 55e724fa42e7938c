#include "common/entries/locate.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

/* How well a volume fits; the highest wins, the first among equals. */
enum fit { FIT_NONE, FIT_LOADER_DIRECTORY, FIT_ESP, FIT_NAMED };

static bool ignore_entry(void *context, const struct fs_entry *entry)
{
    (void)context, (void)entry;
    return false;
}

static bool has_loader_directory(struct boot *boot, const struct volume *volume, struct fs *fs)
{
    return fs_mount(volume, &boot->arena, fs) == OK &&
           (fs_list(fs, "/loader", ignore_entry, NULL) == OK ||
            fs_list(fs, "/EFI/Linux", ignore_entry, NULL) == OK);
}

/* UEFI starts a program from a volume that it knows: without partitions that is the whole disk. */
static bool is_named(const struct facts *facts, const struct volume *volume)
{
    const struct boot_origin *origin = &facts->origin;
    if (origin->has_first_lba)
        return volume->first_lba == origin->first_lba;
    return facts->firmware == LINTEL_FIRMWARE_UEFI && volume->number == 0;
}

static enum fit judge(struct boot *boot, const struct volume *volume, struct fs *fs)
{
    if (!has_loader_directory(boot, volume, fs))
        return FIT_NONE;
    if (is_named(boot->facts, volume))
        return FIT_NAMED;
    return volume_is_esp(volume) ? FIT_ESP : FIT_LOADER_DIRECTORY;
}

static enum err search_disk(struct boot *boot, struct disk *disk, enum fit *best)
{
    TRY(partition_list(boot->firmware, disk, &boot->arena, &boot->volumes, &boot->volume_count));
    if (!disk->sectors && disk->medium == LINTEL_MEDIUM_CD)
        disk->sectors = boot->volumes[0].sectors; /* SeaBIOS does not tell; its file system does */
    for (uint32_t i = 0; i < boot->volume_count && *best < FIT_NAMED; i++) {
        struct fs fs;
        enum fit fit = judge(boot, &boot->volumes[i], &fs);
        if (fit > *best) {
            *best = fit;
            boot->volume = boot->volumes[i];
            boot->fs = fs;
        }
    }
    if (*best == FIT_NONE)
        return fail(
            ERR_NOT_FOUND,
            "%s: none of its %u volumes is a FAT or ISO 9660 file system with a /loader directory; "
            "put /loader/entries/*.conf on its EFI system partition",
            disk->name, boot->volume_count);
    return OK;
}

static enum err search_all_disks(struct boot *boot, enum fit *best)
{
    enum err err = fail(ERR_NOT_FOUND, "the firmware shows no disk at all");
    for (uint32_t i = 0; i < boot->facts->disk_count && *best == FIT_NONE; i++)
        err = search_disk(boot, &boot->facts->disks[i], best);
    return err;
}

static enum err mount_server(struct boot *boot)
{
    boot->volume = (struct volume){.firmware = boot->firmware, .disk = boot->facts->origin.server};
    note("boot volume: %s\n", boot->volume.disk->name);
    return fs_mount(&boot->volume, &boot->arena, &boot->fs);
}

enum err locate_boot_volume(struct boot *boot)
{
    const struct facts *facts = boot->facts;
    enum fit best = FIT_NONE;
    if (facts->origin.server)
        return mount_server(boot);
    if (facts->origin.disk >= 0 && (uint32_t)facts->origin.disk < facts->disk_count)
        TRY(search_disk(boot, &facts->disks[facts->origin.disk], &best));
    else
        TRY(search_all_disks(boot, &best));
    note("boot volume: partition %u of %s\n", boot->volume.number, boot->volume.disk->name);
    return OK;
}

static bool holds_entries_too(const struct volume *boot_volume, const struct volume *volume)
{
    if (!boot_volume->number || volume->number == boot_volume->number)
        return false;
    return volume_is_xbootldr(volume) || (volume_is_xbootldr(boot_volume) && volume_is_esp(volume));
}

static enum err add_entry_volume(struct boot *boot, const struct volume *volume)
{
    struct entry_volumes *list = &boot->entry_volumes;
    struct fs *fs;

    TRY(ARENA_TAKE(&boot->arena, 1, &fs));
    TRY(fs_mount(volume, &boot->arena, fs));
    note("entries also: partition %u of %s\n", volume->number, volume->disk->name);
    list->fs[list->count++] = fs;
    return OK;
}

void locate_entry_volumes(struct boot *boot)
{
    struct entry_volumes *list = &boot->entry_volumes;

    *list = (struct entry_volumes){
        .fs = {&boot->fs},
        .count = 1,
        .uefi = boot->facts->firmware == LINTEL_FIRMWARE_UEFI,
    };
    for (uint32_t i = 0; i < boot->volume_count && list->count < ARRAY_LENGTH(list->fs); i++)
        if (holds_entries_too(&boot->volume, &boot->volumes[i]) &&
            add_entry_volume(boot, &boot->volumes[i]) != OK)
            say("no entries from there: %s\n", err_message());
}
