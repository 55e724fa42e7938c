/* Which page tables map this to that? */
#include "common/memory/paging.h"
#include "common/lib/mem.h"

/* Entry bits (Intel SDM 3A, tables 4-15 to 4-20). */
#define ENTRY_PRESENT   UINT64_C(0x1)
#define ENTRY_WRITE     UINT64_C(0x2)
#define ENTRY_USER      UINT64_C(0x4)
#define ENTRY_PWT       UINT64_C(0x8)
#define ENTRY_PCD       UINT64_C(0x10)
#define ENTRY_LARGE     UINT64_C(0x80) /* at levels 2 and 3 */
#define ENTRY_PAT_4KIB  UINT64_C(0x80)
#define ENTRY_PAT_LARGE UINT64_C(0x1000)
#define ENTRY_GLOBAL    UINT64_C(0x100)
#define ENTRY_ADDRESS   UINT64_C(0x000ffffffffff000)
#define ENTRY_NX        (UINT64_C(1) << 63)

#define ENTRIES       512
#define PHYSICAL_LAST (ENTRY_ADDRESS | (PAGE_BYTES - 1))

/* Level 1 tables hold 4 KiB pages, level 2 2 MiB, level 3 1 GiB; the top is level 4 or 5. */
static uint32_t shift_of(uint32_t level)
{
    return 12 + 9 * (level - 1);
}

static uint64_t index_at(uint64_t virtual, uint32_t level)
{
    return virtual >> shift_of(level) & (ENTRIES - 1);
}

static bool is_leaf(uint64_t entry, uint32_t level)
{
    return level == 1 || entry & ENTRY_LARGE;
}

/* Canonical: all bits above the highest translated one equal it (Intel SDM 1, 3.3.7.1). */
static bool is_canonical(uint64_t virtual, uint32_t levels)
{
    uint64_t upper = virtual >> (shift_of(levels) + 8);

    return upper == 0 || upper == UINT64_MAX >> (shift_of(levels) + 8);
}

static enum err refuse(const struct mapping *mapping, const char *why)
{
    return bug("mapping of virtual %lXh to physical %lXh, %lXh bytes: %s", mapping->virtual,
               mapping->physical, mapping->bytes, why);
}

static enum err check(const struct paging *paging, const struct mapping *mapping)
{
    uint64_t last, physical_last;

    if (paging->levels != 4 && paging->levels != 5)
        return bug("paging with %u levels", paging->levels);
    if (!mapping->bytes)
        return refuse(mapping, "empty");
    if ((mapping->virtual | mapping->physical | mapping->bytes) & (PAGE_BYTES - 1))
        return refuse(mapping, "not whole pages");
    if (add_wraps(mapping->virtual, mapping->bytes - 1, &last) ||
        add_wraps(mapping->physical, mapping->bytes - 1, &physical_last))
        return refuse(mapping, "wraps");
    if (!is_canonical(mapping->virtual, paging->levels) || !is_canonical(last, paging->levels) ||
        (mapping->virtual ^ last) >> 63)
        return refuse(mapping, "not canonical");
    if (physical_last > PHYSICAL_LAST)
        return refuse(mapping, "beyond any physical address");
    if (mapping->flags & MAP_WRITE && mapping->flags & MAP_EXECUTE && !paging->mixed)
        return refuse(mapping, "writable and executable at once");
    return OK;
}

/* Consecutive pages of one size in one table. */
struct run {
    uint32_t level;
    uint64_t pages;
};

static struct run largest_run(const struct paging *paging, const struct mapping *rest)
{
    uint32_t level = paging->has_1gib_pages ? 3 : 2;
    uint64_t page_bytes;

    for (; level > 1; level--) {
        page_bytes = UINT64_C(1) << shift_of(level);
        if (!((rest->virtual | rest->physical) & (page_bytes - 1)) && rest->bytes >= page_bytes)
            break;
    }
    return (struct run){
        level, MIN(ENTRIES - index_at(rest->virtual, level), rest->bytes >> shift_of(level))};
}

static void advance(struct mapping *rest, struct run run)
{
    uint64_t bytes = run.pages << shift_of(run.level);

    rest->virtual += bytes;
    rest->physical += bytes;
    rest->bytes -= bytes;
}

/* Tables below the top one on the way to a run that the mappings before it, which end at `before`,
 * have not brought with them. Mappings are sorted and disjoint: what of them lies in a table's span
 * lies in front of this run, so the table is new exactly when its span begins behind `before`. */
static uint64_t count_new(const struct paging *paging, uint64_t virtual, uint32_t level, bool first,
                          uint64_t before)
{
    uint64_t tables = 0;

    for (uint32_t above = level + 1; above <= paging->levels; above++)
        tables += first || align_down(virtual, UINT64_C(1) << shift_of(above)) > before;
    return tables;
}

enum err paging_count(const struct paging *paging, const struct mapping *mappings, uint64_t count,
                      uint64_t *pages)
{
    uint64_t before = 0, sum = 1;

    for (uint64_t i = 0; i < count; i++) {
        struct mapping rest = mappings[i];
        bool first = i == 0;

        TRY(check(paging, &rest));
        if (!first && rest.virtual <= before)
            return refuse(&rest, "overlaps or precedes the one before it");
        while (rest.bytes) {
            struct run run = largest_run(paging, &rest);
            sum += count_new(paging, rest.virtual, run.level, first, before);
            advance(&rest, run);
            before = rest.virtual - 1;
            first = false;
        }
    }
    *pages = sum;
    return OK;
}

