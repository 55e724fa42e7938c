/* What does a kernel receive, item behind item? */
#include "common/attempt/buffer.h"
#include "common/lib/mem.h"

#define ALIGNMENT 16u

struct buffer buffer_counting(struct arena *scratch)
{
    return (struct buffer){.end = UINT64_MAX, .scratch = scratch};
}

struct buffer buffer_at(uint64_t physical, uint64_t bytes, uint64_t base)
{
    return (struct buffer){.next = physical, .end = physical + bytes, .base = base};
}

enum err buffer_take_aligned(struct buffer *buffer, uint64_t bytes, uint64_t alignment, void **out)
{
    uint64_t first = align_up(buffer->next, alignment);

    if (first > buffer->end || bytes > buffer->end - first)
        return bug("what the kernel receives outgrows its place by %lu bytes",
                   first + bytes - buffer->end);
    buffer->next = first + bytes;
    if (buffer->scratch)
        return arena_take(buffer->scratch, bytes, out);
    *out = memset(at_physical(first), 0, bytes);
    return OK;
}

enum err buffer_take(struct buffer *buffer, uint64_t bytes, void **out)
{
    return buffer_take_aligned(buffer, bytes, ALIGNMENT, out);
}

void *buffer_virtual(const struct buffer *buffer, const void *pointer)
{
    return (void *)(uintptr_t)(buffer->base + (uintptr_t)pointer);
}

enum err buffer_copy(struct buffer *buffer, const void *from, uint64_t bytes, const void **out)
{
    void *to = NULL;

    TRY(buffer_take(buffer, bytes, &to));
    if (bytes && !buffer->scratch)
        memcpy(to, from, bytes);
    *out = buffer_virtual(buffer, to);
    return OK;
}

enum err buffer_copy_text(struct buffer *buffer, const char *text, const char **out)
{
    return buffer_copy(buffer, text, strlen(text) + 1, (const void **)out);
}
