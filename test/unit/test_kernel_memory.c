/* The kernel's frame allocator and heap: whatever is taken is apart from all else, whatever is
 * given back can be taken again, and a wrong return is refused. */
#include "kernel/vm/frames.h"
#include "kernel/vm/heap.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define FRAMES 1024
#define HELD   200
#define CALLS  200000

static uint64_t pick(uint64_t below)
{
    return (uint64_t)rand() % below;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static uint64_t bitmap[FRAMES / 64];
static uint8_t owner[FRAMES]; /* 0: free */
static struct frames frames;

/* Frames 3 to 99 and 128 to the end; the bitmap ends before what the last call would bring. */
static void begin_frames(void)
{
    frames_begin(&frames, bitmap, FRAMES);
    frames_add(&frames, 3, 97);
    frames_add(&frames, 128, FRAMES);
    frames_add(&frames, FRAMES + 5, 7);
    memset(owner, 1, FRAMES);
    memset(owner + 3, 0, 97);
    memset(owner + 128, 0, FRAMES - 128);
    assert_int_equal(frames.free, 97 + FRAMES - 128);
    assert_int_equal(frames.managed, frames.free);
}

static uint64_t longest_free_run(void)
{
    uint64_t longest = 0, run = 0;
    for (uint64_t i = 0; i < FRAMES; i++) {
        run = owner[i] ? 0 : run + 1;
        longest = run > longest ? run : longest;
    }
    return longest;
}

static void test_frames_are_apart(void **state)
{
    struct {
        uint64_t first, count;
    } held[HELD] = {0};
    (void)state;
    begin_frames();
    srand(1);
    for (uint64_t call = 0; call < CALLS; call++) {
        uint64_t i = pick(HELD);
        if (held[i].count) {
            assert_true(frames_give(&frames, held[i].first, held[i].count));
            memset(owner + held[i].first, 0, held[i].count);
            held[i].count = 0;
            continue;
        }
        uint64_t count = pick(8) ? 1 : pick(40), first = frames_take(&frames, count);
        if (first == FRAMES_NONE) {
            assert_true(count == 0 || count > longest_free_run());
            continue;
        }
        for (uint64_t f = first; f < first + count; f++) {
            assert_int_equal(owner[f], 0);
            owner[f] = 1;
        }
        held[i].first = first;
        held[i].count = count;
    }
}

static void test_every_frame_can_be_taken(void **state)
{
    uint64_t taken = 0;
    (void)state;
    begin_frames();
    for (uint64_t frame; (frame = frames_take(&frames, 1)) != FRAMES_NONE; taken++)
        assert_int_equal(owner[frame]++, 0);
    assert_int_equal(taken, frames.managed);
    assert_int_equal(frames.free, 0);
}

static void test_wrong_frames_are_refused(void **state)
{
    (void)state;
    begin_frames();
    uint64_t first = frames_take(&frames, 4), free = frames.free;
    assert_false(frames_give(&frames, first, 5));
    assert_false(frames_give(&frames, FRAMES, 1));
    assert_false(frames_give(&frames, FRAMES - 1, 2));
    assert_false(frames_give(&frames, 1, UINT64_MAX));
    assert_int_equal(frames.free, free);
    assert_true(frames_give(&frames, first + 1, 2));
    assert_false(frames_give(&frames, first + 1, 2));
    assert_int_equal(frames_take(&frames, FRAMES), FRAMES_NONE);
}

/* ---- heap ------------------------------------------------------------------------------------ */

static struct heap heap;
static void *stretches[64];
static unsigned stretch_count;

static void *grow(uint64_t bytes)
{
    assert_int_equal(bytes % 4096, 0);
    if (stretch_count == 64)
        return NULL;
    stretches[stretch_count] = aligned_alloc(4096, bytes);
    memset(stretches[stretch_count], 0xa5, bytes);
    return stretches[stretch_count++];
}

static int begin_heap(void **state)
{
    (void)state;
    stretch_count = 0;
    heap_begin(&heap, grow);
    return 0;
}

static int end_heap(void **state)
{
    (void)state;
    while (stretch_count)
        free(stretches[--stretch_count]);
    return 0;
}

static bool is_all(const uint8_t *bytes, uint64_t count, uint8_t value)
{
    for (uint64_t i = 0; i < count; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

static void test_blocks_are_apart(void **state)
{
    struct {
        uint8_t *memory;
        uint64_t bytes;
    } held[HELD] = {0};
    (void)state;
    srand(2);
    for (uint64_t call = 0; call < CALLS / 4; call++) {
        uint64_t i = pick(HELD);
        if (held[i].memory) {
            assert_true(is_all(held[i].memory, held[i].bytes, (uint8_t)i));
            assert_true(heap_give(&heap, held[i].memory));
            held[i].memory = NULL;
            continue;
        }
        held[i].bytes = pick(pick(20) ? 300 : 90000);
        held[i].memory = heap_take(&heap, held[i].bytes);
        assert_non_null(held[i].memory);
        assert_int_equal((uintptr_t)held[i].memory % 16, 0);
        assert_true(is_all(held[i].memory, held[i].bytes, 0));
        memset(held[i].memory, (int)i, held[i].bytes);
        if (call % 100 == 0)
            assert_true(heap_is_sound(&heap));
    }
    for (uint64_t i = 0; i < HELD; i++)
        assert_true(heap_give(&heap, held[i].memory));
    assert_int_equal(heap.blocks, 0);
    assert_int_equal(heap.used_bytes, 0);
}

static void test_wrong_blocks_are_refused(void **state)
{
    (void)state;
    uint8_t *a = heap_take(&heap, 100), *b = heap_take(&heap, 100);
    assert_true(heap_give(&heap, NULL));
    assert_false(heap_give(&heap, a + 1));
    assert_false(heap_give(&heap, a + 16));
    assert_true(heap_give(&heap, a));
    assert_false(heap_give(&heap, a));
    a = heap_take(&heap, 112);
    memset(a, 1, 112 + 24); /* over the end, into the header behind */
    assert_false(heap_give(&heap, a));
    assert_false(heap_give(&heap, b));
}

static void test_heap_ends(void **state)
{
    (void)state;
    assert_null(heap_take(&heap, UINT64_MAX));
    assert_null(heap_take(&heap, UINT64_MAX / 2 + 1));
    while (heap_take(&heap, 60000))
        ;
    assert_int_equal(stretch_count, 64);
    assert_non_null(heap_take(&heap, 100));
    assert_true(heap_is_sound(&heap));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_are_apart),
        cmocka_unit_test(test_every_frame_can_be_taken),
        cmocka_unit_test(test_wrong_frames_are_refused),
        cmocka_unit_test_setup_teardown(test_blocks_are_apart, begin_heap, end_heap),
        cmocka_unit_test_setup_teardown(test_wrong_blocks_are_refused, begin_heap, end_heap),
        cmocka_unit_test_setup_teardown(test_heap_ends, begin_heap, end_heap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
