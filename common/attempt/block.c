/* What does a kernel receive, item behind item? */
#include "common/attempt/block.h"
#include "common/lib/mem.h"

#define ALIGNMENT 16u

struct block block_counting(struct arena *scratch)
{
    return (struct block){.end = UINT64_MAX, .scratch = scratch};
}

struct block block_at(uint64_t physical, uint64_t bytes, uint64_t base)
{
    return (struct block){.next = physical, .end = physical + bytes, .base = base};
}

enum err block_take_aligned(struct block *block, uint64_t bytes, uint64_t alignment, void **out)
{
    uint64_t first = align_up(block->next, alignment);

    if (first > block->end || bytes > block->end - first)
        return bug("what the kernel receives outgrows its place by %lu bytes",
                   first + bytes - block->end);
    block->next = first + bytes;
    if (block->scratch)
        return arena_take(block->scratch, bytes, out);
    *out = memset(at_physical(first), 0, bytes);
    return OK;
}

enum err block_take(struct block *block, uint64_t bytes, void **out)
{
    return block_take_aligned(block, bytes, ALIGNMENT, out);
}

void *block_virtual(const struct block *block, const void *pointer)
{
    return (void *)(uintptr_t)(block->base + (uintptr_t)pointer);
}

enum err block_copy(struct block *block, const void *from, uint64_t bytes, const void **out)
{
    void *to = NULL;

    TRY(block_take(block, bytes, &to));
    if (bytes && !block->scratch)
        memcpy(to, from, bytes);
    *out = block_virtual(block, to);
    return OK;
}

enum err block_copy_text(struct block *block, const char *text, const char **out)
{
    return block_copy(block, text, strlen(text) + 1, (const void **)out);
}
