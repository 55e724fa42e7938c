/* Which memory is free, and what the loader has taken: a BIOS manages none itself. */
#include "legacy/memory.h"
#include "common/lib/mem.h"
#include "legacy/e820.h"
#include "legacy/ram.h"

/* The loader's own data stay where entry.asm's page tables reach. */
#define LOADER_END (4 * GIB)

/* Ranges in no order that grow by doubling. */
struct list {
    struct raw_range *ranges;
    uint64_t count, capacity;
};

extern uint8_t low_memory_end[]; /* legacy.ld */

static struct raw_map bios_map;
static struct raw_range first_busy[8];
static struct list busy = {first_busy, 0, ARRAY_LENGTH(first_busy)}; /* the loader's own */
static struct raw_range first_reserved[8];
static struct list reserved = {first_reserved, 0,
                               ARRAY_LENGTH(first_reserved)}; /* for the kernel */

static const struct raw_range *find_overlap(const struct raw_range *ranges, uint64_t count,
                                            bool usable_too, uint64_t base, uint64_t bytes)
{
    for (uint64_t i = 0; i < count; i++)
        if ((usable_too || ranges[i].type != LINTEL_MEMORY_USABLE) &&
            ram_overlaps(&ranges[i], base, bytes))
            return &ranges[i];
    return NULL;
}

/* What makes [base, base + bytes) not free though a usable range holds it. */
static const struct raw_range *find_blocker(uint64_t base, uint64_t bytes)
{
    const struct raw_range *found =
        find_overlap(bios_map.ranges, bios_map.count, false, base, bytes);
    if (!found)
        found = find_overlap(busy.ranges, busy.count, true, base, bytes);
    if (!found)
        found = find_overlap(reserved.ranges, reserved.count, true, base, bytes);
    return found;
}

/* The highest free place for `bytes` in a usable range, or 0. */
static uint64_t find_in_range(const struct raw_range *range, uint64_t bytes)
{
    uint64_t end;

    if (add_wraps(range->base, range->bytes, &end) || end > LOADER_END)
        end = LOADER_END;
    end = align_down(end, PAGE_BYTES);
    while (end >= bytes && end - bytes >= range->base) {
        const struct raw_range *blocker = find_blocker(end - bytes, bytes);
        if (!blocker)
            return end - bytes;
        end = align_down(blocker->base, PAGE_BYTES);
    }
    return 0;
}

static uint64_t find_highest(uint64_t bytes)
{
    uint64_t best = 0;

    for (uint64_t i = 0; i < bios_map.count; i++)
        if (bios_map.ranges[i].type == LINTEL_MEMORY_USABLE)
            best = MAX(best, find_in_range(&bios_map.ranges[i], bytes));
    return best;
}

/* Makes room for two more: when a list moves, its new place joins `busy`. */
static enum err make_room(struct list *list)
{
    if (list->count + 2 <= list->capacity)
        return OK;
    uint64_t bytes = align_up(2 * list->capacity * sizeof *list->ranges, PAGE_BYTES);
    uint64_t base = find_highest(bytes);
    if (!base)
        return fail(ERR_NO_MEMORY, "no %lu bytes left below 4 GiB to list what is taken", bytes);
    memcpy(at_physical(base), list->ranges, list->count * sizeof *list->ranges);
    list->ranges = at_physical(base);
    list->capacity = bytes / sizeof *list->ranges;
    busy.ranges[busy.count++] = (struct raw_range){base, bytes, LINTEL_MEMORY_RECLAIMABLE};
    return OK;
}

static void append(struct list *list, uint64_t base, uint64_t bytes)
{
    list->ranges[list->count++] = (struct raw_range){base, bytes, LINTEL_MEMORY_RECLAIMABLE};
}

enum err memory_allocate(uint64_t pages, uint64_t *physical)
{
    uint64_t bytes, base;

