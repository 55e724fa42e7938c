/* The loader's own memory: grows by whole chunks from the firmware, is given back all at once. A
 * failed boot entry resets to a mark, so that trying ten times leaks nothing. */
#pragma once

#include "common/lib/err.h"
#include <stdint.h>

struct arena {
    enum err (*grow)(uint64_t pages, uint64_t *physical); /* firmware.allocate */
    uint8_t *next, *end;
    struct arena_chunk *chunks; /* newest first; kept for reuse after a reset */
    struct arena_chunk *current;
    uint64_t chunk_count; /* taken so far */
    uint64_t resets;      /* so far: what was taken before one may be gone */
};

struct arena_mark {
    struct arena_chunk *chunk;
    uint8_t *next;
};

void arena_begin(struct arena *arena, enum err (*grow)(uint64_t pages, uint64_t *physical));

/* Zeroed, aligned to 16 bytes (to a page when bytes >= 4096). ERR_NO_MEMORY. */
enum err arena_take(struct arena *arena, uint64_t bytes, void **out);
#define ARENA_TAKE(arena, count, pointer)                                                          \
    arena_take_array((arena), (count), sizeof **(pointer), (void **)(pointer))
enum err arena_take_array(struct arena *arena, uint64_t count, uint64_t each_bytes, void **out);

/* A copy of bytes with a 0 behind it. */
enum err arena_text(struct arena *arena, const char *text, uint64_t bytes, char **out);

struct arena_mark arena_mark(const struct arena *arena);
void arena_reset(struct arena *arena, struct arena_mark mark);
