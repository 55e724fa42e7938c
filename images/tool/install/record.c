/* How is the record of an installation written and read? */
#include "images/tool/install/record.h"
#include "common/format/crc32.h"
#include "common/lib/mem.h"
#include "images/tool/host/disk_image.h"
#include "images/tool/host/firmware.h"
#include <stdlib.h>

#define MAGIC     "LNTUNDO1"
#define CRC_AT    8
#define ROW_BYTES 40

#define EXTENTS_BYTES_MAX (256 * MIB) /* of all of a record */

static enum err make_room(struct record *record)
{
    struct extent *more;

    if (record->count < record->capacity)
        return OK;
    record->capacity = 2 * record->capacity + 16;
    more = realloc(record->extents, record->capacity * sizeof *more);
    if (!more)
        return fail(ERR_NO_MEMORY, "this machine has no memory left");
    record->extents = more;
    return OK;
}

enum err record_add(struct record *record, const struct extent *extent)
{
    struct extent *added;
    char *copy;

    TRY(make_room(record));
    added = &record->extents[record->count++];
    *added = *extent;
    added->original = NULL;
    if (!extent->original || is_zero(extent->original, extent->bytes))
        return OK;
    TRY(arena_text(&host_arena, (const char *)extent->original, extent->bytes, &copy));
    added->original = (const uint8_t *)copy;
    return OK;
}

bool record_has(const struct record *record, enum extent_kind kind, uint64_t offset)
{
    for (uint32_t i = 0; i < record->count; i++) {
        const struct extent *extent = &record->extents[i];
        if (extent->kind == kind && offset >= extent->offset &&
            offset - extent->offset < extent->bytes)
            return true;
    }
    return false;
}

/* ---- writing --------------------------------------------------------------------------------- */

uint64_t record_bytes(const struct record *record)
{
    uint64_t bytes = RECORD_HEADER_BYTES + (uint64_t)record->count * ROW_BYTES;

    for (uint32_t i = 0; i < record->count; i++)
        bytes += record->extents[i].original ? record->extents[i].bytes : 0;
    return bytes;
}

static void store32(uint8_t *to, uint32_t value)
{
    memcpy(to, &value, sizeof value);
}

static void store64(uint8_t *to, uint64_t value)
{
    memcpy(to, &value, sizeof value);
}

static void write_row(const struct extent *extent, uint8_t *row)
{
    store64(row, extent->offset);
    store64(row + 8, extent->bytes);
    store32(row + 16, extent->kind);
    store32(row + 20, extent->written_crc);
    store32(row + 24, extent->before_crc);
    store32(row + 28, extent->original != NULL);
    store32(row + 32, extent->linked_crc);
    store32(row + 36, 0);
}

static uint8_t *write_rows(const struct record *record, bool own, uint8_t *row)
{
    for (uint32_t i = 0; i < record->count; i++)
        if ((record->extents[i].kind == EXTENT_RECORD) == own) {
            write_row(&record->extents[i], row);
            row += ROW_BYTES;
        }
    return row;
}

void record_write(const struct record *record, uint8_t *to)
{
    uint64_t bytes = record_bytes(record);
    uint8_t *contents;

    memset(to, 0, RECORD_HEADER_BYTES);
    memcpy(to, MAGIC, 8);
    store32(to + 0x0c, record->count);
    store64(to + 0x10, bytes);
    store64(to + 0x18, record->volume_offset);
    store32(to + 0x20, record->made);
    contents = write_rows(record, false, write_rows(record, true, to + RECORD_HEADER_BYTES));
    for (uint32_t i = 0; i < record->count; i++) {
        const struct extent *extent = &record->extents[i];
        if (extent->original) {
            memcpy(contents, extent->original, extent->bytes);
            contents += extent->bytes;
        }
    }
    store32(to + CRC_AT, crc32(0, to, bytes));
}

/* ---- reading --------------------------------------------------------------------------------- */

uint64_t record_bytes_at(const uint8_t *header)
{
    uint64_t bytes = load64(header + 0x10);

    return memcmp(header, MAGIC, 8) == 0 && bytes >= RECORD_HEADER_BYTES &&
                   bytes <= RECORD_BYTES_MAX
               ? bytes
               : 0;
}

static enum err check_whole(const uint8_t *bytes, uint64_t size)
{
    static const uint8_t zeros[4];
    uint64_t stated;
    uint32_t crc;

