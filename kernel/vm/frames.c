/* Which frames of physical memory are free? */
#include "kernel/vm/frames.h"

static bool is_taken(const struct frames *frames, uint64_t frame)
{
    return frames->taken[frame / 64] >> frame % 64 & 1;
}

static void mark(struct frames *frames, uint64_t first, uint64_t count, bool taken)
{
    for (uint64_t frame = first; frame < first + count; frame++) {
        uint64_t bit = UINT64_C(1) << frame % 64;
        if (taken)
            frames->taken[frame / 64] |= bit;
        else
            frames->taken[frame / 64] &= ~bit;
    }
}

void frames_begin(struct frames *frames, uint64_t *bitmap, uint64_t count)
{
    *frames = (struct frames){.taken = bitmap, .count = (count + 63) / 64 * 64};
    for (uint64_t i = 0; i < frames->count / 64; i++)
        bitmap[i] = UINT64_MAX;
}

void frames_add(struct frames *frames, uint64_t first, uint64_t count)
{
    if (first >= frames->count)
        return;
    if (count > frames->count - first)
        count = frames->count - first;
    mark(frames, first, count, false);
    frames->managed += count;
    frames->free += count;
}

/* The first frame from `frame` on that is free; a word of taken ones is passed over at once. */
static uint64_t find_free(const struct frames *frames, uint64_t frame, uint64_t end)
{
    while (frame < end && is_taken(frames, frame))
        if (frame % 64 == 0 && frames->taken[frame / 64] == UINT64_MAX)
            frame += 64;
        else
            frame++;
    return frame;
}

static uint64_t find_run(const struct frames *frames, uint64_t from, uint64_t end, uint64_t count)
{
    uint64_t first = find_free(frames, from, end);
    while (first < end && count <= end - first) {
        uint64_t length = 1;
        while (length < count && !is_taken(frames, first + length))
            length++;
        if (length == count)
            return first;
        first = find_free(frames, first + length, end);
    }
    return FRAMES_NONE;
}

uint64_t frames_take(struct frames *frames, uint64_t count)
{
    if (count == 0 || count > frames->free)
        return FRAMES_NONE;
    uint64_t first = find_run(frames, frames->next, frames->count, count);
    if (first == FRAMES_NONE)
        first = find_run(frames, 0, frames->count, count);
    if (first == FRAMES_NONE)
        return FRAMES_NONE;
    mark(frames, first, count, true);
    frames->free -= count;
    frames->next = first + count;
    return first;
}

bool frames_give(struct frames *frames, uint64_t first, uint64_t count)
{
    if (first >= frames->count || count > frames->count - first)
        return false;
    for (uint64_t frame = first; frame < first + count; frame++)
        if (!is_taken(frames, frame))
            return false;
    mark(frames, first, count, false);
    frames->free += count;
    return true;
}
