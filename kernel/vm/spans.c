/* Which pages of an address space are alike? */
#include "kernel/vm/spans.h"

#define ROOM_FIRST 8

uint64_t spans_find(const struct spans *spans, uint64_t address)
{
    uint64_t low = 0, high = spans->count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (spans->array[middle].end > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

struct span *spans_at(const struct spans *spans, uint64_t address)
{
    uint64_t i = spans_find(spans, address);
    return i < spans->count && spans->array[i].first <= address ? &spans->array[i] : NULL;
}

bool spans_make_room(struct spans *spans, uint64_t more)
{
    if (spans->room - spans->count >= more)
        return true;
    uint64_t room = 2 * spans->room + ROOM_FIRST;
    struct span *array = heap_take(spans->heap, room * sizeof *array);
    if (!array)
        return false;
    if (spans->count)
        __builtin_memcpy(array, spans->array, spans->count * sizeof *array);
    heap_give(spans->heap, spans->array);
    spans->array = array;
    spans->room = room;
    return true;
}

void spans_insert(struct spans *spans, const struct span *span)
{
    uint64_t i = spans_find(spans, span->first);
    struct span *at = &spans->array[i];
    __builtin_memmove(at + 1, at, (spans->count++ - i) * sizeof *at);
    *at = *span;
}

void spans_cut(struct spans *spans, uint64_t address)
{
    struct span *span = spans_at(spans, address);
    if (!span || span->first == address)
        return;
    struct span upper = *span;
    upper.first = span->end = address;
    spans_insert(spans, &upper);
}

static bool are_one(const struct span *a, const struct span *b)
{
    return a->end == b->first && a->region == b->region && a->committed == b->committed &&
           a->protection == b->protection;
}

void spans_join(struct spans *spans, uint64_t first, uint64_t end)
{
    struct span *array = spans->array;
    uint64_t kept = first > 0 ? first - 1 : 0;
    end += end < spans->count;
    for (uint64_t i = kept + 1; i < end; i++)
        if (are_one(&array[kept], &array[i]))
            array[kept].end = array[i].end;
        else
            array[++kept] = array[i];
    spans_remove(spans, kept + 1, end);
}

void spans_remove(struct spans *spans, uint64_t first, uint64_t end)
{
    struct span *array = spans->array;
    __builtin_memmove(array + first, array + end, (spans->count - end) * sizeof *array);
    spans->count -= end - first;
}
