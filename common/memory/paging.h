/* Page tables for x86-64 (Intel SDM volume 3A, 4.5: 4-level and 5-level paging). */
#pragma once

#include "common/lib/err.h"
#include <stdbool.h>
#include <stdint.h>

enum paging_cache { CACHE_WRITE_BACK, CACHE_WRITE_COMBINING, CACHE_UNCACHED };

#define MAP_WRITE   0x1u
#define MAP_EXECUTE 0x2u

/* Entries of the PAT (Intel SDM 3A, 11.12) that all protocols have in common: PA0 is write-back,
 * PA3 uncached. Where write-combining stands is the protocol's choice (struct paging); on a CPU
 * without PAT it becomes uncached. */
#define PAT_WRITE_BACK 0u
#define PAT_UNCACHED   3u

struct mapping {
    uint64_t virtual, physical, bytes; /* multiples of 4 KiB, bytes > 0 */
    uint32_t flags;                    /* MAP_... */
    enum paging_cache cache;
};

struct paging {
    uint32_t levels; /* 4 or 5 */
    bool has_1gib_pages, has_nx, has_pge, has_pat;
    bool mixed;               /* pages may be writable and executable at once */
    uint32_t write_combining; /* its number in the PAT, 4 to 7 */
    uint64_t root;            /* physical address of the top table; 0 before the first map */
    uint64_t next, end;       /* physical pool of zeroed table pages: next free one, end */
};

/* Pages that the tables for these mappings take, with the top table. Mappings must be sorted by
 * virtual address; errors as paging_map(). */
enum err paging_count(const struct paging *paging, const struct mapping *mappings, uint64_t count,
                      uint64_t *pages);

/* Maps one range with the largest pages that alignment, size and CPU allow, all global,
 * supervisor-only, NX unless MAP_EXECUTE (and the CPU has NX). Takes table pages from the pool.
 * ERR_BUG: overlaps what is mapped, is not canonical for `levels`, is misaligned, wraps, or is
 * write + execute without `mixed`; names the range. ERR_NO_MEMORY: the pool is empty. */
enum err paging_map(struct paging *paging, const struct mapping *mapping);

/* Puts a top table of a fifth level above four that map the lower half only. ERR_NO_MEMORY: as
 * above. */
enum err paging_raise(struct paging *paging);

/* What one virtual address maps to, by walking the tables: for tests and checks. */
struct translation {
    uint64_t physical; /* of that very byte */
    uint64_t page_bytes;
    uint32_t flags;
    enum paging_cache cache;
    bool present, user, global;
};
struct translation paging_translate(const struct paging *paging, uint64_t virtual);
