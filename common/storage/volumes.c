/* Which volume did Lintel come from? */
#include "common/storage/volumes.h"
#include "common/lib/doubt.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "common/storage/disk/partition.h"

/* Where configuration may lie, the likelier first; and what a failing volume is called. */
enum place { PLACE_NAMED, PLACE_ESP, PLACE_OTHER, PLACES };

static const char *const place_names[PLACES] = {
    [PLACE_NAMED] = "the volume that Lintel came from",
    [PLACE_ESP] = "an EFI system partition, where Lintel may have come from,",
    [PLACE_OTHER] = "a volume where Lintel may have come from",
};

static bool ignore_entry(void *context, const struct fs_entry *entry)
{
    (void)context, (void)entry;
    return false;
}

/* UEFI starts a program from a volume that it knows: without partitions that is the whole disk. */
static bool is_named(const struct facts *facts, const struct volume *volume)
{
    const struct boot_origin *origin = &facts->origin;
    if (origin->has_first_lba)
        return volume->first_lba == origin->first_lba;
    return facts->firmware == LINTEL_FIRMWARE_UEFI && volume->number == 0;
}

static enum place place_of(const struct facts *facts, const struct volume *volume)
{
    if (is_named(facts, volume))
        return PLACE_NAMED;
    return volume_is_esp(volume) ? PLACE_ESP : PLACE_OTHER;
}

/* What Lintel came from, or an EFI system partition, has a file system: where none is seen, it is
 * damaged. */
static enum err mount(struct volumes *volumes, const struct volume *volume, enum place place,
                      struct fs *fs)
{
    enum err err = fs_mount(volume, &volumes->machine->arena, fs);
    return err == ERR_NOT_FOUND && place != PLACE_OTHER ? ERR_FORMAT : err;
}

static enum err find_configuration(const struct fs *fs)
{
    enum err err = fs_list(fs, "/loader", ignore_entry, NULL);
    return err == ERR_NOT_FOUND ? fs_list(fs, "/EFI/Linux", ignore_entry, NULL) : err;
}

/* Only a volume that can be read, and has no configuration, leads on to the next without a word. */
static bool take(struct volumes *volumes, const struct volume *volume, enum place place)
{
    struct fs fs;
    enum err err = mount(volumes, volume, place, &fs);

    if (err == OK)
        err = find_configuration(&fs);
    if (err == OK) {
        volumes->boot = *volume;
        volumes->fs = fs;
        return true;
    }
    if (err != ERR_NOT_FOUND)
        doubt(&volumes->doubt, &volumes->machine->arena, "%s cannot be used: %s",
              place_names[place], err_message());
    return false;
}

static bool search_volumes(struct volumes *volumes)
{
    for (enum place place = 0; place < PLACES; place++)
        for (uint32_t i = 0; i < volumes->disk_volume_count; i++) {
            const struct volume *volume = &volumes->disk_volumes[i];
            if (place_of(volumes->machine->facts, volume) == place && take(volumes, volume, place))
                return true;
        }
    return false;
}

/* ", and partition 3 (LBA ...) is left out", or nothing. */
static void describe_left_out(const struct partitions *list, char *text, uint64_t bytes)
{
    const struct volume *partition = &list->left_out;

    text[0] = 0;
    if (partition->number)
        fmt(text, bytes,
            "; partition %u (LBA %lu, %lu sector%s) is not within LBA %lu to %lu, and left out",
            partition->number, partition->first_lba, partition->sectors,
            text_plural(partition->sectors), list->first_usable, list->last_usable);
}

static enum err refuse_disk(const struct partitions *list)
{
    char names[FS_NAMES_BYTES], left_out[160];

    describe_left_out(list, left_out, sizeof left_out);
    return fail(ERR_NOT_FOUND,
                "%s: no volume of it (%u looked at) is a %s file system with a /loader "
                "directory%s; put /loader/entries/*.conf on its EFI system partition",
                list->whole.disk->name, list->count, fs_names(names, sizeof names), left_out);
}

static bool is_named_listed(const struct volumes *volumes)
{
    for (uint32_t i = 0; i < volumes->disk_volume_count; i++)
        if (is_named(volumes->machine->facts, &volumes->disk_volumes[i]))
            return true;
    return false;
}

/* A partition that is left out can't be looked at: it may be the one. */
static void doubt_left_out(struct volumes *volumes, const struct partitions *list)
{
    char left_out[160];

    if (!list->left_out.number || !is_named(volumes->machine->facts, &list->left_out) ||
        is_named_listed(volumes))
        return;
    describe_left_out(list, left_out, sizeof left_out);
    doubt(&volumes->doubt, &volumes->machine->arena, "%s cannot be used%s",
          place_names[PLACE_NAMED], left_out);
}

/* SeaBIOS does not tell the size of a CD; its file system does. And a disk that ends inside of the
 * volume that we read from has not the size that the firmware tells. */
static void correct_size(struct disk *disk, const struct volume *volume)
{
    if (!disk->sectors && disk->medium == LINTEL_MEDIUM_CD)
        disk->sectors = volume->sectors;
    if (volume->first_lba + volume->sectors > disk->sectors)
        disk->sectors = 0;
}

static enum err search_disk(struct volumes *volumes, struct disk *disk)
{
    struct partitions list;

    TRY(partitions_read(&list, volumes->machine->firmware, disk, &volumes->machine->arena));
    volumes->disk_volumes = list.volumes;
    volumes->disk_volume_count = list.count;
    doubt_left_out(volumes, &list);
    if (!search_volumes(volumes))
        return refuse_disk(&list);
    correct_size(disk, &volumes->boot);
    return OK;
}

static enum err search_all_disks(struct volumes *volumes)
{
    enum err err = fail(ERR_NOT_FOUND, "the firmware shows no disk at all");

    for (uint32_t i = 0; i < volumes->machine->facts->disk_count; i++) {
        err = search_disk(volumes, &volumes->machine->facts->disks[i]);
        if (err == OK)
            return OK;
        if (err != ERR_NOT_FOUND)
            doubt(&volumes->doubt, &volumes->machine->arena,
                  "a disk that Lintel may have come from cannot be used: %s", err_message());
    }
    return err;
}

static enum err search(struct volumes *volumes)
{
    const struct facts *facts = volumes->machine->facts;
    int32_t disk = facts->origin.disk;

    if (disk >= 0 && (uint32_t)disk < facts->disk_count)
        return search_disk(volumes, &facts->disks[disk]);
    return search_all_disks(volumes);
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
    *volumes = (struct volumes){.machine = machine};
    if (machine->facts->origin.server)
        return mount_server(volumes);
    enum err err = search(volumes);
    if (err != OK)
        return volumes->doubt ? fail(err, "%s", volumes->doubt) : err;
    note("boot volume: partition %u of %s\n", volumes->boot.number, volumes->boot.disk->name);
    return OK;
}
