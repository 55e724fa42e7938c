/* Which parts of the heap are free? */
#include "kernel/vm/heap.h"

#define ALIGNMENT  16
#define GROW_BYTES (64 * 1024)
#define MAGIC_USED UINT64_C(0x64657375706165c8)
#define MAGIC_FREE UINT64_C(0x6565726670616568)
#define MAGIC_TAIL UINT64_C(0x65636e6566706165)

/* A head, contents, and a tail that shows whether they have been overrun. */
struct heap_block {
    uint64_t magic;
    uint64_t bytes;          /* of all three */
    struct heap_block *next; /* free blocks, by address; the contents of a used one begin here */
};
#define HEAD_BYTES  offsetof(struct heap_block, next)
#define TAIL_BYTES  sizeof(uint64_t)
#define BLOCK_BYTES (sizeof(struct heap_block) + TAIL_BYTES) /* the smallest one */

static struct heap_block *behind(const struct heap_block *block)
{
    return (struct heap_block *)((uint8_t *)block + block->bytes);
}

static uint64_t *tail_of(const struct heap_block *block)
{
    return (uint64_t *)behind(block) - 1;
}

static void join_next(struct heap_block *block)
{
    struct heap_block *next = block->next;
    if (!next || behind(block) != next)
        return;
    next->magic = 0;
    block->bytes += next->bytes;
    block->next = next->next;
}

static void add_free(struct heap *heap, struct heap_block *block)
{
    struct heap_block *before = NULL, **link = &heap->free;
    for (; *link && *link < block; link = &before->next)
        before = *link;
    block->magic = MAGIC_FREE;
    block->next = *link;
    *link = block;
    join_next(block);
    if (before)
        join_next(before);
}

static bool grow(struct heap *heap, uint64_t wanted)
{
    uint64_t bytes = wanted < GROW_BYTES ? GROW_BYTES : (wanted + 4095) / 4096 * 4096;
    struct heap_block *block = heap->grow(bytes);
    if (!block)
        return false;
    block->bytes = bytes;
    heap->bytes += bytes;
    add_free(heap, block);
    return true;
}

/* The link to the first free block that is large enough; to NULL: there is none. */
static struct heap_block **find(struct heap *heap, uint64_t wanted)
{
    struct heap_block **link = &heap->free;
    while (*link && (*link)->bytes < wanted)
        link = &(*link)->next;
    return link;
}

/* The end of a free block, or all of it when the rest would be too small for one. */
static struct heap_block *carve(struct heap_block **link, uint64_t wanted)
{
    struct heap_block *block = *link, *upper;
    if (block->bytes - wanted < BLOCK_BYTES) {
        *link = block->next;
        return block;
    }
    block->bytes -= wanted;
    upper = behind(block);
    upper->bytes = wanted;
    return upper;
}

void heap_begin(struct heap *heap, void *(*grow)(uint64_t bytes))
{
    *heap = (struct heap){.grow = grow};
}

void *heap_take(struct heap *heap, uint64_t bytes)
{
    if (bytes > UINT64_MAX / 2)
        return NULL;
    uint64_t wanted = (HEAD_BYTES + bytes + TAIL_BYTES + ALIGNMENT - 1) & -(uint64_t)ALIGNMENT;
    struct heap_block **link = find(heap, wanted);
    if (!*link && grow(heap, wanted))
        link = find(heap, wanted);
    if (!*link)
        return NULL;
    struct heap_block *block = carve(link, wanted);
    block->magic = MAGIC_USED;
    *tail_of(block) = MAGIC_TAIL;
    heap->used_bytes += block->bytes;
    heap->blocks++;
    return __builtin_memset((uint8_t *)block + HEAD_BYTES, 0,
                            block->bytes - HEAD_BYTES - TAIL_BYTES);
}

bool heap_give(struct heap *heap, void *memory)
{
    if (!memory)
        return true;
    struct heap_block *block = (struct heap_block *)((uint8_t *)memory - HEAD_BYTES);
    if ((uintptr_t)memory % ALIGNMENT || block->magic != MAGIC_USED ||
        *tail_of(block) != MAGIC_TAIL)
        return false;
    heap->used_bytes -= block->bytes;
    heap->blocks--;
    add_free(heap, block);
    return true;
}

bool heap_is_sound(const struct heap *heap)
{
    uint64_t free = 0;
    for (const struct heap_block *block = heap->free; block; block = block->next) {
        if (block->magic != MAGIC_FREE || (block->next && block->next <= behind(block)))
            return false;
        free += block->bytes;
    }
    return free + heap->used_bytes == heap->bytes;
}
