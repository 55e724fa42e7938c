/* Which file does a reference name? */
#include "common/storage/reference.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "common/storage/area.h"
#include "common/storage/fs/raw.h"

/* One more than any name has: what is longer, and cut off, fits none. */
#define NAME_BYTES (MAX(FS_LABEL_BYTES, TEXT_GUID_BYTES) + 1)

/* One thing to know a volume by: its name as an entry writes it, "" where the volume has none. */
struct property {
    const char *prefix;
    enum err (*get)(struct machine *machine, const struct volume *volume, char name[NAME_BYTES]);
};

static bool is_zero(const uint8_t *bytes, size_t count)
{
    for (; count; count--)
        if (bytes[count - 1])
            return false;
    return true;
}

static enum err get_partuuid(struct machine *machine, const struct volume *volume,
                             char name[NAME_BYTES])
{
    (void)machine;
    name[0] = 0;
    if (volume->partitioning == LINTEL_PARTITIONING_MBR && volume->number)
        fmt(name, NAME_BYTES, "%08x-%02x", load32(volume->disk_guid), volume->number);
    else if (!is_zero(volume->guid, sizeof volume->guid))
        text_guid(name, volume->guid);
    return OK;
}

static enum err identify(struct machine *machine, const struct volume *volume,
                         struct fs_identity *identity)
{
    struct fs fs;

    TRY(fs_mount(volume, &machine->arena, &fs));
    return fs_identify(&fs, identity);
}

static enum err get_label(struct machine *machine, const struct volume *volume,
                          char name[NAME_BYTES])
{
    struct fs_identity identity = {0};
    enum err err = identify(machine, volume, &identity);

    fmt(name, NAME_BYTES, "%s", identity.label);
    return err;
}

static enum err get_uuid(struct machine *machine, const struct volume *volume,
                         char name[NAME_BYTES])
{
    struct fs_identity identity = {0};
    enum err err = identify(machine, volume, &identity);

    fmt(name, NAME_BYTES, "%s", identity.uuid);
    return err;
}

static const struct property properties[] = {
    {"PARTUUID=", get_partuuid},
    {"LABEL=", get_label},
    {"UUID=", get_uuid},
};

struct search {
    const struct property *property;
    char name[NAME_BYTES];
    const struct volume *found, *second;
    enum err err;  /* of the first volume that can't be read or is damaged, */
    char why[512]; /* and its message */
};

static void take(struct search *search, const struct volume *volume)
{
    if (!search->found)
        search->found = volume;
    else if (!search->second)
        search->second = volume;
}

/* One with a file system that Lintel does not read is none that it could name. */
static void look_at(struct machine *machine, const struct volume *volume, struct search *search)
{
    char name[NAME_BYTES];
    enum err err = search->property->get(machine, volume, name);

    if (err != OK && err != ERR_NOT_FOUND && search->err == OK) {
        search->err = err;
        fmt(search->why, sizeof search->why, "%s", err_message());
    }
    if (name[0] && text_equal(name, search->name))
        take(search, volume);
}

static enum err search_disk(struct machine *machine, const struct disk *disk, struct search *search)
{
    struct volume *volumes;
    uint32_t count;

    TRY(partition_list(machine->firmware, disk, &machine->arena, &volumes, &count));
    for (uint32_t i = 0; i < count; i++)
        look_at(machine, &volumes[i], search);
    return OK;
}

/* A disk whose first sectors can't be read may be a card reader without a card: it has no volumes.
 */
static void search_others(struct machine *machine, const struct disk *own, struct search *search)
{
    for (uint32_t i = 0; i < machine->facts->disk_count; i++)
        if (&machine->facts->disks[i] != own &&
            search_disk(machine, &machine->facts->disks[i], search) != OK)
            note("passed over: %s\n", err_message());
}

/* The entry's own disk first: a clone of it has all of its names. A volume that can't be read may
 * be the one that is meant: no copy on another disk boots in its place. `own` may be a server. */
static enum err search_disks(struct machine *machine, const struct disk *own, struct search *search)
{
    const char *prefix = search->property->prefix;

    if (own->sector_bytes)
        TRY(search_disk(machine, own, search));
    if (!search->found && search->err == OK)
        search_others(machine, own, search);
    if (search->err != OK && (!search->found || search->found->disk != own))
        return fail(search->err, "%s%s may be a volume that cannot be read: %s", prefix,
                    search->name, search->why);
    if (!search->found)
        return fail(ERR_NOT_FOUND, "%s%s: no volume of any disk is called so", prefix,
                    search->name);
    if (search->second)
        return fail(ERR_UNSUPPORTED,
                    "%s%s names two volumes, on %s and on %s: name one of them otherwise", prefix,
                    search->name, search->found->disk->name, search->second->disk->name);
    return OK;
}

/* ---- PARTUUID=NAME:/path and the like, and first sectors, without a path --------------------- */