static uint64_t *table_at(uint64_t entry)
{
    return at_physical(entry & ENTRY_ADDRESS);
}

static enum err take_table(struct paging *paging, uint64_t *physical)
{
    if (paging->next >= paging->end || paging->end - paging->next < PAGE_BYTES)
        return fail(ERR_NO_MEMORY, "no page left for page tables");
    *physical = paging->next;
    paging->next += PAGE_BYTES;
    return OK;
}

/* The table of `level` that translates `virtual`, made where it isn't there. NULL: a larger page is
 * in the way. */
static enum err find_table(struct paging *paging, uint64_t virtual, uint32_t level,
                           uint64_t **table)
{
    if (!paging->root)
        TRY(take_table(paging, &paging->root));
    *table = at_physical(paging->root);
    for (uint32_t above = paging->levels; *table && above > level; above--) {
        uint64_t *entry = &(*table)[index_at(virtual, above)];

        if (!(*entry & ENTRY_PRESENT)) {
            uint64_t physical = 0;
            TRY(take_table(paging, &physical));
            *entry = physical | ENTRY_PRESENT | ENTRY_WRITE;
        }
        *table = is_leaf(*entry, above) ? NULL : table_at(*entry);
    }
    return OK;
}

/* An entry's PWT, PCD and PAT bits are the number of a PAT entry. */
static uint64_t cache_bits(const struct paging *paging, enum paging_cache cache, uint32_t level)
{
    uint32_t number = cache == CACHE_WRITE_BACK                           ? PAT_WRITE_BACK
                      : cache == CACHE_WRITE_COMBINING && paging->has_pat ? paging->write_combining
                                                                          : PAT_UNCACHED;

    return (number & 1 ? ENTRY_PWT : 0) | (number & 2 ? ENTRY_PCD : 0) |
           (!(number & 4) ? 0
            : level > 1   ? ENTRY_PAT_LARGE
                          : ENTRY_PAT_4KIB);
}

/* All bits of a page's entry but its address. */
static uint64_t page_bits(const struct paging *paging, const struct mapping *mapping,
                          uint32_t level)
{
    uint64_t bits = ENTRY_PRESENT;

    if (mapping->flags & MAP_WRITE)
        bits |= ENTRY_WRITE;
    if (paging->has_nx && !(mapping->flags & MAP_EXECUTE))
        bits |= ENTRY_NX;
    if (paging->has_pge)
        bits |= ENTRY_GLOBAL;
    if (level > 1)
        bits |= ENTRY_LARGE;
    return bits | cache_bits(paging, mapping->cache, level);
}

/* Fills the entries of a run. False: one is taken, by a page or by a table of smaller ones. */
static bool fill(uint64_t *entries, struct run run, uint64_t entry)
{
    for (uint64_t i = 0; i < run.pages; i++) {
        if (entries[i] & ENTRY_PRESENT)
            return false;
        entries[i] = entry;
        entry += UINT64_C(1) << shift_of(run.level);
    }
    return true;
}

enum err paging_map(struct paging *paging, const struct mapping *mapping)
{
    struct mapping rest = *mapping;

    TRY(check(paging, mapping));
    while (rest.bytes) {
        struct run run = largest_run(paging, &rest);
        uint64_t bits = page_bits(paging, mapping, run.level), *table;

        TRY(find_table(paging, rest.virtual, run.level, &table));
        if (!table || !fill(table + index_at(rest.virtual, run.level), run, rest.physical | bits))
            return refuse(mapping, "overlaps what is mapped");
        advance(&rest, run);
    }
    return OK;
}

enum err paging_raise(struct paging *paging)
{
    uint64_t top = 0;

    TRY(take_table(paging, &top));
    *table_at(top) = paging->root | ENTRY_PRESENT | ENTRY_WRITE;
    paging->root = top;
    paging->levels++;
    return OK;
}

static enum paging_cache cache_of(const struct paging *paging, uint64_t entry, uint32_t level)
{
    uint64_t pat = level > 1 ? ENTRY_PAT_LARGE : ENTRY_PAT_4KIB;
    uint64_t bits = entry & (ENTRY_PCD | ENTRY_PWT | pat);

    if (!bits)
        return CACHE_WRITE_BACK;
    return bits == cache_bits(paging, CACHE_UNCACHED, level) ? CACHE_UNCACHED
                                                             : CACHE_WRITE_COMBINING;
}

struct translation paging_translate(const struct paging *paging, uint64_t virtual)
{
    uint64_t entry = paging->root, all = UINT64_MAX, any = 0, offset;
    uint32_t level = paging->levels;

    if (!paging->root || !is_canonical(virtual, paging->levels))
        return (struct translation){0};
    for (;; level--) {
        entry = table_at(entry)[index_at(virtual, level)];
        if (!(entry & ENTRY_PRESENT))
            return (struct translation){0};
        all &= entry;
        any |= entry;
        if (is_leaf(entry, level))
            break;
    }
    offset = (UINT64_C(1) << shift_of(level)) - 1;
    return (struct translation){
        .physical = (entry & ENTRY_ADDRESS & ~offset) | (virtual & offset),
        .page_bytes = offset + 1,
        .flags = (all & ENTRY_WRITE ? MAP_WRITE : 0) | (any & ENTRY_NX ? 0 : MAP_EXECUTE),
        .cache = cache_of(paging, entry, level),
        .present = true,
        .user = all & ENTRY_USER,
        .global = entry & ENTRY_GLOBAL,
    };
}
