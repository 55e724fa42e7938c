/* Which bytes lie at this offset, in memory or in a part of something else? */
#include "common/lib/reader.h"
#include "common/lib/mem.h"
#include "common/lib/progress.h"
#include "common/lib/text.h"

#define PART_BYTES (8 * MIB) /* small enough for a bar that moves, large enough for speed */

static enum err check_range(const struct reader *reader, uint64_t offset, uint64_t bytes)
{
    if (offset > reader->bytes || bytes > reader->bytes - offset)
        return fail(ERR_FORMAT,
                    "%s: wants %lu byte%s at offset %lu, but the file ends at %lu: it is truncated "
                    "or damaged",
                    reader->name, bytes, text_plural(bytes), offset, reader->bytes);
    return OK;
}

enum err reader_read(const struct reader *reader, uint64_t offset, uint64_t bytes, void *to)
{
    TRY(check_range(reader, offset, bytes));
    return bytes ? reader->read(reader, offset, bytes, to) : OK;
}

static enum err read_parts(const struct reader *reader, uint64_t offset, uint64_t bytes,
                           uint8_t *to)
{
    for (uint64_t done = 0; done < bytes;) {
        uint64_t part = reader->whole ? bytes : MIN(bytes - done, PART_BYTES);
        TRY(reader_read(reader, offset + done, part, to + done));
        done += part;
        progress_update(done);
    }
    return OK;
}

enum err reader_load(const struct reader *reader, uint64_t offset, uint64_t bytes, void *to)
{
    progress_begin(reader->name, bytes);
    enum err err = read_parts(reader, offset, bytes, to);
    progress_end();
    return err;
}

static enum err read_memory(const struct reader *reader, uint64_t offset, uint64_t bytes, void *to)
{
    memcpy(to, (const uint8_t *)reader->memory + offset, bytes);
    return OK;
}

struct reader reader_from_memory(const char *name, const void *memory, uint64_t bytes)
{
    return (struct reader){.name = name, .bytes = bytes, .read = read_memory, .memory = memory};
}

static enum err read_part(const struct reader *reader, uint64_t offset, uint64_t bytes, void *to)
{
    const struct reader_part *part = (const struct reader_part *)reader;

    return reader_read(part->parent, part->offset + offset, bytes, to);
}

enum err reader_cut(const struct reader *parent, const char *name, uint64_t offset, uint64_t bytes,
                    struct reader_part *part)
{
    TRY(check_range(parent, offset, bytes));
    *part = (struct reader_part){
        .reader = {.name = name, .bytes = bytes, .read = read_part},
        .parent = parent,
        .offset = offset,
    };
    return OK;
}