    if (size < RECORD_HEADER_BYTES || memcmp(bytes, MAGIC, 8) != 0)
        return fail(ERR_FORMAT, "the record of the installation does not begin with \"" MAGIC "\"");
    stated = load64(bytes + 0x10);
    if (stated > size || stated < RECORD_HEADER_BYTES ||
        (stated - RECORD_HEADER_BYTES) / ROW_BYTES < load32(bytes + 0x0c))
        return fail(ERR_FORMAT, "the record of the installation is cut short");
    crc = crc32(crc32(crc32(0, bytes, CRC_AT), zeros, 4), bytes + CRC_AT + 4, stated - CRC_AT - 4);
    if (crc != load32(bytes + CRC_AT))
        return fail(ERR_FORMAT,
                    "the record of the installation is damaged: its CRC-32 is %08Xh, but %08Xh is "
                    "stated",
                    crc, load32(bytes + CRC_AT));
    return OK;
}

/* `left`: the bytes of the contents not yet given to an extent. */
static enum err parse_row(const uint8_t *row, uint64_t disk_bytes, const uint8_t **contents,
                          uint64_t *left, struct extent *extent)
{
    uint64_t end;

    *extent = (struct extent){
        .offset = load64(row),
        .bytes = load64(row + 8),
        .kind = load32(row + 16),
        .written_crc = load32(row + 20),
        .before_crc = load32(row + 24),
        .linked_crc = load32(row + 32),
        .original = load32(row + 28) && contents ? *contents : NULL,
    };
    if (add_wraps(extent->offset, extent->bytes, &end) || end > disk_bytes || !extent->bytes ||
        load32(row + 16) >= EXTENT_KINDS || (extent->original && extent->bytes > *left))
        return fail(ERR_FORMAT,
                    "the record of the installation has an impossible extent: byte %lu, "
                    "%lu bytes, kind %u",
                    extent->offset, extent->bytes, load32(row + 16));
    if (extent->original) {
        *contents += extent->bytes;
        *left -= extent->bytes;
    }
    return OK;
}

bool record_parse_head(const uint8_t *sector, uint64_t offset, uint64_t disk_bytes,
                       struct record *record)
{
    static struct extent extents[(512 - RECORD_HEADER_BYTES) / ROW_BYTES];
    uint64_t none = 0;

    *record = (struct record){.volume_offset = load64(sector + 0x18), .extents = extents};
    while (record->count < MIN(load32(sector + 0x0c), ARRAY_LENGTH(extents)) &&
           parse_row(sector + RECORD_HEADER_BYTES + record->count * ROW_BYTES, disk_bytes, NULL,
                     &none, &extents[record->count]) == OK &&
           extents[record->count].kind == EXTENT_RECORD)
        record->count++;
    return record_bytes_at(sector) && record_has(record, EXTENT_RECORD, offset);
}

enum err record_parse(const uint8_t *bytes, uint64_t size, uint64_t disk_bytes,
                      struct record *record)
{
    const uint8_t *contents;
    uint64_t left, total = 0;
    uint32_t count;

    TRY(check_whole(bytes, size));
    count = load32(bytes + 0x0c);
    contents = bytes + RECORD_HEADER_BYTES + (uint64_t)count * ROW_BYTES;
    left = load64(bytes + 0x10) - RECORD_HEADER_BYTES - (uint64_t)count * ROW_BYTES;
    *record = (struct record){
        .volume_offset = load64(bytes + 0x18),
        .made = load32(bytes + 0x20),
        .count = count,
        .capacity = count,
    };
    record->extents = calloc(count + 1u, sizeof *record->extents);
    if (!record->extents)
        return fail(ERR_NO_MEMORY, "this machine has no memory left");
    for (uint32_t i = 0; i < count; i++) {
        TRY(parse_row(bytes + RECORD_HEADER_BYTES + (uint64_t)i * ROW_BYTES, disk_bytes, &contents,
                      &left, &record->extents[i]));
        total += record->extents[i].bytes;
        if (record->extents[i].bytes > EXTENTS_BYTES_MAX || total > EXTENTS_BYTES_MAX)
            return fail(ERR_FORMAT,
                        "the record of the installation names more than the %lu MiB that one can "
                        "change",
                        EXTENTS_BYTES_MAX / MIB);
    }
    return OK;
}
