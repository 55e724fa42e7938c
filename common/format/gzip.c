/* Which file did gzip compress? */
#include "common/format/gzip.h"
#include "common/format/crc32.h"
#include "common/format/inflate.h"
#include "common/lib/mem.h"

#define HEADER_BYTES  10
#define TRAILER_BYTES 8 /* CRC-32, and the size */
#define FLAGS         3
#define FLAG_CRC      2u
#define FLAG_EXTRA    4u
#define FLAG_NAME     8u
#define FLAG_COMMENT  16u
#define FLAGS_UNKNOWN 0xe0u
#define RATIO_MOST    1032 /* deflate's: a larger size is a wild one */

bool gzip_recognise(const uint8_t *head, uint64_t bytes)
{
    return bytes > HEADER_BYTES && memcmp(head, "\x1f\x8b\x08", 3) == 0;
}

static uint64_t skip_text(const uint8_t *packed, uint64_t at, uint64_t end)
{
    while (at < end && packed[at])
        at++;
    return at + 1;
}

/* Where the deflated bytes begin; `end` or more: nowhere. */
static uint64_t find_start(const uint8_t *packed, uint64_t end)
{
    uint32_t flags = packed[FLAGS];
    uint64_t at = HEADER_BYTES;
    if (flags & FLAGS_UNKNOWN)
        return end;
    if (flags & FLAG_EXTRA && at + 2 <= end)
        at += 2 + load16(packed + at);
    if (flags & FLAG_NAME)
        at = skip_text(packed, at, end);
    if (flags & FLAG_COMMENT)
        at = skip_text(packed, at, end);
    return flags & FLAG_CRC ? at + 2 : at;
}

static enum err refuse(const struct reader *reader, const char *what)
{
    return fail(ERR_FORMAT, "%s: it is compressed by gzip, and damaged: %s", reader->name, what);
}

static enum err find_bytes(const struct reader *reader, struct arena *arena, const uint8_t **packed)
{
    uint8_t *bytes;
    *packed = reader->memory;
    if (*packed)
        return OK;
    TRY(arena_take(arena, reader->bytes, (void **)&bytes));
    *packed = bytes;
    return reader_load(reader, 0, reader->bytes, bytes);
}

enum err gzip_unpack(struct reader *reader, struct arena *arena)
{
    const uint8_t *packed;
    uint8_t *to;
    uint64_t used, start, end = reader->bytes - TRAILER_BYTES;

    TRY(find_bytes(reader, arena, &packed));
    if (reader->bytes < HEADER_BYTES + TRAILER_BYTES || !gzip_recognise(packed, reader->bytes) ||
        (start = find_start(packed, end)) >= end)
        return refuse(reader, "its header makes no sense");
    uint64_t bytes = load32(packed + end + 4);
    if (bytes > reader->bytes * RATIO_MOST)
        return refuse(reader, "its end says a size that it cannot have");
    enum err err = arena_take(arena, bytes, (void **)&to);
    if (err != OK)
        return fail(err, "%s: it is compressed by gzip, and has %lu KiB unpacked: %s", reader->name,
                    bytes / KIB, err_message());
    if (!inflate(packed + start, end - start, to, bytes, &used) || used != end - start)
        return refuse(reader, "its contents are not what its end says");
    if (crc32(0, to, bytes) != load32(packed + end))
        return refuse(reader, "the checksum of its contents is another");
    *reader = reader_from_memory(reader->name, to, bytes);
    return OK;
}
