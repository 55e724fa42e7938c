/* Claim C19: the memory map's shape; and questions about it. */
#include "memory.h"
#include "claims.h"
#include "handover.h"

static const char *const type_names[LINTEL_MEMORY_TYPES] = {
    [0] = "nowhere",
    [LINTEL_MEMORY_USABLE] = "usable",
    [LINTEL_MEMORY_RECLAIMABLE] = "reclaimable",
    [LINTEL_MEMORY_KERNEL] = "kernel",
    [LINTEL_MEMORY_ACPI_RECLAIMABLE] = "ACPI reclaimable",
    [LINTEL_MEMORY_ACPI_NVS] = "ACPI NVS",
    [LINTEL_MEMORY_RESERVED] = "reserved",
    [LINTEL_MEMORY_BAD] = "bad",
    [LINTEL_MEMORY_FRAMEBUFFER] = "framebuffer",
    [LINTEL_MEMORY_EFI_RUNTIME_CODE] = "EFI runtime code",
    [LINTEL_MEMORY_EFI_RUNTIME_DATA] = "EFI runtime data",
    [LINTEL_MEMORY_PERSISTENT] = "persistent",
    [LINTEL_MEMORY_MMIO] = "MMIO",
};

const char *memory_type_name(uint32_t type)
{
    return type < LINTEL_MEMORY_TYPES ? type_names[type] : "of unknown type";
}

uint32_t memory_stretch_at(uint64_t physical, uint64_t *end)
{
    for (uint64_t i = 0; i < boot->memory_map_count; i++) {
        const struct lintel_memory_range *range = &boot->memory_map[i];
        if (physical < range->base_physical) {
            *end = range->base_physical;
            return 0;
        }
        if (physical - range->base_physical < range->bytes) {
            *end = range->base_physical + range->bytes;
            return range->type;
        }
    }
    *end = UINT64_MAX;
    return 0;
}

uint32_t memory_type_at(uint64_t physical)
{
    uint64_t end;
    return memory_stretch_at(physical, &end);
}

uint64_t memory_bytes(uint32_t type)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < boot->memory_map_count; i++)
        if (boot->memory_map[i].type == type)
            sum += boot->memory_map[i].bytes;
    return sum;
}

bool memory_usable_in(uint64_t base, uint64_t bytes, uint64_t *page)
{
    for (uint64_t i = 0; i < boot->memory_map_count; i++) {
        const struct lintel_memory_range *range = &boot->memory_map[i];
        if (range->type == LINTEL_MEMORY_USABLE &&
            overlap(base, bytes, range->base_physical, range->bytes)) {
            *page = base > range->base_physical ? base & -PAGE_BYTES : range->base_physical;
            return true;
        }
    }
    return false;
}

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
