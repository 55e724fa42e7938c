/* Which file does a reference name? */
#include "common/storage/reference.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "common/storage/fs/raw.h"

/* One more than any name has: what is longer, and cut off, fits none. */
#define NAME_BYTES (MAX(FS_LABEL_BYTES, TEXT_GUID_BYTES) + 1)

/* One thing to know a volume by: its name as an entry writes it, "" where the volume has none. */
struct property {
    const char *prefix;
    void (*get)(struct machine *machine, const struct volume *volume, char name[NAME_BYTES]);
};

static bool is_zero(const uint8_t *bytes, size_t count)
{
    for (; count; count--)
        if (bytes[count - 1])
            return false;
    return true;
}

static void get_partuuid(struct machine *machine, const struct volume *volume,
                         char name[NAME_BYTES])
{
    (void)machine;
    name[0] = 0;
    if (volume->partitioning == LINTEL_PARTITIONING_MBR && volume->number)
        fmt(name, NAME_BYTES, "%08x-%02x", load32(volume->disk_guid), volume->number);
    else if (!is_zero(volume->guid, sizeof volume->guid))
        text_guid(name, volume->guid);
}

static void get_label(struct machine *machine, const struct volume *volume, char name[NAME_BYTES])
{
    struct fs fs;
    name[0] = 0;
    if (fs_mount(volume, &machine->arena, &fs) == OK)
        fmt(name, NAME_BYTES, "%s", fs.label);
}

static const struct property properties[] = {
    {"PARTUUID=", get_partuuid},
    {"LABEL=", get_label},
};

struct search {
    const struct property *property;
    char name[NAME_BYTES];
    const struct volume *found;
    bool ambiguous;
};

static enum err search_disk(struct machine *machine, const struct disk *disk, struct search *search)
{
    struct volume *volumes;
    uint32_t count;
    TRY(partition_list(machine->firmware, disk, &machine->arena, &volumes, &count));
    for (uint32_t i = 0; i < count; i++) {
        char name[NAME_BYTES];
        search->property->get(machine, &volumes[i], name);
        if (!name[0] || !text_equal(name, search->name))
            continue;
        search->ambiguous = search->found;
        if (search->ambiguous)
            return fail(ERR_UNSUPPORTED,
                        "%s%s names two volumes, on %s and on %s: name one of them otherwise",
                        search->property->prefix, search->name, search->found->disk->name,
                        disk->name);
        search->found = &volumes[i];
    }
    return OK;
}

/* A disk that cannot be read is no reason not to look at the others. */
static enum err search_disks(struct machine *machine, struct search *search)
{
    for (uint32_t i = 0; i < machine->facts->disk_count; i++)
        if (search_disk(machine, &machine->facts->disks[i], search) != OK && search->ambiguous)
            return ERR_UNSUPPORTED;
    if (!search->found)
        return fail(ERR_NOT_FOUND, "%s%s: no volume of the %u disks is called so",
                    search->property->prefix, search->name, machine->facts->disk_count);
    return OK;
}

/* ---- PARTUUID=NAME:/path, LABEL=NAME:/path, and their first sectors without a path -------------
 */

static enum err open_on_volume(struct machine *machine, const struct property *property,
                               const char *reference, struct file *file)
{
    size_t prefix = strlen(property->prefix);
    const char *colon = strchr(reference, ':');
    struct fs *fs;

    if (!colon)
        return fail(ERR_FORMAT,
                    "%s: the path is missing; write %sNAME:/path, or %sNAME: for the boot sector",
                    reference, property->prefix, property->prefix);
    struct search search = {.property = property};
    fmt(search.name, sizeof search.name, "%.*s", (int)(colon - reference - (ptrdiff_t)prefix),
        reference + prefix);
    TRY(search_disks(machine, &search));
    if (!colon[1])
        return raw_open(search.found, reference, &machine->arena, file);
    TRY(ARENA_TAKE(&machine->arena, 1, &fs));
    TRY(fs_mount(search.found, &machine->arena, fs));
    return fs_open(fs, colon + 1, file);
}

/* ---- disk:80h ----------------------------------------------------------------------------------
 */

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

/* ---- all of it ------------------------------------------------------------------------------- */

static bool begins(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

enum err reference_open(struct volumes *volumes, const struct fs *own, const char *reference,
                        struct file *file)
{
    struct machine *machine = volumes->machine;

    if (!own)
        own = &volumes->fs;
    if (begins(reference, DISK))
        return open_disk(machine, own->volume->disk, reference, file);
    for (size_t i = 0; i < ARRAY_LENGTH(properties); i++)
        if (begins(reference, properties[i].prefix))
            return open_on_volume(machine, &properties[i], reference, file);
    return fs_open(own, reference, file);
}
