/* Physical memory by frames of 4 KiB. A bitmap, not a buddy: nearly everybody here wants one frame
 * at a time, runs are rare and short, and 32 KiB of bits describe a gibibyte without touching it.
 * Pure: it knows numbers of frames, not what lies in them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define FRAME_BYTES UINT64_C(4096)
#define FRAMES_NONE UINT64_MAX

struct frames {
    uint64_t *taken;  /* a bit a frame */
    uint64_t count;   /* frames that have a bit; a multiple of 64 */
    uint64_t managed; /* frames that frames_add() brought */
    uint64_t free;
    uint64_t next; /* where the search begins: behind what was taken last */
};

/* Bytes of the bitmap for frames below `count`. */
static inline uint64_t frames_bitmap_bytes(uint64_t count)
{
    return (count + 63) / 64 * 8;
}

/* No frame is free yet. */
void frames_begin(struct frames *frames, uint64_t *bitmap, uint64_t count);

/* Frames that may be given out from now on. Those beyond the bitmap are left out. */
void frames_add(struct frames *frames, uint64_t first, uint64_t count);

/* The first of `count` frames in a row, or FRAMES_NONE. Their contents are anything. */
uint64_t frames_take(struct frames *frames, uint64_t count);

/* False, and nothing done, when one of them is free already or was never there. */
bool frames_give(struct frames *frames, uint64_t first, uint64_t count);
