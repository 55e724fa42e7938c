/* The kernel's heap: blocks of any size out of whole pages. First fit over a list of free blocks
 * by address; neighbours that become free are joined. Pure: pages come from a function that the
 * owner gives. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_block;

struct heap {
    void *(*grow)(uint64_t bytes); /* multiples of 4096; NULL: none left. Never taken back. */
    struct heap_block *free;
    uint64_t bytes, used_bytes; /* with heads and tails */
    uint64_t blocks;            /* in use */
};

void heap_begin(struct heap *heap, void *(*grow)(uint64_t bytes));

/* Zeroed, aligned to 16 bytes; NULL when there is no memory. */
void *heap_take(struct heap *heap, uint64_t bytes);

/* NULL is nothing. False: what `memory` points to was not taken, was given twice, or what lies
 * around it has been overwritten. */
bool heap_give(struct heap *heap, void *memory);

/* Whether every free block is whole, and none is lost. */
bool heap_is_sound(const struct heap *heap);
