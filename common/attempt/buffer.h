/* The place of what a kernel is told, filled item behind item. The same builder first runs on a
 * buffer that only counts, so that the plan has room for what it will write. */
#pragma once

#include "common/lib/arena.h"
#include <stdbool.h>
#include <stddef.h>

struct buffer {
    uint64_t next, end;    /* physical; in a buffer that counts: bytes so far, no end */
    uint64_t base;         /* what the kernel adds to a physical address, to read there */
    struct arena *scratch; /* that counts: where the items lie till then; else NULL */
};

/* A buffer that counts: `next` is what the items take. */
struct buffer buffer_counting(struct arena *scratch);
struct buffer buffer_at(uint64_t physical, uint64_t bytes, uint64_t base);

static inline bool buffer_counts(const struct buffer *buffer)
{
    return buffer->scratch != NULL;
}

/* Zeroed, aligned to 16 bytes. ERR_BUG: the place is too small, so the items were smaller when they
 * were counted. ERR_NO_MEMORY, of a buffer that counts. */
enum err buffer_take(struct buffer *buffer, uint64_t bytes, void **out);

/* The same with an alignment of its own, a power of two that the buffer's first byte has, too. */
enum err buffer_take_aligned(struct buffer *buffer, uint64_t bytes, uint64_t alignment, void **out);

/* The address that the kernel sees, of something in the buffer (or of any other physical
 * address). */
void *buffer_virtual(const struct buffer *buffer, const void *pointer);

/* A copy in the buffer; *out is what the kernel sees. Nothing is read when the buffer counts. */
enum err buffer_copy(struct buffer *buffer, const void *from, uint64_t bytes, const void **out);
enum err buffer_copy_text(struct buffer *buffer, const char *text, const char **out);
