/* Claim C19: the memory map's shape. */
#include "claims.h"
#include "../handover/handover.h"
#include "../handover/memory_map.h"

static bool check_range(const struct lintel_memory_range *range)
{
    uint64_t base = range->base_physical, bytes = range->bytes;
    if (bytes == 0)
        return violated("the range at %#lx is empty", base);
    if (base % PAGE_BYTES || bytes % PAGE_BYTES)
        return violated("%#lx, %#lx bytes, is not made of whole pages", base, bytes);
    if (base + bytes < base)
        return violated("%#lx, %#lx bytes, wraps", base, bytes);
    if (range->type == 0 || range->type >= LINTEL_MEMORY_TYPES)
        return violated("%#lx has type %u, wanted 1 to %u", base, range->type,
                        LINTEL_MEMORY_TYPES - 1);
    if (base == 0 && range->type == LINTEL_MEMORY_USABLE)
        return violated("page 0 is usable");
    return true;
}

static bool check_neighbours(const struct lintel_memory_range *below,
                             const struct lintel_memory_range *above)
{
    uint64_t end = below->base_physical + below->bytes;
    if (above->base_physical < end)
        return violated("%#lx begins before %#lx ends at %#lx", above->base_physical,
                        below->base_physical, end);
    if (above->base_physical == end && above->type == below->type)
        return violated("%#lx and %#lx touch and are both %s", below->base_physical,
                        above->base_physical, memory_type_name(above->type));
    return true;
}

bool memory_map_is_normal(void)
{
    const struct lintel_memory_range *map = boot->memory_map;
    for (uint64_t i = 0; i < boot->memory_map_count; i++)
        if (!check_range(&map[i]) || (i > 0 && !check_neighbours(&map[i - 1], &map[i])))
            return false;
    if (memory_bytes(LINTEL_MEMORY_USABLE) == 0)
        return violated("no memory is usable");
    return true;
}
