/* The spans of an address space: disjoint runs of pages that are alike, in one array by address. A
 * page fault finds its span in log2(n) steps, and a call that adds one moves those behind it, 48
 * bytes each: no tree is quicker before there are many thousands. Pure. */
#pragma once

#include "kernel/vm/heap.h"

struct section;

struct span {
    uint64_t first, end;     /* virtual, whole pages, half-open */
    uint64_t region;         /* where the region begins that it is part of */
    struct section *section; /* shared memory that the region shows; NULL: private memory */
    uint32_t protection;     /* VM_..., of committed pages */
    uint32_t reserved_with;  /* the protection that was named for the whole region */
    bool committed, copies;  /* copies: the region shows a section by copy-on-write */
};

struct spans {
    struct heap *heap; /* the array comes from here */
    struct span *array;
    uint64_t count, room;
};

/* The index of the span that holds an address, or else of the next one above; count: none. */
uint64_t spans_find(const struct spans *spans, uint64_t address);

/* The span that holds an address; NULL: none does. */
struct span *spans_at(const struct spans *spans, uint64_t address);

/* Room for so many more. False: no memory. */
bool spans_make_room(struct spans *spans, uint64_t more);

/* There is room for it, and it overlaps no other. */
void spans_insert(struct spans *spans, const struct span *span);

/* Cuts the span that an address lies in, so that one begins there. There is room for one more. */
void spans_cut(struct spans *spans, uint64_t address);

/* Joins those of [first, end), and their neighbours, that are alike and touch. */
void spans_join(struct spans *spans, uint64_t first, uint64_t end);

void spans_remove(struct spans *spans, uint64_t first, uint64_t end);