    TRY(make_room(&busy));
    if (!pages || mul_wraps(pages, PAGE_BYTES, &bytes) || !(base = find_highest(bytes)))
        return fail(ERR_NO_MEMORY, "no %lu KiB of memory left below 4 GiB for the loader",
                    pages * (PAGE_BYTES / KIB));
    append(&busy, base, bytes);
    *physical = base;
    return OK;
}

enum err memory_reserve(uint64_t physical, uint64_t pages)
{
    uint64_t bytes, end;

    TRY(make_room(&busy));
    TRY(make_room(&reserved));
    if (mul_wraps(pages, PAGE_BYTES, &bytes) || add_wraps(physical, bytes, &end))
        return bug("a reservation of %lu pages at %lXh", pages, physical);
    if (find_blocker(physical, bytes))
        return fail(ERR_CHANGED, "the %lu KiB at %lXh are no longer free",
                    pages * (PAGE_BYTES / KIB), physical);
    append(&reserved, physical, bytes);
    return OK;
}

void memory_release(uint64_t physical, uint64_t pages)
{
    for (uint64_t i = 0; i < reserved.count; i++)
        if (reserved.ranges[i].base == physical && reserved.ranges[i].bytes == pages * PAGE_BYTES) {
            reserved.ranges[i] = reserved.ranges[--reserved.count];
            return;
        }
}

enum err memory_map(struct raw_map *map, struct raw_map *taken)
{
    *map = bios_map;
    *taken = (struct raw_map){.ranges = busy.ranges, .count = busy.count};
    return OK;
}

/* ---- memory above 4 GiB ---------------------------------------------------------------------- */

#define ENTRIES       512
#define PRESENT_WRITE UINT64_C(3)
#define LARGE         UINT64_C(0x80)
#define NO_EXECUTE    (UINT64_C(1) << 63)

extern uint64_t page_tables[]; /* legacy.ld: the top table, and behind it the one of GiB */

static uint64_t usable_end(void)
{
    uint64_t last = 0, end;

    for (uint64_t i = 0; i < bios_map.count; i++)
        if (bios_map.ranges[i].type == LINTEL_MEMORY_USABLE &&
            !add_wraps(bios_map.ranges[i].base, bios_map.ranges[i].bytes, &end))
            last = MAX(last, end);
    return last;
}

static enum err map_gib(uint64_t base, uint32_t cpu_features)
{
    uint64_t *entry = page_tables + ENTRIES + base / GIB, physical;
    uint64_t page = LARGE | PRESENT_WRITE | (cpu_features & LINTEL_CPU_NX ? NO_EXECUTE : 0);

    if (cpu_features & LINTEL_CPU_1GIB) {
        *entry = base | page;
        return OK;
    }
    TRY(memory_allocate(1, &physical));
    uint64_t *pages = at_physical(physical);
    for (uint64_t i = 0; i < ENTRIES; i++)
        pages[i] = (base + i * 2 * MIB) | page;
    *entry = physical | PRESENT_WRITE;
    return OK;
}

uint64_t memory_reach(uint32_t cpu_features)
{
    uint64_t wish = MIN(usable_end(), ENTRIES * GIB), end = LOADER_END;

    while (end < wish && map_gib(end, cpu_features) == OK)
        end += GIB;
    ram_check(&bios_map, LOADER_END, end);
    return MAX(MIN(end, wish), LOADER_END);
}

/* ---- the start ------------------------------------------------------------------------------- */

/* The map moves out of the bounce buffer into the first memory that it gives. */
enum err memory_begin(void)
{
    uint64_t bytes, base;

    append(&busy, 0, (uintptr_t)low_memory_end);
    TRY(e820_read(&bios_map));
    ram_check(&bios_map, MIB, LOADER_END);
    bytes = bios_map.count * sizeof *bios_map.ranges;
    TRY(memory_allocate(pages_of(bytes), &base));
    memcpy(at_physical(base), bios_map.ranges, bytes);
    bios_map.ranges = at_physical(base);
    bios_map.capacity = bios_map.count;
    return OK;
}
