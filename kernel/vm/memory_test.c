/* Do frame allocator and heap survive calls in no order? */
#include "kernel/console/console.h"
#include "kernel/handover/handover.h"
#include "kernel/vm/memory.h"

#define HELD  64
#define CALLS 20000

typedef void *(*taker)(uint64_t bytes);
typedef bool (*giver)(void *memory, uint64_t bytes);

struct held {
    uint64_t *memory, bytes;
};

static uint64_t pick(uint64_t below) /* xorshift64 (Marsaglia 2003) */
{
    static uint64_t seed = 88172645463325252u;
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

static void *take_frames(uint64_t bytes)
{
    uint64_t first = frames_take(&memory_frames, bytes / FRAME_BYTES);
    return first == FRAMES_NONE ? NULL : direct(first * FRAME_BYTES);
}

static bool give_frames(void *memory, uint64_t bytes)
{
    uint64_t first = (address_of(memory) - address_of(direct(0))) / FRAME_BYTES;
    return frames_give(&memory_frames, first, bytes / FRAME_BYTES);
}

static void *take_block(uint64_t bytes)
{
    return heap_take(&memory_heap, bytes);
}

static bool give_block(void *memory, uint64_t bytes)
{
    (void)bytes;
    return heap_give(&memory_heap, memory);
}

/* The first and the last quadword of what is held say whose it is. */
static bool give_back(struct held *held, uint64_t owner, giver give)
{
    uint64_t *memory = held->memory;
    held->memory = NULL;
    return !memory || (memory[0] == owner && memory[held->bytes / 8 - 1] == owner &&
                       give(memory, held->bytes));
}

static bool stress(uint64_t unit, taker take, giver give)
{
    struct held held[HELD] = {0};
    bool sound = true;
    for (uint64_t call = 0; call < CALLS; call++) {
        uint64_t i = pick(HELD), bytes = unit * (1 + pick(pick(16) ? 12 : 600));
        if (held[i].memory) {
            sound &= give_back(&held[i], i, give);
            continue;
        }
        held[i] = (struct held){take(bytes), bytes};
        if (held[i].memory)
            held[i].memory[0] = held[i].memory[bytes / 8 - 1] = i;
    }
    for (uint64_t i = 0; i < HELD; i++)
        sound &= give_back(&held[i], i, give);
    return sound;
}

bool memory_test(void)
{
    uint64_t free = memory_frames.free, blocks = memory_heap.blocks;
    bool frames = stress(FRAME_BYTES, take_frames, give_frames) && memory_frames.free == free;
    bool heap = stress(8, take_block, give_block) && heap_is_sound(&memory_heap) &&
                memory_heap.blocks == blocks;
    print("  %u calls of the frame allocator: %s\n", CALLS, frames ? "ok" : "FAILED");
    print("  %u calls of the heap: %s\n", CALLS, heap ? "ok" : "FAILED");
    return frames && heap;
}