/* Where a reference led to from a disk: its other files are there, too. */
struct named_volume {
    struct named_volume *older;
    const struct disk *own;
    char *name; /* "LABEL=DATA:" */
    const struct volume *volume;
    struct fs *fs; /* NULL: not yet mounted */
};

static struct named_volume *find_named(struct volumes *volumes, const struct disk *own,
                                       const char *reference, uint64_t bytes)
{
    struct named_volume *named;

    if (volumes->named_resets != volumes->machine->arena.resets)
        volumes->named = NULL;
    volumes->named_resets = volumes->machine->arena.resets;
    for (named = volumes->named; named; named = named->older)
        if (named->own == own && strlen(named->name) == bytes &&
            memcmp(named->name, reference, bytes) == 0)
            break;
    return named;
}

static enum err add_named(struct volumes *volumes, const struct disk *own, const char *reference,
                          uint64_t bytes, const struct volume *volume, struct named_volume **named)
{
    struct arena *arena = &volumes->machine->arena;

    TRY(ARENA_TAKE(arena, 1, named));
    **named = (struct named_volume){.older = volumes->named, .own = own, .volume = volume};
    TRY(arena_text(arena, reference, bytes, &(*named)->name));
    volumes->named = *named;
    return OK;
}

/* `bytes` of the reference name the volume. */
static enum err find_volume(struct volumes *volumes, const struct disk *own,
                            const struct property *property, const char *reference, uint64_t bytes,
                            struct named_volume **named)
{
    uint64_t prefix = strlen(property->prefix);
    struct search search = {.property = property};

    *named = find_named(volumes, own, reference, bytes);
    if (*named)
        return OK;
    fmt(search.name, sizeof search.name, "%.*s", (int)(bytes - prefix - 1), reference + prefix);
    TRY(search_disks(volumes->machine, own, &search));
    return add_named(volumes, own, reference, bytes, search.found, named);
}

static enum err open_on_volume(struct volumes *volumes, const struct disk *own,
                               const struct property *property, const char *reference,
                               struct file *file)
{
    struct arena *arena = &volumes->machine->arena;
    const char *colon = strchr(reference, ':');
    struct named_volume *named;

    if (!colon)
        return fail(ERR_FORMAT,
                    "%s: the path is missing; write %sNAME:/path, or %sNAME: for the boot sector",
                    reference, property->prefix, property->prefix);
    TRY(find_volume(volumes, own, property, reference, (uint64_t)(colon + 1 - reference), &named));
    if (!colon[1])
        return raw_open(named->volume, reference, arena, file);
    if (!named->fs) {
        struct fs *fs;
        TRY(ARENA_TAKE(arena, 1, &fs));
        TRY(fs_mount(named->volume, arena, fs));
        named->fs = fs;
    }
    return fs_open(named->fs, colon + 1, file);
}

/* ---- disk:80h -------------------------------------------------------------------------------- */

#define DISK "disk:"

/* Two hexadecimal digits, and perhaps an h. */
static bool parse_drive(const char *text, uint64_t *number)
{
    *number = 0;
    for (int i = 0; i < 2; i++, text++) {
        char c = text_lower(*text);
        bool digit = c >= '0' && c <= '9', letter = c >= 'a' && c <= 'f';
        if (!digit && !letter)
            return false;
        *number = *number << 4 | (uint64_t)(digit ? c - '0' : c - 'a' + 10);
    }
    return !*text || (text_lower(*text) == 'h' && !text[1]);
}

static enum err find_drive(const struct machine *machine, const char *reference,
                           const struct disk **disk)
{
    uint64_t number;

    if (machine->facts->firmware != LINTEL_FIRMWARE_BIOS)
        return fail(ERR_UNSUPPORTED,
                    "%s is a BIOS drive, and this machine was booted by UEFI, which starts no boot "
                    "sectors",
                    reference);
    if (!parse_drive(reference + strlen(DISK), &number))
        return fail(ERR_FORMAT, "%s names no drive: write disk:80h, or disk: for the boot disk",
                    reference);
    for (uint32_t i = 0; i < machine->facts->disk_count; i++)
        if (machine->facts->disks[i].handle == number) {
            *disk = &machine->facts->disks[i];
            return OK;
        }
    return fail(ERR_NOT_FOUND, "%s: the BIOS has no drive %02lXh", reference, number);
}

/* `disk`: where the reference names none. */
static enum err open_disk(struct machine *machine, const struct disk *disk, const char *reference,
                          struct file *file)
{
    struct volume *whole;

    if (reference[strlen(DISK)])
        TRY(find_drive(machine, reference, &disk));
    TRY(ARENA_TAKE(&machine->arena, 1, &whole));
    *whole = (struct volume){.firmware = machine->firmware, .disk = disk, .sectors = disk->sectors};
    return raw_open(whole, reference, &machine->arena, file);
}

/* ---- first sectors that Lintel's installer keeps ----------------------------------------------
 */

