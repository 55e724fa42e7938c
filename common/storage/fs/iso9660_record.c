/* Directory records of ISO 9660 volumes (ECMA-119, 9.1), one after the other. */
#include "common/lib/mem.h"
#include "common/storage/fs/iso9660.h"

#define NAME_AT             33
#define DIRECTORY_BYTES_MAX (16 * MIB) /* tens of thousands of files */

enum err iso_number(const char *name, const char *what, const uint8_t bytes[8], uint32_t *number)
{
    uint32_t big = __builtin_bswap32(load32(bytes + 4));

    *number = load32(bytes);
    if (*number != big)
        return fail(ERR_FORMAT, "%s: %s is %u in one byte order, but %u in the other: " ISO_REPAIR,
                    name, what, *number, big);
    return OK;
}

enum err iso_check_range(const struct iso *iso, const char *name, uint64_t offset, uint64_t bytes)
{
    if (bytes > iso->bytes || offset > iso->bytes - bytes)
        return fail(ERR_FORMAT,
                    "%s: its %lu bytes at offset %lu lie behind the volume's end at %lu: the "
                    "volume is cut short or damaged; write the image anew",
                    name, bytes, offset, iso->bytes);
    return OK;
}

enum err iso_decode(const struct iso *iso, const char *name, const uint8_t *bytes, uint64_t room,
                    struct iso_record *record)
{
    uint32_t record_bytes = bytes[0], name_bytes, system_use_at, block, data_bytes;

    if (record_bytes > room || record_bytes < ISO_RECORD_BYTES_MIN)
        return fail(ERR_FORMAT,
                    "%s: a directory record of %u bytes does not fit the %lu that its sector has "
                    "left: " ISO_REPAIR,
                    name, record_bytes, room);
    name_bytes = bytes[32];
    if (!name_bytes || name_bytes > record_bytes - NAME_AT)
        return fail(ERR_FORMAT, "%s: a directory record of %u bytes has a name of %u: " ISO_REPAIR,
                    name, record_bytes, name_bytes);
    TRY(iso_number(name, "a file's place", bytes + 2, &block));
    TRY(iso_number(name, "a file's size", bytes + 10, &data_bytes));
    system_use_at = (NAME_AT + name_bytes + 1) & ~1u; /* at an even place */
    *record = (struct iso_record){
        .data = ((uint64_t)block + bytes[1]) * iso->block_bytes, /* behind the attributes */
        .bytes = data_bytes,
        .flags = bytes[25],
        .interleaved = bytes[26] || bytes[27],
        .name_bytes = name_bytes,
        .name = bytes + NAME_AT,
        .system_use_bytes = record_bytes - MIN(record_bytes, system_use_at),
        .system_use = bytes + system_use_at,
    };
    return OK;
}

void iso_walk_begin(struct iso_walk *walk, const struct iso *iso, const char *name, uint64_t begin,
                    uint64_t end)
{
    walk->iso = iso;
    walk->name = name;
    walk->next = begin;
    walk->end = MIN(end, iso->bytes);
    walk->window_offset = walk->window_bytes = 0;
}

/* Makes the window hold what there is of the next record's sector, and the sector behind it. */
static enum err show_next(struct iso_walk *walk)
{
    uint64_t offset = align_down(walk->next, ISO_SECTOR_BYTES), bytes;
    enum err err;

    if (walk->next - walk->window_offset < walk->window_bytes)
        return OK;
    bytes = MIN(walk->iso->bytes - offset, sizeof walk->window);
    walk->window_bytes = 0; /* in case that the read fails */
    err = volume_read(walk->iso->volume, offset, bytes, walk->window);
    if (err != OK)
        return fail(err, "%s: %s", walk->name, err_message());
    walk->window_offset = offset;
    walk->window_bytes = bytes;
    return OK;
}

/* Records do not leave their sector; a length of 0 means that the rest of it is not used
 * (6.8.1). */
enum err iso_walk_next(struct iso_walk *walk, struct iso_record *record, bool *more)
{
    while (walk->next < walk->end) {
        uint64_t sector_end = align_down(walk->next, ISO_SECTOR_BYTES) + ISO_SECTOR_BYTES;
        const uint8_t *bytes;
        TRY(show_next(walk));
        bytes = walk->window + (walk->next - walk->window_offset);
        if (bytes[0]) {
            TRY(iso_decode(walk->iso, walk->name, bytes, MIN(sector_end, walk->end) - walk->next,
                           record));
            record->offset = walk->next;
            walk->next += bytes[0];
            *more = true;
            return OK;
        }
        walk->next = sector_end;
    }
    *more = false;
    return OK;
}

static bool is_self(const struct iso_record *record, uint64_t location)
{
    return record->name_bytes == 1 && record->name[0] == 0 &&
           (record->flags & ISO_RECORD_DIRECTORY) && record->data == location;
}

enum err iso_walk_directory(struct iso_walk *walk, const struct iso *iso, const char *name,
                            uint64_t location, struct iso_record *self)
{
    bool more;

    TRY(iso_check_range(iso, name, location, ISO_RECORD_BYTES_MIN));
    iso_walk_begin(walk, iso, name, location, location + ISO_SECTOR_BYTES);
    TRY(iso_walk_next(walk, self, &more));
    if (!more || !is_self(self, location))
        return fail(ERR_FORMAT,
                    "%s: no directory begins at offset %lu, where its own should: " ISO_REPAIR,
                    name, location);
    if (self->bytes > DIRECTORY_BYTES_MAX)
        return fail(ERR_FORMAT, "%s: a directory of %u bytes, more than the %lu that Lintel reads",
                    name, self->bytes, DIRECTORY_BYTES_MAX);
    walk->end = location + self->bytes;
    return iso_check_range(iso, name, location, self->bytes);
}
