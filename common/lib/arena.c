/* Where does the loader's own memory come from, and how is it given back? */
#include "common/lib/arena.h"
#include "common/lib/mem.h"

#define CHUNK_BYTES  (64 * KIB) /* asked of the firmware at a time, unless one piece needs more */
#define TAKE_ALIGNED 16

struct arena_chunk { /* at the start of each chunk */
    struct arena_chunk *older;
    uint8_t *end;
} __attribute__((aligned(TAKE_ALIGNED)));

void arena_begin(struct arena *arena, enum err (*grow)(uint64_t pages, uint64_t *physical))
{
    *arena = (struct arena){.grow = grow};
}

/* Where a piece would begin behind `from`; NULL when it does not fit before `end`. */
static uint8_t *place(uint8_t *from, const uint8_t *end, uint64_t bytes, uint64_t alignment)
{
    uint64_t at = align_up((uintptr_t)from, alignment), limit = (uintptr_t)end;

    return from && at <= limit && bytes <= limit - at ? at_physical(at) : NULL;
}

static uint8_t *begin_of(struct arena_chunk *chunk)
{
    return (uint8_t *)(chunk + 1);
}

/* Puts a chunk in front of the current one and makes it current. `link` stands in front of the
 * current one or of a newer one. */
static void enter(struct arena *arena, struct arena_chunk **link, struct arena_chunk *chunk)
{
    while (*link != arena->current)
        link = &(*link)->older;
    chunk->older = *link;
    *link = chunk;
    arena->current = chunk;
    arena->next = begin_of(chunk);
    arena->end = chunk->end;
}

static uint64_t size_of(const struct arena_chunk *chunk)
{
    return (uint64_t)(chunk->end - (const uint8_t *)chunk);
}

/* Chunks newer than the current one were left by a reset. Enters the smallest that is big enough:
 * then the same pieces taken again find the same sizes again, and nothing grows. */
static bool reuse(struct arena *arena, uint64_t bytes, uint64_t alignment)
{
    struct arena_chunk **best = NULL, *chunk;

    for (struct arena_chunk **link = &arena->chunks; *link != arena->current;
         link = &(*link)->older) {
        chunk = *link;
        if (place(begin_of(chunk), chunk->end, bytes, alignment) &&
            (!best || size_of(chunk) < size_of(*best)))
            best = link;
    }
    if (!best)
        return false;
    chunk = *best;
    *best = chunk->older;
    enter(arena, best, chunk);
    return true;
}

static enum err grow(struct arena *arena, uint64_t bytes, uint64_t alignment)
{
    uint64_t head = align_up(sizeof(struct arena_chunk), alignment), total, physical;
    struct arena_chunk *chunk;

    if (add_wraps(head, bytes, &total))
        return fail(ERR_NO_MEMORY, "%lu bytes are more than any machine has", bytes);
    total = MAX(total, CHUNK_BYTES);
    TRY(arena->grow(pages_of(total), &physical));
    chunk = at_physical(physical);
    chunk->end = (uint8_t *)chunk + pages_of(total) * PAGE_BYTES;
    arena->chunk_count++;
    enter(arena, &arena->chunks, chunk);
    return OK;
}

enum err arena_take(struct arena *arena, uint64_t bytes, void **out)
{
    uint64_t alignment = bytes >= PAGE_BYTES ? PAGE_BYTES : TAKE_ALIGNED;
    uint8_t *at;

    if (!place(arena->next, arena->end, bytes, alignment) && !reuse(arena, bytes, alignment))
        TRY(grow(arena, bytes, alignment));
    at = place(arena->next, arena->end, bytes, alignment);
    arena->next = at + bytes;
    memset(at, 0, bytes);
    *out = at;
    return OK;
}

enum err arena_take_array(struct arena *arena, uint64_t count, uint64_t each_bytes, void **out)
{
    uint64_t bytes;

    if (mul_wraps(count, each_bytes, &bytes))
        return fail(ERR_NO_MEMORY, "%lu times %lu bytes are more than any machine has", count,
                    each_bytes);
    return arena_take(arena, bytes, out);
}

enum err arena_text(struct arena *arena, const char *text, uint64_t bytes, char **out)
{
    void *copy;

    if (bytes == UINT64_MAX)
        return fail(ERR_NO_MEMORY, "a text of 2^64 bytes is more than any machine has");
    TRY(arena_take(arena, bytes + 1, &copy));
    memcpy(copy, text, bytes);
    *out = copy;
    return OK;
}

struct arena_mark arena_mark(const struct arena *arena)
{
    return (struct arena_mark){arena->current, arena->next};
}

void arena_reset(struct arena *arena, struct arena_mark mark)
{
    arena->current = mark.chunk;
    arena->next = mark.next;
    arena->end = mark.chunk ? mark.chunk->end : NULL;
    arena->resets++;
}
