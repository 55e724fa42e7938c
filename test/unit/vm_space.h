/* An address space of the kernel's on the host: frames in an array, a heap that gives all back. */
#pragma once

#include "kernel/vm/vm.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define FRAMES 256

static uint8_t memory[FRAMES * FRAME_BYTES] __attribute__((aligned(4096)));
static uint64_t bitmap[FRAMES / 64];
static struct frames frames;
static struct heap heap;
static struct vm vm;

static void *chunks[1024];
static unsigned chunk_count;

static void *grow(uint64_t bytes)
{
    if (chunk_count == sizeof chunks / sizeof *chunks)
        return NULL;
    return chunks[chunk_count++] = aligned_alloc(4096, bytes);
}

static void begin_space(uint64_t first, uint64_t end, void (*invalidate)(uint64_t address))
{
    while (chunk_count)
        free(chunks[--chunk_count]);
    frames_begin(&frames, bitmap, FRAMES);
    frames_add(&frames, 1, FRAMES - 1);
    heap_begin(&heap, grow);
    vm = (struct vm){
        .spans = {.heap = &heap},
        .tables = {.frames = &frames, .physical = memory, .levels = 4, .invalidate = invalidate},
        .nx = ENTRY_NX,
        .first = first,
        .end = end,
    };
    vm.tables.root = tables_take_frame(&vm.tables);
}

/* Whatever a test did, everything comes back. */
static void end_space(void)
{
    vm_end(&vm);
    assert_int_equal(vm.frames_held, 0);
    assert_int_equal(vm.spans.count, 0);
    assert_int_equal(frames.free, FRAMES - 2); /* frame 0, the top table */
    assert_int_equal(heap.blocks, 0);
    assert_true(heap_is_sound(&heap));
}
