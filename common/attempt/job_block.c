/* What the kernel receives, item behind item. */
#include "common/attempt/job.h"
#include "common/lib/mem.h"

enum err block_take(struct block *block, uint64_t bytes, void **out)
{
    uint64_t begin = align_up(block->next, BLOCK_ALIGNMENT);
    if (begin > block->end || bytes > block->end - begin)
        return bug("what the kernel receives outgrows its place by %lu bytes",
                   begin + bytes - block->end);
    block->next = begin + bytes;
    *out = at_physical(begin);
    memset(*out, 0, bytes);
    return OK;
}

void *block_virtual(const struct block *block, const void *pointer)
{
    return (void *)(uintptr_t)(block->direct_map + (uintptr_t)pointer);
}

enum err block_copy(struct block *block, const void *from, uint64_t bytes, const void **out)
{
    void *to = NULL;
    TRY(block_take(block, bytes, &to));
    if (bytes)
        memcpy(to, from, bytes);
    *out = block_virtual(block, to);
    return OK;
}

enum err block_copy_text(struct block *block, const char *text, const char **out)
{
    return block_copy(block, text, strlen(text) + 1, (const void **)out);
}

uint64_t block_text_bytes(const char *text)
{
    return strlen(text) + 1 + BLOCK_ALIGNMENT;
}
