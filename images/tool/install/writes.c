/* In which order are the sectors written? */
#include "images/tool/install/writes.h"
#include "common/lib/mem.h"
#include <stdlib.h>

#define WRITE_BYTES_MAX MIB

static bool is_stepwise(enum phase phase)
{
    return phase == PHASE_BOOT_FIRST || phase == PHASE_ENTRIES || phase == PHASE_BOOT;
}

static enum err append(struct write *write, const uint8_t *data, uint64_t bytes)
{
    uint8_t *more = realloc(write->data, write->bytes + bytes);

    if (!more)
        return fail(ERR_NO_MEMORY, "this machine has no memory left");
    memcpy(more + write->bytes, data, bytes);
    write->data = more;
    write->bytes += bytes;
    return OK;
}

enum err writes_add(struct writes *writes, enum phase phase, uint64_t offset, uint64_t bytes,
                    const uint8_t *data)
{
    struct write *last = writes->count ? &writes->list[writes->count - 1] : NULL;

    if (last && last->phase == phase && !is_stepwise(phase) &&
        last->offset + last->bytes == offset && last->bytes + bytes <= WRITE_BYTES_MAX)
        return append(last, data, bytes);
    if (writes->count == writes->capacity) {
        size_t capacity = 2 * writes->capacity + 16;
        struct write *more = realloc(writes->list, capacity * sizeof *more);
        if (!more)
            return fail(ERR_NO_MEMORY, "this machine has no memory left");
        writes->list = more;
        writes->capacity = capacity;
    }
    last = &writes->list[writes->count++];
    *last = (struct write){.offset = offset, .phase = phase};
    return append(last, data, bytes);
}

/* ---- carrying out ---------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    const struct write *one = a, *other = b;

    if (one->phase != other->phase)
        return one->phase < other->phase ? -1 : 1;
    return one->offset < other->offset ? -1 : one->offset > other->offset;
}

static enum err verify(const struct write *write, const struct writer *writer)
{
    uint8_t *found = malloc(write->bytes);
    enum err err = found ? writer->read(writer->context, write->offset, write->bytes, found)
                         : fail(ERR_NO_MEMORY, "this machine has no memory left");

    if (err == OK && memcmp(found, write->data, write->bytes) != 0)
        err = fail(ERR_IO, "the %lu bytes at byte %lu read back differ from what was written",
                   write->bytes, write->offset);
    free(found);
    return err;
}

/* Writes the phase that begins at `first`, and yields where the next one does. */
static enum err perform_phase(const struct writes *writes, size_t *first,
                              const struct writer *writer)
{
    enum phase phase = writes->list[*first].phase;
    size_t end = *first;

    for (; end < writes->count && writes->list[end].phase == phase; end++) {
        const struct write *write = &writes->list[end];
        TRY(writer->write(writer->context, write->offset, write->bytes, write->data));
        if (is_stepwise(phase))
            TRY(writer->flush(writer->context));
    }
    TRY(writer->flush(writer->context));
    for (; *first < end; ++*first)
        TRY(verify(&writes->list[*first], writer));
    return OK;
}

static bool has_switch(const struct writes *writes)
{
    for (size_t i = 0; i < writes->count; i++)
        if (is_stepwise(writes->list[i].phase))
            return true;
    return false;
}

enum err writes_perform(struct writes *writes, const struct writer *writer)
{
    qsort(writes->list, writes->count, sizeof *writes->list, compare);
    for (size_t at = 0; at < writes->count;) {
        enum phase phase = writes->list[at].phase;
        enum err err = perform_phase(writes, &at, writer);
        if (err != OK)
            return fail(err, "%s; the disk boots what it booted %s: mend the cause and try again",
                        err_message(),
                        phase < PHASE_BOOT_FIRST || !has_switch(writes)
                            ? "before"
                            : "before or the new state");
    }
    return OK;
}

uint64_t writes_bytes(const struct writes *writes)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < writes->count; i++)
        bytes += writes->list[i].bytes;
    return bytes;
}
