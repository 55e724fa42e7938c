/* Which bytes lie at this offset, in memory or in a part of something else? */
#include "common/lib/source.h"
#include "common/lib/mem.h"
#include "common/lib/progress.h"

#define PART_BYTES (8 * MIB) /* small enough for a bar that moves, large enough for speed */

static enum err check_range(const struct source *source, uint64_t offset, uint64_t bytes)
{
    if (offset > source->bytes || bytes > source->bytes - offset)
        return fail(ERR_FORMAT,
                    "%s: wants %lu bytes at offset %lu, but the file ends at %lu: it is truncated "
                    "or damaged",
                    source->name, bytes, offset, source->bytes);
    return OK;
}

enum err source_read(const struct source *source, uint64_t offset, uint64_t bytes, void *to)
{
    TRY(check_range(source, offset, bytes));
    return bytes ? source->read(source, offset, bytes, to) : OK;
}

static enum err read_parts(const struct source *source, uint64_t offset, uint64_t bytes,
                           uint8_t *to)
{
    for (uint64_t done = 0; done < bytes;) {
        uint64_t part = source->whole ? bytes : MIN(bytes - done, PART_BYTES);
        TRY(source_read(source, offset + done, part, to + done));
        done += part;
        progress_update(done);
    }
    return OK;
}

enum err source_load(const struct source *source, uint64_t offset, uint64_t bytes, void *to)
{
    progress_begin(source->name, bytes);
    enum err err = read_parts(source, offset, bytes, to);
    progress_end();
    return err;
}

static enum err read_memory(const struct source *source, uint64_t offset, uint64_t bytes, void *to)
{
    memcpy(to, (const uint8_t *)source->memory + offset, bytes);
    return OK;
}

struct source source_from_memory(const char *name, const void *memory, uint64_t bytes)
{
    return (struct source){.name = name, .bytes = bytes, .read = read_memory, .memory = memory};
}

static enum err read_part(const struct source *source, uint64_t offset, uint64_t bytes, void *to)
{
    const struct source_part *part = (const struct source_part *)source;

    return source_read(part->parent, part->offset + offset, bytes, to);
}

enum err source_cut(const struct source *parent, const char *name, uint64_t offset, uint64_t bytes,
                    struct source_part *part)
{
    TRY(check_range(parent, offset, bytes));
    *part = (struct source_part){
        .source = {.name = name, .bytes = bytes, .read = read_part},
        .parent = parent,
        .offset = offset,
    };
    return OK;
}
