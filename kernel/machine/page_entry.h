/* Entries of page tables (Intel SDM 3A, 4.5; AMD APM 2, 5.3), and the way from an address to its
 * page: no machine is needed to ask. Level 1 is PT, 2 PD, 3 PDPT, 4 PML4, 5 PML5. */
#pragma once

#include "kernel/lib/bits.h"
#include <stdbool.h>
#include <stdint.h>

#define ENTRY_PRESENT  UINT64_C(0x1)
#define ENTRY_WRITE    UINT64_C(0x2)
#define ENTRY_USER     UINT64_C(0x4)
#define ENTRY_PWT      UINT64_C(0x8)
#define ENTRY_PCD      UINT64_C(0x10)
#define ENTRY_ACCESSED UINT64_C(0x20)
#define ENTRY_DIRTY    UINT64_C(0x40)
#define ENTRY_LARGE    UINT64_C(0x80) /* levels 2 and 3; in a 4 KiB page's entry it is PAT */
#define ENTRY_GLOBAL   UINT64_C(0x100)
#define ENTRY_PAT_BIG  UINT64_C(0x1000)
#define ENTRY_NX       (UINT64_C(1) << 63)
#define ENTRY_ADDRESS  UINT64_C(0x000ffffffffff000)
#define TABLE_ENTRIES  512
#define LEVEL_LARGEST  3 /* the highest level whose entries may map a page */
#define LEVELS_MAX     5

const char *level_name(int level);

static inline uint64_t page_bytes_at(int level)
{
    return UINT64_C(4096) << 9 * (level - 1);
}

static inline uint64_t index_at(uint64_t virtual, int level)
{
    return virtual / page_bytes_at(level) % TABLE_ENTRIES;
}

/* A present entry that maps memory and not another table. */
bool entry_is_page(uint64_t entry, int level);
uint64_t entry_frame(uint64_t entry, int level);     /* physical: of the page, or the next table */
unsigned entry_pat_index(uint64_t entry, int level); /* 0 to 7: which byte of PAT counts */

/* The bits of an entry, from bit 0 up; how many fields. */
uint32_t entry_fields(uint64_t entry, int level, struct bit_field fields[BIT_FIELDS_MAX]);

/* The steps of a translation. `read` gives the quadword at a physical address. */
struct page_walk {
    struct page_step {
        int level;
        uint64_t place; /* physical: of the entry */
        uint64_t entry;
    } steps[LEVELS_MAX];
    uint32_t count;
    bool present;
    uint64_t physical, page_bytes; /* where present */
    uint64_t all, any;             /* bits that all steps have, and that any has */
};
bool address_is_canonical(uint64_t virtual, int levels);
struct page_walk walk_to(uint64_t virtual, uint64_t root, int levels,
                         uint64_t (*read)(uint64_t physical));
