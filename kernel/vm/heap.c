#include "heap.h"

#define ALIGNMENT   16
#define GROW_BYTES  (64 * 1024)
#define MAGIC_USED  UINT64_C(0x64657375706165c8)
#define MAGIC_FREE  UINT64_C(0x6565726670616568)
#define MAGIC_FENCE UINT64_C(0x65636e6566706165)

/* In front of every block. A fence, a block without contents, ends each stretch that grow() gave.
 */
struct heap_block {
    uint64_t magic;
    uint64_t bytes;    /* of the contents */
    uint64_t previous; /* bytes of the contents of the block in front; 0: there is none */
    uint64_t pad;
};

/* In the contents of a free one. */
struct links {
    struct heap_block *next, *before;
};

static struct links *links_of(struct heap_block *block)
{
    return (struct links *)(block + 1);
}

static struct heap_block *behind(struct heap_block *block)
{
    return (struct heap_block *)((uint8_t *)(block + 1) + block->bytes);
}

static struct heap_block *in_front(struct heap_block *block)
{
    return block->previous ? (struct heap_block *)((uint8_t *)block - block->previous) - 1 : NULL;
}

static void link(struct heap *heap, struct heap_block *block)
{
    block->magic = MAGIC_FREE;
    *links_of(block) = (struct links){.next = heap->free};
    if (heap->free)
        links_of(heap->free)->before = block;
    heap->free = block;
}

static void unlink(struct heap *heap, struct heap_block *block)
{
    struct links *links = links_of(block);
    if (links->before)
        links_of(links->before)->next = links->next;
    else
        heap->free = links->next;
    if (links->next)
        links_of(links->next)->before = links->before;
}

static struct heap_block *grow(struct heap *heap, uint64_t bytes)
{
    uint64_t want = bytes + 2 * sizeof(struct heap_block);
    uint64_t stretch = want < GROW_BYTES ? GROW_BYTES : (want + 4095) / 4096 * 4096;
    struct heap_block *block = heap->grow(stretch);
    if (!block)
        return NULL;
    *block = (struct heap_block){.bytes = stretch - 2 * sizeof *block};
    *behind(block) = (struct heap_block){.magic = MAGIC_FENCE, .previous = block->bytes};
    heap->bytes += stretch;
    heap->used_bytes += 2 * sizeof *block;
    link(heap, block);
    return block;
}

static struct heap_block *find(struct heap *heap, uint64_t bytes)
{
    struct heap_block *block = heap->free;
    while (block && block->bytes < bytes)
        block = links_of(block)->next;
    return block ? block : grow(heap, bytes);
}

/* What a block has too much becomes a free block behind it. */
static void trim(struct heap *heap, struct heap_block *block, uint64_t bytes)
{
    uint64_t rest = block->bytes - bytes;
    if (rest < sizeof *block + sizeof(struct links))
        return;
    block->bytes = bytes;
    struct heap_block *tail = behind(block);
    *tail = (struct heap_block){.bytes = rest - sizeof *tail, .previous = bytes};
    behind(tail)->previous = tail->bytes;
    heap->used_bytes += sizeof *tail;
    link(heap, tail);
}

void heap_begin(struct heap *heap, void *(*grow)(uint64_t bytes))
{
    *heap = (struct heap){.grow = grow};
}

void *heap_take(struct heap *heap, uint64_t bytes)
{
    if (bytes > UINT64_MAX / 2)
        return NULL;
    bytes = bytes ? (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
    struct heap_block *block = find(heap, bytes);
    if (!block)
        return NULL;
    unlink(heap, block);
    trim(heap, block, bytes);
    block->magic = MAGIC_USED;
    heap->used_bytes += block->bytes;
    heap->blocks++;
    return __builtin_memset(block + 1, 0, block->bytes);
}

/* Joins a free block with the free one behind it. */
static void join(struct heap *heap, struct heap_block *block)
{
    struct heap_block *next = behind(block);
    if (next->magic != MAGIC_FREE)
        return;
    unlink(heap, next);
    next->magic = 0;
    block->bytes += sizeof *next + next->bytes;
    behind(block)->previous = block->bytes;
    heap->used_bytes -= sizeof *next;
}

static bool is_whole(struct heap_block *block, uint64_t magic)
{
    return block->magic == magic && behind(block)->previous == block->bytes;
}

bool heap_give(struct heap *heap, void *memory)
{
    if (!memory)
        return true;
    struct heap_block *block = (struct heap_block *)memory - 1;
    if ((uintptr_t)memory % ALIGNMENT || !is_whole(block, MAGIC_USED))
        return false;
    heap->used_bytes -= block->bytes;
    heap->blocks--;
    link(heap, block);
    join(heap, block);
    struct heap_block *front = in_front(block);
    if (front && front->magic == MAGIC_FREE)
        join(heap, front);
    return true;
}

bool heap_is_sound(const struct heap *heap)
{
    uint64_t free = 0;
    for (struct heap_block *block = heap->free; block; block = links_of(block)->next) {
        if (!is_whole(block, MAGIC_FREE))
            return false;
        free += block->bytes;
    }
    return free + heap->used_bytes == heap->bytes;
}
