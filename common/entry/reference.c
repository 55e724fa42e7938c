#include "reference.h"
#include "../lib/fmt.h"
#include "../lib/mem.h"

#define PARTUUID_BYTES 37 /* 8-4-4-4-12 digits and a 0 */

/* One thing to know a volume by: its name as an entry writes it, "" where the volume has none. */
struct property {
    const char *prefix;
    void (*get)(struct boot *boot, const struct volume *volume, char *name, size_t bytes);
};

static bool is_zero(const uint8_t *bytes, size_t count)
{
    for (; count; count--)
        if (bytes[count - 1])
            return false;
    return true;
}

/* The first three fields of a GUID are little-endian on disk (UEFI 2.10, appendix A). */
static void get_partuuid(struct boot *boot, const struct volume *volume, char *name, size_t bytes)
{
    const uint8_t *guid = volume->guid;
    (void)boot;
    name[0] = 0;
    if (volume->partitioning == LINTEL_PARTITIONING_MBR && volume->number)
        fmt(name, bytes, "%08x-%02x", load32(volume->disk_guid), volume->number);
    else if (!is_zero(guid, sizeof volume->guid))
        fmt(name, bytes, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", load32(guid),
            load16(guid + 4), load16(guid + 6), guid[8], guid[9], guid[10], guid[11], guid[12],
            guid[13], guid[14], guid[15]);
}

static void get_label(struct boot *boot, const struct volume *volume, char *name, size_t bytes)
{
    struct fs fs;
    name[0] = 0;
    if (fs_mount(volume, &boot->arena, &fs) == OK)
        fmt(name, bytes, "%s", fs.label);
}

static const struct property properties[] = {
    {"PARTUUID=", get_partuuid},
    {"LABEL=", get_label},
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_name(const char *name, const char *wanted, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (lower(name[i]) != lower(wanted[i]))
            return false;
    return !name[length];
}

struct search {
    const struct property *property;
    const char *name; /* not terminated */
    size_t length;
    const struct volume *found;
};

static enum err search_disk(struct boot *boot, const struct disk *disk, struct search *search)
{
    struct volume *volumes;
    uint32_t count;
    TRY(partition_list(boot->firmware, disk, &boot->arena, &volumes, &count));
    for (uint32_t i = 0; i < count; i++) {
        char name[FS_LABEL_BYTES > PARTUUID_BYTES ? FS_LABEL_BYTES : PARTUUID_BYTES];
        search->property->get(boot, &volumes[i], name, sizeof name);
        if (!name[0] || !same_name(name, search->name, search->length))
            continue;
        if (search->found)
            return fail(ERR_UNSUPPORTED,
                        "%s%.*s names two volumes, on %s and on %s: name one of them otherwise",
                        search->property->prefix, (int)search->length, search->name,
                        search->found->disk->name, disk->name);
        search->found = &volumes[i];
    }
    return OK;
}

/* A disk that cannot be read is no reason not to look at the others. */
static enum err search_disks(struct boot *boot, struct search *search)
{
    for (uint32_t i = 0; i < boot->facts->disk_count; i++)
        if (search_disk(boot, &boot->facts->disks[i], search) == ERR_UNSUPPORTED && search->found)
            return ERR_UNSUPPORTED;
    if (!search->found)
        return fail(ERR_NOT_FOUND, "%s%.*s: no volume of the %u disks is called so",
                    search->property->prefix, (int)search->length, search->name,
                    boot->facts->disk_count);
    return OK;
}

enum err reference_open(struct boot *boot, const struct entry *entry, const char *reference,
                        struct file *file)
{
    for (size_t i = 0; i < ARRAY_LENGTH(properties); i++) {
        size_t prefix = strlen(properties[i].prefix);
        if (strncmp(reference, properties[i].prefix, prefix) != 0)
            continue;
        const char *colon = strchr(reference, ':');
        if (!colon)
            return fail(ERR_FORMAT, "%s: the path is missing; write %sNAME:/path", reference,
                        properties[i].prefix);
        struct search search = {.property = &properties[i],
                                .name = reference + prefix,
                                .length = (size_t)(colon - reference) - prefix};
        struct fs *fs;
        TRY(search_disks(boot, &search));
        TRY(ARENA_TAKE(&boot->arena, 1, &fs));
        TRY(fs_mount(search.found, &boot->arena, fs));
        return fs_open(fs, colon + 1, file);
    }
    return fs_open(entry->fs ? entry->fs : &boot->fs, reference, file);
}
