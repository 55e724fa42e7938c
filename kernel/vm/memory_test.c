#include "memory_test.h"
#include "../console/console.h"
#include "../handover/handover.h"
#include "memory.h"

#define HELD  64
#define CALLS 20000

static uint64_t seed;

/* xorshift64 (Marsaglia 2003) */
static uint64_t pick(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

/* First and last quadword of what is held say whose it is. */
static void sign(uint64_t *memory, uint64_t bytes, uint64_t value)
{
    memory[0] = memory[bytes / 8 - 1] = value;
}

static bool is_signed(const uint64_t *memory, uint64_t bytes, uint64_t value)
{
    return memory[0] == value && memory[bytes / 8 - 1] == value;
}

static bool test_frames(void)
{
    struct {
        uint64_t first, count;
    } held[HELD] = {0};
    uint64_t free = memory_frames.free;
    bool sound = true;
    for (uint64_t call = 0; call < CALLS && sound; call++) {
        uint64_t i = pick(HELD), count = held[i].count, first = held[i].first;
        if (count) {
            sound = is_signed(direct(first * FRAME_BYTES), count * FRAME_BYTES, i) &&
                    frames_give(&memory_frames, first, count);
            held[i].count = 0;
            continue;
        }
        count = 1 + pick(9);
        first = frames_take(&memory_frames, count);
        if (first == FRAMES_NONE)
            continue;
        sign(direct(first * FRAME_BYTES), count * FRAME_BYTES, i);
        held[i].first = first;
        held[i].count = count;
    }
    for (uint64_t i = 0; i < HELD; i++)
        sound &= !held[i].count || frames_give(&memory_frames, held[i].first, held[i].count);
    return sound && memory_frames.free == free;
}

static bool test_heap(void)
{
    struct {
        uint64_t *memory, bytes;
    } held[HELD] = {0};
    uint64_t blocks = memory_heap.blocks;
    bool sound = true;
    for (uint64_t call = 0; call < CALLS && sound; call++) {
        uint64_t i = pick(HELD);
        if (held[i].memory) {
            sound = is_signed(held[i].memory, held[i].bytes, i) &&
                    heap_give(&memory_heap, held[i].memory);
            held[i].memory = NULL;
            continue;
        }
        held[i].bytes = 8 * (1 + pick(pick(16) ? 60 : 3000));
        held[i].memory = heap_take(&memory_heap, held[i].bytes);
        if (held[i].memory)
            sign(held[i].memory, held[i].bytes, i);
    }
    for (uint64_t i = 0; i < HELD; i++)
        sound &= heap_give(&memory_heap, held[i].memory);
    return sound && heap_is_sound(&memory_heap) && memory_heap.blocks == blocks;
}

bool memory_test(void)
{
    seed = 88172645463325252u;
    bool frames = test_frames(), heap = test_heap();
    print("  %u calls of the frame allocator: %s\n", CALLS, frames ? "ok" : "FAILED");
    print("  %u calls of the heap: %s\n", CALLS, heap ? "ok" : "FAILED");
    return frames && heap;
}
