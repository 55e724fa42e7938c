/* The place of what a kernel is told, filled item behind item. The same builder first runs on a
 * block that only counts, so that the plan has room for what it will write. */
#ifndef LINTEL_ATTEMPT_BLOCK_H
#define LINTEL_ATTEMPT_BLOCK_H

#include "common/lib/arena.h"
#include <stdbool.h>
#include <stddef.h>

struct block {
    uint64_t next, end; /* physical; in a block that counts: bytes so far, no end */
    uint64_t base;      /* what the kernel adds to a physical address, to read there */
    struct arena *scratch; /* that counts: where the items lie till then; else NULL */
};

/* A block that counts: block_used() is what the items take. */
struct block block_counting(struct arena *scratch);
struct block block_at(uint64_t physical, uint64_t bytes, uint64_t base);

static inline bool block_counts(const struct block *block)
{
    return block->scratch != NULL;
}

/* Zeroed, aligned to 16 bytes. ERR_BUG when the place is too small: counted, the item was smaller.
 * ERR_NO_MEMORY, of a block that counts. */
enum err block_take(struct block *block, uint64_t bytes, void **out);

/* The same with an alignment of its own, a power of two that the block's begin has, too. */
enum err block_take_aligned(struct block *block, uint64_t bytes, uint64_t alignment, void **out);

/* The address that the kernel sees, of something in the block (or of any other physical
 * address). */
void *block_virtual(const struct block *block, const void *pointer);

/* A copy in the block; *out is what the kernel sees. Nothing is read when the block counts. */
enum err block_copy(struct block *block, const void *from, uint64_t bytes, const void **out);
enum err block_copy_text(struct block *block, const char *text, const char **out);

#endif
