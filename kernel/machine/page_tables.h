/* The page tables that the kernel runs on, walked entry by entry into a list of mapped ranges. */
#pragma once

#include "kernel/machine/page_entry.h"
#include <stdbool.h>
#include <stdint.h>

/* Effective rights: what all levels together allow. */
#define RIGHT_WRITE   0x1
#define RIGHT_USER    0x2
#define RIGHT_EXECUTE 0x4
#define RIGHT_GLOBAL  0x8

/* Memory types as PAT bytes (Intel SDM 3A, table 11-10). */
enum { PAT_UC = 0, PAT_WC = 1, PAT_WT = 4, PAT_WP = 5, PAT_WB = 6, PAT_UC_MINUS = 7 };

/* Neighbouring pages with the same rights and memory type whose physical pages are neighbours,
 * too. */
struct mapped_range {
    uint64_t virtual, physical, bytes;
    uint8_t rights; /* RIGHT_... */
    uint8_t cache;  /* PAT_... */
};

/* Physical memory that holds page tables. */
struct table_range {
    uint64_t physical, bytes;
};

#define MAPPED_MAX 4096
#define TABLES_MAX 4096

extern struct mapped_range mapped[MAPPED_MAX]; /* in order of virtual addresses */
extern uint32_t mapped_count;
extern struct table_range tables[TABLES_MAX];
extern uint32_t tables_count;
extern bool mapped_all; /* false: one of the lists above was too short */

void page_tables_walk(void);

int paging_levels(void);

/* One address, by the tables as they are now. */
struct page_walk page_tables_walk_to(uint64_t virtual);

/* The memory type (PAT_...) of a page that a present entry maps, as PAT was at the last walk. */
uint8_t cache_of(uint64_t entry, int level);

/* The entry that maps a virtual address, or the absent one where the way to it ends. */
uint64_t *page_table_entry(uint64_t virtual);

/* The range that holds a virtual address; NULL: not mapped. */
const struct mapped_range *mapped_at(uint64_t virtual);

/* The lowest mapped address at or above one that isn't mapped; 2^64 - 1: there is none. */
uint64_t mapped_after(uint64_t virtual);

/* True when all of [virtual, virtual + bytes) is mapped with these rights among its own. */
bool mapped_with(uint64_t virtual, uint64_t bytes, uint8_t rights);

/* For messages. */
const char *cache_name(uint8_t cache);
