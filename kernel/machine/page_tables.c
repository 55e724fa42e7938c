/* What do the page tables map, and with which rights? */
#include "kernel/machine/page_tables.h"
#include "kernel/handover/handover.h"
#include "kernel/machine/cpu.h"

struct mapped_range mapped[MAPPED_MAX];
uint32_t mapped_count;
struct table_range tables[TABLES_MAX];
uint32_t tables_count;
bool mapped_all;

static uint64_t pat;
static bool has_nx;

int paging_levels(void)
{
    return read_cr4() & CR4_LA57 ? 5 : 4;
}

static uint8_t rights_of(uint64_t entry)
{
    return (entry & ENTRY_WRITE ? RIGHT_WRITE : 0) | (entry & ENTRY_USER ? RIGHT_USER : 0) |
           (has_nx && entry & ENTRY_NX ? 0 : RIGHT_EXECUTE);
}

uint8_t cache_of(uint64_t entry, int level)
{
    return pat >> 8 * entry_pat_index(entry, level) & 0xff;
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
    for (uint64_t i = 0; i < TABLE_ENTRIES && mapped_all; i++) {
        uint64_t entry = entries[i];
        if (!(entry & ENTRY_PRESENT))
            continue;
        uint64_t at = virtual + i * page_bytes_at(level);
        uint8_t rights = rights_above & rights_of(entry);
        if (!entry_is_page(entry, level)) {
            walk_table(entry_frame(entry, level), level - 1, at, rights);
            continue;
        }
        if (entry & ENTRY_GLOBAL)
            rights |= RIGHT_GLOBAL;
        add_page(&(struct mapped_range){.virtual = at,
                                        .physical = entry_frame(entry, level),
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
    uint64_t half = page_bytes_at(levels) * (TABLE_ENTRIES / 2);
    for (uint32_t i = 0; i < mapped_count; i++)
        if (mapped[i].virtual >= half)
            mapped[i].virtual |= -half;
}

static uint64_t read_physical(uint64_t physical)
{
    return *(const volatile uint64_t *)direct(physical);
}

struct page_walk page_tables_walk_to(uint64_t virtual)
{
    return walk_to(virtual, read_cr3(), paging_levels(), read_physical);
}

uint64_t *page_table_entry(uint64_t virtual)
{
    struct page_walk walk = page_tables_walk_to(virtual);
    return direct(walk.steps[walk.count - 1].place);
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
    static const char *const names[] = {
        [PAT_UC] = "uncached",      [PAT_WC] = "write-combining",
        [PAT_WT] = "write-through", [PAT_WP] = "write-protected",
        [PAT_WB] = "write-back",    [PAT_UC_MINUS] = "uncached-minus"};
    bool is_known = cache < sizeof names / sizeof *names && names[cache];
    return is_known ? names[cache] : "of an invalid memory type";
}
