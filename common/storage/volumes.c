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

enum err volumes_find_configuration(const struct fs *fs)
{
    static const char *const directories[] = {"/loader", "/boot/loader", "/EFI/Linux"};
    enum err err = ERR_NOT_FOUND;

    for (size_t i = 0; i < ARRAY_LENGTH(directories) && err == ERR_NOT_FOUND; i++)
        err = fs_list(fs, directories[i], ignore_entry, NULL);
    return err;
}

/* Who puts Lintel on a volume puts it there: ERR_NOT_FOUND. A root directory that shows neither is
 * not what it was. */
static enum err find_lintel(const struct fs *fs)
{
    char name[VOLUME_NAME_BYTES];
    enum err err = fs_list(fs, "/EFI", ignore_entry, NULL);

    if (err == ERR_NOT_FOUND)
        err = fs_list(fs, "/lintel", ignore_entry, NULL);
    if (err != ERR_NOT_FOUND)
        return err == OK ? ERR_NOT_FOUND : err;
    return fail(ERR_FORMAT, "%s: neither /loader nor Lintel's own /EFI or /lintel is there",
                volume_name(fs->volume, name));
}

/* ERR_NOT_FOUND: it can be read, and holds no configuration. */
static enum err look_at(struct volumes *volumes, const struct volume *volume, enum place place,
                        struct fs *fs)
{
    enum err err = fs_mount(volume, &volumes->machine->arena, fs);

    if (err == OK)
        err = volumes_find_configuration(fs);
    else if (err == ERR_NOT_FOUND && place == PLACE_NAMED)
        return ERR_FORMAT;
    return err == ERR_NOT_FOUND && place == PLACE_NAMED ? find_lintel(fs) : err;
}

/* Only a volume that can be read, and has no configuration, leads on to the next without a word. */
static bool take(struct volumes *volumes, const struct volume *volume, enum place place)
{
    struct fs fs;
    enum err err = look_at(volumes, volume, place, &fs);

    if (err == OK) {
        volumes->boot = *volume;
        volumes->fs = fs;
        if (!volumes->doubt)
            volumes->doubt = fs.doubt;
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

#define LEFT_OUT_BYTES (PARTITION_TEXT_BYTES + 32)

/* "; partition 3 (LBA ...), and left out", or nothing. */
static const char *describe_left_out(const struct partitions *list, char text[LEFT_OUT_BYTES])
{
    char partition[PARTITION_TEXT_BYTES];

    text[0] = 0;
    if (list->left_out.number)
        fmt(text, LEFT_OUT_BYTES, "; %s, and left out",
            partitions_left_out(list, &list->left_out, partition));
    return text;
}

static enum err refuse_disk(const struct partitions *list)
{
    char names[FS_NAMES_BYTES], left_out[LEFT_OUT_BYTES];

    return fail(ERR_NOT_FOUND,
                "%s: no volume of it (%u looked at) is a %s file system with a /loader "
                "directory%s; put /loader/entries/*.conf on its EFI system partition",
                list->whole.disk->name, list->count, fs_names(names, sizeof names),
                describe_left_out(list, left_out));
}

static bool is_named_listed(const struct volumes *volumes)
{
    for (uint32_t i = 0; i < volumes->disk_volume_count; i++)
        if (is_named(volumes->machine->facts, &volumes->disk_volumes[i]))
            return true;
    return false;
}

/* Left out, or not in the table any more: what else is found is not what was meant. UEFI has just
 * read the table itself, and names a logical partition by the extended one around it. */
static void doubt_unlisted(struct volumes *volumes, const struct partitions *list)
{
    const struct boot_origin *origin = &volumes->machine->facts->origin;
    char left_out[LEFT_OUT_BYTES];
    bool exact = volumes->machine->facts->firmware == LINTEL_FIRMWARE_BIOS ||
                 (list->left_out.number && is_named(volumes->machine->facts, &list->left_out));

    if (origin->has_first_lba && exact && !is_named_listed(volumes))
        doubt(&volumes->doubt, &volumes->machine->arena,
              "%s (%s, LBA %lu) cannot be used: no usable partition begins there%s",
              place_names[PLACE_NAMED], list->whole.disk->name, origin->first_lba,
              describe_left_out(list, left_out));
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
    doubt_unlisted(volumes, &list);
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
