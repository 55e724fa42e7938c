#include "page_tables.h"
#include "cpu.h"
#include "instructions.h"
#include "../handover/handover.h"

/* Bits of an entry (Intel SDM 3A, 4.5). */
#define ENTRY_PRESENT UINT64_C(0x1)
#define ENTRY_WRITE   UINT64_C(0x2)
#define ENTRY_USER    UINT64_C(0x4)
#define ENTRY_PWT     UINT64_C(0x8)
#define ENTRY_PCD     UINT64_C(0x10)
#define ENTRY_LARGE   UINT64_C(0x80) /* levels 2 and 3; in a 4 KiB page's entry it is PAT */
#define ENTRY_GLOBAL  UINT64_C(0x100)
#define ENTRY_PAT_BIG UINT64_C(0x1000)
#define ENTRY_NX      (UINT64_C(1) << 63)
#define ENTRY_ADDRESS UINT64_C(0x000ffffffffff000)
#define ENTRIES       512
#define LEVEL_LARGEST 3 /* the highest level whose entries may map a page */

struct mapped_range mapped[MAPPED_MAX];
uint32_t mapped_count;
struct table_range tables[TABLES_MAX];
uint32_t tables_count;
bool mapped_all;

static uint64_t pat;
static bool has_nx;

static int paging_levels(void)
{
    return read_cr4() & CR4_LA57 ? 5 : 4;
}

static uint64_t page_bytes_at(int level)
{
    return PAGE_BYTES << 9 * (level - 1);
}

static uint8_t rights_of(uint64_t entry)
{
    return (entry & ENTRY_WRITE ? RIGHT_WRITE : 0) | (entry & ENTRY_USER ? RIGHT_USER : 0) |
           (has_nx && entry & ENTRY_NX ? 0 : RIGHT_EXECUTE);
}

static uint8_t cache_of(uint64_t entry, int level)
{
    bool pat_bit = entry & (level == 1 ? ENTRY_LARGE : ENTRY_PAT_BIG);
    unsigned index = (pat_bit ? 4 : 0) | (entry & ENTRY_PCD ? 2 : 0) | (entry & ENTRY_PWT ? 1 : 0);
    return pat >> 8 * index & 0xff;
}

static void add_table(uint64_t physical)
{
    struct table_range *last = tables_count ? &tables[tables_count - 1] : NULL;
    if (last && last->physical + last->bytes == physical)
        last->bytes += PAGE_BYTES;
    else if (tables_count < TABLES_MAX)
        tables[tables_count++] = (struct table_range){physical, PAGE_BYTES};
    else
        mapped_all = false;
}

static void add_page(const struct mapped_range *page)
{
    struct mapped_range *last = mapped_count ? &mapped[mapped_count - 1] : NULL;
    if (last && last->virtual + last->bytes == page->virtual &&
        last->physical + last->bytes == page->physical && last->rights == page->rights &&
        last->cache == page->cache)
        last->bytes += page->bytes;
    else if (mapped_count < MAPPED_MAX)
        mapped[mapped_count++] = *page;
    else
        mapped_all = false;
}

/* Stops when a list is full: damaged tables that contain themselves would never end. */
static void walk_table(uint64_t table, int level, uint64_t virtual, uint8_t rights_above)
{
    const volatile uint64_t *entries = direct(table);
    add_table(table);
    for (uint64_t i = 0; i < ENTRIES && mapped_all; i++) {
        uint64_t entry = entries[i];
        if (!(entry & ENTRY_PRESENT))
            continue;
        uint64_t at = virtual + i * page_bytes_at(level);
        uint8_t rights = rights_above & rights_of(entry);
        bool is_page = level == 1 || (level <= LEVEL_LARGEST && entry & ENTRY_LARGE);
        if (!is_page) {
            walk_table(entry & ENTRY_ADDRESS, level - 1, at, rights);
            continue;
        }
        if (entry & ENTRY_GLOBAL)
            rights |= RIGHT_GLOBAL;
        add_page(&(struct mapped_range){.virtual = at,
                                        .physical = entry & ENTRY_ADDRESS & -page_bytes_at(level),
                                        .bytes = page_bytes_at(level),
                                        .rights = rights,
                                        .cache = cache_of(entry, level)});
    }
}

void page_tables_walk(void)
{
    const uint64_t pat_at_reset = 0x0007040600070406;
    pat = cpu_has(LINTEL_CPU_PAT) ? read_msr(MSR_PAT) : pat_at_reset;
    has_nx = cpu_has(LINTEL_CPU_NX);
    mapped_all = true;
    int levels = paging_levels();
    mapped_count = tables_count = 0;
    walk_table(read_cr3() & ENTRY_ADDRESS, levels, 0, RIGHT_WRITE | RIGHT_USER | RIGHT_EXECUTE);

    /* The upper half's addresses are sign-extended. */
    uint64_t half = page_bytes_at(levels) * (ENTRIES / 2);
    for (uint32_t i = 0; i < mapped_count; i++)
        if (mapped[i].virtual >= half)
            mapped[i].virtual |= -half;
}

uint64_t *page_table_entry(uint64_t virtual)
{
    uint64_t table = read_cr3() & ENTRY_ADDRESS;
    for (int level = paging_levels();; level--) {
        uint64_t index = virtual / page_bytes_at(level) % ENTRIES;
        uint64_t *entry = (uint64_t *)direct(table) + index;
        if (level == 1 || !(*entry & ENTRY_PRESENT) ||
            (level <= LEVEL_LARGEST && *entry & ENTRY_LARGE))
            return entry;
        table = *entry & ENTRY_ADDRESS;
    }
}

const struct mapped_range *mapped_at(uint64_t virtual)
{
    for (uint32_t i = 0; i < mapped_count; i++)
        if (virtual - mapped[i].virtual < mapped[i].bytes)
            return &mapped[i];
    return NULL;
}

uint64_t mapped_after(uint64_t virtual)
{
    for (uint32_t i = 0; i < mapped_count; i++)
        if (mapped[i].virtual >= virtual)
            return mapped[i].virtual;
    return UINT64_MAX;
}

bool mapped_with(uint64_t virtual, uint64_t bytes, uint8_t rights)
{
    for (uint64_t done = 0; done < bytes;) {
        const struct mapped_range *range = mapped_at(virtual + done);
        if (!range || (range->rights & rights) != rights)
            return false;
        done = range->virtual + range->bytes - virtual;
    }
    return true;
}

const char *cache_name(uint8_t cache)
{
    switch (cache) {
    case PAT_UC:
        return "uncached";
    case PAT_WC:
        return "write-combining";
    case PAT_WT:
        return "write-through";
    case PAT_WP:
        return "write-protected";
    case PAT_WB:
        return "write-back";
    case PAT_UC_MINUS:
        return "uncached-minus";
    default:
        return "of an invalid memory type";
    }
}
