/* The page tables of one address space, page by page (Intel SDM volume 3A, 4.5). An entry that is
 * not present keeps its frame: no-access and guard pages have contents, too. Pure: tables are
 * reached through `physical`, the address at which physical 0 is mapped. */
#pragma once

#include "kernel/machine/page_entry.h"
#include "kernel/vm/frames.h"

/* Bits that the CPU leaves to software. */
#define ENTRY_OWNED  UINT64_C(0x200) /* the frame belongs to this entry alone */
#define ENTRY_BACKED UINT64_C(0x400) /* there is a frame, present or not */

struct tables {
    struct frames *frames;
    uint8_t *physical;                    /* virtual address of physical 0 */
    uint64_t root;                        /* physical */
    int levels;                           /* 4 or 5 */
    void (*invalidate)(uint64_t address); /* after an entry has changed */
};

/* The entry of an address, with the tables that lead to it; NULL when there is none and it was not
 * to be created, or no frame is left for a table. */
uint64_t *tables_entry(const struct tables *tables, uint64_t address, bool create);

/* The first address in [from, end) whose entry is backed, and that entry; `end`: there is none.
 * Costs as much as there are tables, not as the range is long. */
uint64_t tables_next_backed(const struct tables *tables, uint64_t from, uint64_t end,
                            uint64_t **entry);

void tables_set(const struct tables *tables, uint64_t address, uint64_t *entry, uint64_t value);

/* A frame of zeroes: its physical address, or FRAMES_NONE. */
uint64_t tables_take_frame(const struct tables *tables);
void tables_give_frame(const struct tables *tables, uint64_t physical);

/* Gives back all tables of the lower half. No entry may be backed any more. */
void tables_end(const struct tables *tables);
