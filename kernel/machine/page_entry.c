/* What does an entry of a page table mean, and where does an address lead? */
#include "kernel/machine/page_entry.h"

const char *level_name(int level)
{
    static const char *const names[] = {"PT", "PD", "PDPT", "PML4", "PML5"};
    return names[level - 1];
}

bool entry_is_page(uint64_t entry, int level)
{
    return entry & ENTRY_PRESENT && (level == 1 || (level <= LEVEL_LARGEST && entry & ENTRY_LARGE));
}

uint64_t entry_frame(uint64_t entry, int level)
{
    bool is_large = level > 1 && entry_is_page(entry, level);
    return entry & ENTRY_ADDRESS & (is_large ? -page_bytes_at(level) : UINT64_MAX);
}

unsigned entry_pat_index(uint64_t entry, int level)
{
    bool is_large = level > 1 && entry_is_page(entry, level);
    bool pat = level == 1 ? entry & ENTRY_LARGE : is_large && entry & ENTRY_PAT_BIG;
    return (pat ? 4 : 0) | (entry & ENTRY_PCD ? 2 : 0) | (entry & ENTRY_PWT ? 1 : 0);
}

/* ---- bit by bit ------------------------------------------------------------------------------ */

/* Which entries a row is about. */
enum { IN_TABLE = 1, IN_PAGE_1 = 2, IN_PAGE_LARGE = 4, IN_PAGE = 6, IN_ALL = 7 };

static const struct bit_row rows[] = {
    {"P", 0, 1, IN_ALL, "not present", "present"},
    {"R/W", 1, 1, IN_ALL, "read-only", "writable"},
    {"U/S", 2, 1, IN_ALL, "supervisor only", "user"},
    {"PWT", 3, 1, IN_ALL, "write-back", "write-through"},
    {"PCD", 4, 1, IN_ALL, "cached", "cache disabled"},
    {"A", 5, 1, IN_ALL, "not accessed", "accessed"},
    {"D", 6, 1, IN_PAGE, "clean", "dirty"},
    {"ignored", 6, 1, IN_TABLE, "", ""},
    {"PAT", 7, 1, IN_PAGE_1, "lower half of PAT", "upper half of PAT"},
    {"PS", 7, 1, IN_PAGE_LARGE, "", "large page"},
    {"PS", 7, 1, IN_TABLE, "a table follows", "reserved: must be 0"},
    {"G", 8, 1, IN_PAGE, "flushed with CR3", "global"},
    {"ignored", 8, 1, IN_TABLE, "", ""},
    {"software", 9, 3, IN_ALL, "", ""},
    {"PAT", 12, 1, IN_PAGE_LARGE, "lower half of PAT", "upper half of PAT"},
    {"frame", 12, 40, IN_PAGE_1, "", ""},
    {"frame", 13, 39, IN_PAGE_LARGE, "", ""},
    {"table", 12, 40, IN_TABLE, "", ""},
    {"software", 52, 7, IN_PAGE, "", ""},
    {"software", 52, 11, IN_TABLE, "", ""},
    {"key", 59, 4, IN_PAGE, "", ""},
    {"NX", 63, 1, IN_ALL, "executable", "no execute"},
};

static uint8_t kind_of(uint64_t entry, int level)
{
    if (level == 1)
        return IN_PAGE_1;
    return level <= LEVEL_LARGEST && entry & ENTRY_LARGE ? IN_PAGE_LARGE : IN_TABLE;
}

uint32_t entry_fields(uint64_t entry, int level, struct bit_field fields[BIT_FIELDS_MAX])
{
    uint32_t count =
        bits_decode(rows, sizeof rows / sizeof *rows, kind_of(entry, level), entry, fields);
    for (uint32_t i = 0; i < count; i++)
        if (fields[i].count >= 39) /* shown as the address that it is */
            fields[i].value = entry_frame(entry, level);
    return count;
}

/* ---- from table to table --------------------------------------------------------------------- */

/* All bits from the highest that is translated up must be the same (Intel SDM 1, 3.3.7.1). */
bool address_is_canonical(uint64_t virtual, int levels)
{
    int64_t top = (int64_t) virtual >> (9 * levels + 11);
    return top == 0 || top == -1;
}

struct page_walk walk_to(uint64_t virtual, uint64_t root, int levels,
                         uint64_t (*read)(uint64_t physical))
{
    struct page_walk walk = {.all = UINT64_MAX};
    uint64_t table = root & ENTRY_ADDRESS;
    for (int level = levels; level >= 1; level--) {
        uint64_t place = table + index_at(virtual, level) * 8, entry = read(place);
        walk.steps[walk.count++] = (struct page_step){level, place, entry};
        walk.all &= entry;
        walk.any |= entry;
        if (!(entry & ENTRY_PRESENT))
            break;
        table = entry_frame(entry, level);
        if (!entry_is_page(entry, level))
            continue;
        walk.present = true;
        walk.page_bytes = page_bytes_at(level);
        walk.physical = table + virtual % walk.page_bytes;
        break;
    }
    return walk;
}
