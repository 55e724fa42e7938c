/* Which volume did Lintel come from? */
#include "common/storage/volumes.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

/* How well a volume fits; the highest wins, the first among equals. */
enum fit { FIT_NONE, FIT_LOADER_DIRECTORY, FIT_ESP, FIT_NAMED };

static bool ignore_entry(void *context, const struct fs_entry *entry)
{
    (void)context, (void)entry;
    return false;
}

static bool has_loader_directory(struct volumes *volumes, const struct volume *volume,
                                 struct fs *fs)
{
    return fs_mount(volume, &volumes->machine->arena, fs) == OK &&
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

static enum fit judge(struct volumes *volumes, const struct volume *volume, struct fs *fs)
{
    if (!has_loader_directory(volumes, volume, fs))
        return FIT_NONE;
    if (is_named(volumes->machine->facts, volume))
        return FIT_NAMED;
    return volume_is_esp(volume) ? FIT_ESP : FIT_LOADER_DIRECTORY;
}

static enum err refuse_disk(const struct disk *disk, uint32_t volumes)
{
    char names[FS_NAMES_BYTES];

    return fail(ERR_NOT_FOUND,
                "%s: none of its %u volumes is a %s file system with a /loader directory; put "
                "/loader/entries/*.conf on its EFI system partition",
                disk->name, volumes, fs_names(names, sizeof names));
}

static enum err search_disk(struct volumes *volumes, struct disk *disk, enum fit *best)
{
    TRY(partition_list(volumes->machine->firmware, disk, &volumes->machine->arena,
                       &volumes->disk_volumes, &volumes->disk_volume_count));
    if (!disk->sectors && disk->medium == LINTEL_MEDIUM_CD)
        disk->sectors =
            volumes->disk_volumes[0].sectors; /* SeaBIOS does not tell; its file system does */
    for (uint32_t i = 0; i < volumes->disk_volume_count && *best < FIT_NAMED; i++) {
        struct fs fs;
        enum fit fit = judge(volumes, &volumes->disk_volumes[i], &fs);
        if (fit > *best) {
            *best = fit;
            volumes->boot = volumes->disk_volumes[i];
            volumes->fs = fs;
        }
    }
    return *best == FIT_NONE ? refuse_disk(disk, volumes->disk_volume_count) : OK;
}

static enum err search_all_disks(struct volumes *volumes, enum fit *best)
{
    enum err err = fail(ERR_NOT_FOUND, "the firmware shows no disk at all");
    for (uint32_t i = 0; i < volumes->machine->facts->disk_count && *best == FIT_NONE; i++)
        err = search_disk(volumes, &volumes->machine->facts->disks[i], best);
    return err;
}

static enum err mount_server(struct volumes *volumes)
{
    volumes->boot = (struct volume){.firmware = volumes->machine->firmware,
                                    .disk = volumes->machine->facts->origin.server};
    note("boot volume: %s\n", volumes->boot.disk->name);
    return fs_mount(&volumes->boot, &volumes->machine->arena, &volumes->fs);
}

enum err volumes_find(struct machine *machine, struct volumes *volumes)
{
    const struct facts *facts = machine->facts;
    enum fit best = FIT_NONE;
    *volumes = (struct volumes){.machine = machine};
    if (facts->origin.server)
        return mount_server(volumes);
    if (facts->origin.disk >= 0 && (uint32_t)facts->origin.disk < facts->disk_count)
        TRY(search_disk(volumes, &facts->disks[facts->origin.disk], &best));
    else
        TRY(search_all_disks(volumes, &best));
    note("boot volume: partition %u of %s\n", volumes->boot.number, volumes->boot.disk->name);
    return OK;
}
