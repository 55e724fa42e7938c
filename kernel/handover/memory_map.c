/* What is at a physical address, by the map that was handed over? */
#include "kernel/handover/handover.h"

bool memory_is_in_use;

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

const struct efi_descriptor *efi_descriptor(uint64_t index)
{
    const char *map = boot->efi_map;
    return (const struct efi_descriptor *)(map + index * boot->efi_descriptor_bytes);
}

struct raw_range raw_map_range(uint64_t index)
{
    static const char *const names[EFI_MEMORY_TYPES] = {
        "reserved",     "loader code",  "loader data", "boot code", "boot data", "runtime code",
        "runtime data", "conventional", "unusable",    "ACPI",      "ACPI NVS",  "MMIO",
        "MMIO port",    "PAL code",     "persistent",  "unaccepted"};
    if (!boot->efi_map) {
        const struct lintel_memory_range *raw = &boot->raw_map[index];
        return (struct raw_range){raw->base_physical, raw->bytes, memory_type_name(raw->type)};
    }
    const struct efi_descriptor *efi = efi_descriptor(index);
    return (struct raw_range){efi->physical, efi->pages * PAGE_BYTES,
                              efi->type < EFI_MEMORY_TYPES ? names[efi->type] : "vendor's"};
}

uint64_t raw_map_count(void)
{
    return boot->efi_map ? boot->efi_map_bytes / boot->efi_descriptor_bytes : boot->raw_map_count;
}
