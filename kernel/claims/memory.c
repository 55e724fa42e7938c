/* Claims C19, C21 and C22: the memory map's shape; usable memory works, and was zero where that was
 * asked for. */
#include "kernel/claims/claims.h"

static bool check_range(const struct lintel_memory_range *range)
{
    uint64_t base = range->base_physical, bytes = range->bytes;
    return must(bytes, "the range at %#lx is empty", base) &&
           must(base % PAGE_BYTES == 0 && bytes % PAGE_BYTES == 0,
                "%#lx, %#lx bytes, is not made of whole pages", base, bytes) &&
           must(base + bytes >= base, "%#lx, %#lx bytes, wraps", base, bytes) &&
           must(range->type > 0 && range->type < LINTEL_MEMORY_TYPES,
                "%#lx has type %u, wanted 1 to %u", base, range->type, LINTEL_MEMORY_TYPES - 1) &&
           must(base || range->type != LINTEL_MEMORY_USABLE, "page 0 is usable");
}

static bool check_neighbours(const struct lintel_memory_range *below,
                             const struct lintel_memory_range *above)
{
    uint64_t end = below->base_physical + below->bytes;
    return must(above->base_physical >= end, "%#lx begins before %#lx ends at %#lx",
                above->base_physical, below->base_physical, end) &&
           must(above->base_physical > end || above->type != below->type,
                "%#lx and %#lx touch and are both %s", below->base_physical, above->base_physical,
                memory_type_name(above->type));
}

bool memory_map_is_normal(void)
{
    const struct lintel_memory_range *map = boot->memory_map;
    for (uint64_t i = 0; i < boot->memory_map_count; i++)
        if (!check_range(&map[i]) || (i > 0 && !check_neighbours(&map[i - 1], &map[i])))
            return false;
    return must(memory_bytes(LINTEL_MEMORY_USABLE), "no memory is usable");
}

/* ---- C21, C22 -------------------------------------------------------------------------------- */

#define LIMIT_MIB 256 /* without limit=<MiB> on the command line */

static uint64_t first_dirty; /* physical address of what was not 0; 0: nothing */

static uint64_t find_dirty(const volatile uint64_t *from, uint64_t bytes)
{
    const volatile uint64_t *end = from + bytes / sizeof *from;
    for (; from < end; from += 8) {
        if (from[0] | from[1] | from[2] | from[3] | from[4] | from[5] | from[6] | from[7])
            return address_of(from) - boot->direct_map;
    }
    return 0;
}

void memory_look_for_zeroes(void)
{
    first_dirty = 0;
    if (!(boot->flags & LINTEL_BOOT_MEMORY_ZEROED))
        return;
    for (uint64_t i = 0; i < boot->memory_map_count && first_dirty == 0; i++) {
        const struct lintel_memory_range *range = &boot->memory_map[i];
        if (range->type == LINTEL_MEMORY_USABLE)
            first_dirty = find_dirty(direct(range->base_physical), range->bytes);
    }
}

bool usable_memory_was_zero(void)
{
    if (!(boot->flags & LINTEL_BOOT_MEMORY_ZEROED))
        return remark("not asked for");
    return must(!first_dirty, "the 64 bytes at physical %#lx were not 0", first_dirty);
}

/* ---- writing and reading back ---------------------------------------------------------------- */

typedef bool (*step)(volatile uint64_t *from, uint64_t bytes);

/* Every quadword gets its own address, so that two addresses that reach one cell show up. */
static bool write_addresses(volatile uint64_t *from, uint64_t bytes)
{
    for (volatile uint64_t *end = from + bytes / sizeof *from; from < end; from += 4) {
        from[0] = address_of(from);
        from[1] = address_of(from + 1);
        from[2] = address_of(from + 2);
        from[3] = address_of(from + 3);
    }
    return true;
}

static bool differs(volatile uint64_t *at, uint64_t found, uint64_t wanted)
{
    return violated("physical %#lx reads %#lx after %#lx was written",
                    address_of(at) - boot->direct_map, found, wanted);
}

static bool invert_addresses(volatile uint64_t *from, uint64_t bytes)
{
    for (volatile uint64_t *end = from + bytes / sizeof *from; from < end; from++) {
        uint64_t found = *from;
        if (found != address_of(from))
            return differs(from, found, address_of(from));
        *from = ~found;
    }
    return true;
}

static bool check_inverse(volatile uint64_t *from, uint64_t bytes)
{
    for (volatile uint64_t *end = from + bytes / sizeof *from; from < end; from++) {
        uint64_t found = *from;
        if (found != ~address_of(from))
            return differs(from, found, ~address_of(from));
    }
    return true;
}

/* Takes a step on the first and the last bytes of every usable range; `share` of each are tested of
 * every `of`. */
static bool take_step(step step, uint64_t share, uint64_t of)
{
    for (uint64_t i = 0; i < boot->memory_map_count; i++) {
        const struct lintel_memory_range *range = &boot->memory_map[i];
        if (range->type != LINTEL_MEMORY_USABLE)
            continue;
        uint64_t pages = range->bytes / PAGE_BYTES, tested = (pages * share + of - 1) / of;
        uint64_t tail = tested / 2 * PAGE_BYTES, head = tested * PAGE_BYTES - tail;
        if (!step(direct(range->base_physical), head) ||
            !step(direct(range->base_physical + range->bytes - tail), tail))
            return false;
    }
    return true;
}

bool usable_memory_works(void)
{
    uint64_t total = memory_bytes(LINTEL_MEMORY_USABLE) / MIB + 1, limit = LIMIT_MIB;
    const char *given, *end;
    if (memory_is_in_use)
        return remark("in use: not tested again");
    if (option_value("limit", &given))
        limit = option_number(given, 10, &end);
    if (limit > total)
        limit = total;
    if (limit < total)
        remark("%lu of %lu MiB tested", limit, total);
    return take_step(write_addresses, limit, total) && take_step(invert_addresses, limit, total) &&
           take_step(check_inverse, limit, total);
}
