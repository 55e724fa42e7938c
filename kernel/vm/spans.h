/* The spans of an address space by address: disjoint runs of pages that are alike. A balanced tree
 * (an AA tree: a red-black tree with red nodes only on the right), so that thousands of them cost
 * a few steps. Pure. */
#ifndef KERNEL_VM_SPANS_H
#define KERNEL_VM_SPANS_H

#include "heap.h"

struct section;

struct span {
    uint64_t first, end;     /* virtual, whole pages, half-open */
    uint64_t region;         /* where the region begins that it is part of */
    struct section *section; /* shared memory that the region shows; NULL: private memory */
    uint32_t protection;     /* VM_..., of committed pages */
    bool committed, copies;  /* copies: the region shows a section by copy-on-write */
    uint8_t level;           /* the tree's */
    struct span *left, *right;
};

struct spans {
    struct heap *heap; /* nodes come from here */
    struct span *root;
    uint64_t count;
};

/* The span that holds an address, or else the next one above; NULL: there is none. */
struct span *spans_find(const struct spans *spans, uint64_t address);

/* The last span that begins below an address; NULL. */
struct span *spans_before(const struct spans *spans, uint64_t address);

/* `span` comes from the heap and overlaps no other. */
void spans_insert(struct spans *spans, struct span *span);

/* Takes it out and gives its node back to the heap. */
void spans_remove(struct spans *spans, struct span *span);

/* Whether order and balance are as they should be: for tests. */
bool spans_are_sound(const struct spans *spans);

#endif