#define VOLUME   "volume:"
#define PREVIOUS "previous:"
#define TRIAL    "trial:"

#define CODE_BYTES    440 /* behind it lie the disk's signature and its partitions */
#define PREVIOUS_FILE "/lintel/previous.bin"

static enum err read_kept(const struct volume *disk, const struct boot_origin *origin,
                          enum area_sector index, uint8_t sector[BOOT_SECTOR_BYTES])
{
    if (!origin->has_area)
        return fail(ERR_NOT_FOUND, "%s: Lintel keeps no sectors there", disk->disk->name);
    TRY(volume_read(disk, (origin->area_lba + index) * disk->disk->sector_bytes, BOOT_SECTOR_BYTES,
                    sector));
    if (load16(sector + BOOT_SECTOR_BYTES - 2) != BOOT_SIGNATURE)
        return fail(ERR_NOT_FOUND, "%s: LBA %lu keeps no boot sector", disk->disk->name,
                    origin->area_lba + index);
    return OK;
}

/* The volume that Lintel's installer named, or else the boot volume. */
static enum err find_home(struct volumes *volumes, struct fs *fs)
{
    const struct boot_origin *origin = &volumes->machine->facts->origin;

    for (uint32_t i = 0; origin->has_first_lba && i < volumes->disk_volume_count; i++)
        if (volumes->disk_volumes[i].first_lba == origin->first_lba)
            return fs_mount(&volumes->disk_volumes[i], &volumes->machine->arena, fs);
    if (!volumes->fs.driver)
        return fail(ERR_NOT_FOUND, "%s: Lintel has no volume of its own", PREVIOUS_FILE);
    *fs = volumes->fs;
    return OK;
}

static enum err read_kept_file(struct volumes *volumes, uint8_t sector[BOOT_SECTOR_BYTES])
{
    struct file file;
    struct fs fs;

    TRY(find_home(volumes, &fs));
    TRY(fs_open(&fs, PREVIOUS_FILE, &file));
    TRY(reader_read(&file.reader, 0, BOOT_SECTOR_BYTES, sector));
    if (load16(sector + BOOT_SECTOR_BYTES - 2) != BOOT_SIGNATURE)
        return fail(ERR_NOT_FOUND, "%s is no boot sector", PREVIOUS_FILE);
    return OK;
}

/* The code as it was, or will be, and the disk as it is: as `lintel uninstall`, or an update, would
 * leave it. */
static enum err open_kept(struct volumes *volumes, const char *reference, enum area_sector index,
                          struct file *file)
{
    struct machine *machine = volumes->machine;
    const struct boot_origin *origin = &machine->facts->origin;
    uint8_t *now, *kept;

    if (origin->disk < 0)
        return fail(ERR_NOT_FOUND, "%s: it is not known which disk Lintel lies on", reference);
    TRY(open_disk(machine, &machine->facts->disks[origin->disk], DISK, file));
    TRY(ARENA_TAKE(&machine->arena, BOOT_SECTOR_BYTES, &kept));
    TRY(ARENA_TAKE(&machine->arena, BOOT_SECTOR_BYTES, &now));
    enum err err = read_kept(file->fs->volume, origin, index, kept);
    if (err == ERR_NOT_FOUND && index == AREA_PREVIOUS)
        err = read_kept_file(volumes, kept);
    TRY(err);
    TRY(reader_read(&file->reader, 0, BOOT_SECTOR_BYTES, now));
    memcpy(now, kept, CODE_BYTES);
    file->reader = reader_from_memory(reference, now, BOOT_SECTOR_BYTES);
    return OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool begins(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

const char *reference_path(const char *reference)
{
    for (size_t i = 0; i < ARRAY_LENGTH(properties); i++)
        if (begins(reference, properties[i].prefix) && strchr(reference, ':'))
            return strchr(reference, ':') + 1;
    if (strcmp(reference, VOLUME) == 0)
        return reference + strlen(VOLUME);
    return reference;
}

enum err reference_open(struct volumes *volumes, const struct fs *own, const char *reference,
                        struct file *file)
{
    struct machine *machine = volumes->machine;

    if (!own)
        own = &volumes->fs;
    if (begins(reference, DISK))
        return open_disk(machine, own->volume->disk, reference, file);
    if (strcmp(reference, VOLUME) == 0)
        return raw_open(own->volume, reference, &machine->arena, file);
    if (strcmp(reference, PREVIOUS) == 0)
        return open_kept(volumes, reference, AREA_PREVIOUS, file);
    if (strcmp(reference, TRIAL) == 0)
        return open_kept(volumes, reference, AREA_TRIAL, file);
    for (size_t i = 0; i < ARRAY_LENGTH(properties); i++)
        if (begins(reference, properties[i].prefix))
            return open_on_volume(volumes, own->volume->disk, &properties[i], reference, file);
    return fs_open(own, reference, file);
}
