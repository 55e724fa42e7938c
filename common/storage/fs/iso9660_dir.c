/* Directories of ISO 9660 volumes: which files they list, and by what names. */
#include "common/lib/mem.h"
#include "common/lib/utf8.h"
#include "common/storage/fs/iso9660.h"

#define JOLIET_UNITS_MAX 111 /* that fit a record */

struct listing {
    struct iso *iso;
    struct iso_walk walk;
    bool (*each)(void *context, const struct fs_entry *entry);
    void *context;
    struct fs_entry entry;
    bool hidden;
    bool continues;      /* more extents of `entry` follow */
    uint32_t name_bytes; /* as on disk, to tell that they are the same file's */
    uint8_t name[UINT8_MAX];
    bool done;
};

/* Big-endian, from before surrogates; some writers use them nevertheless. */
static void joliet_name(const struct iso_record *record, char *text)
{
    uint16_t units[JOLIET_UNITS_MAX];
    uint32_t length = record->name_bytes / 2;

    for (uint32_t i = 0; i < length; i++)
        units[i] = __builtin_bswap16(load16(record->name + 2 * i));
    utf8_from_utf16(units, length, text);
}

static void plain_name(const struct iso_record *record, char *text)
{
    memcpy(text, record->name, record->name_bytes);
    text[record->name_bytes] = 0;
}

/* Cuts the version off, "KERNEL.ELF;1", and then the dot that a name without extension has,
 * "INITRD.;1" (7.5.1). */
static void cut_version(char *text)
{
    char *end = text + strlen(text);

    while (end > text && end[-1] >= '0' && end[-1] <= '9')
        end--;
    if (end > text && end[-1] == ';')
        *--end = 0;
    end = text + strlen(text);
    if (end > text + 1 && end[-1] == '.')
        end[-1] = 0;
}

static enum err begin_entry(struct listing *listing, const struct iso_record *record)
{
    struct fs_entry *entry = &listing->entry;
    struct iso_rock_ridge extra = {0};

    if (listing->iso->names == ISO_JOLIET)
        joliet_name(record, entry->name);
    else
        plain_name(record, entry->name);
    cut_version(entry->name);
    if (listing->iso->names == ISO_ROCK_RIDGE)
        TRY(iso_read_rock_ridge(listing->iso, listing->walk.name, record, &extra, entry->name));
    entry->alias[0] = 0;
    entry->bytes = 0;
    entry->directory = (record->flags & ISO_RECORD_DIRECTORY) || extra.moved_to;
    if (entry->directory)
        entry->location = extra.moved_to ? extra.moved_to : record->data;
    else
        entry->location = extra.symbolic_link ? ISO_SYMBOLIC_LINK : record->offset;
    listing->hidden = extra.relocated || (record->flags & ISO_RECORD_ASSOCIATED);
    listing->name_bytes = record->name_bytes;
    memcpy(listing->name, record->name, record->name_bytes);
    return OK;
}

static bool is_same_file(const struct listing *listing, const struct iso_record *record)
{
    return record->name_bytes == listing->name_bytes &&
           memcmp(record->name, listing->name, record->name_bytes) == 0;
}

static enum err refuse_extents(const struct listing *listing)
{
    return fail(ERR_FORMAT, "%s: the last extent of %s is missing: " ISO_REPAIR, listing->walk.name,
                listing->entry.name);
}

static enum err take_record(struct listing *listing, const struct iso_record *record)
{
    if (record->name_bytes == 1 && record->name[0] <= 1) /* "." and ".." */
        return OK;
    if (!listing->continues)
        TRY(begin_entry(listing, record));
    else if (!is_same_file(listing, record))
        return refuse_extents(listing);
    if (!listing->entry.directory)
        listing->entry.bytes += record->bytes;
    listing->continues = record->flags & ISO_RECORD_CONTINUES;
    if (!listing->continues && !listing->hidden)
        listing->done = !listing->each(listing->context, &listing->entry);
    return OK;
}

enum err iso_list(const struct fs *fs, const struct fs_entry *directory,
                  bool (*each)(void *context, const struct fs_entry *entry), void *context)
{
    struct listing listing = {.iso = fs->state, .each = each, .context = context};
    struct iso_record record;
    bool more;

    TRY(iso_walk_directory(&listing.walk, fs->state, directory->name, directory->location,
                           &record));
    while (!listing.done) {
        TRY(iso_walk_next(&listing.walk, &record, &more));
        if (!more)
            return listing.continues ? refuse_extents(&listing) : OK;
        TRY(take_record(&listing, &record));
    }
    return OK;
}
