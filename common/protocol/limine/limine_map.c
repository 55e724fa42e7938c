/* How does the memory map look in the protocol's types, with the firmware tables that it has to
 * show? */
#include "common/hw/firmware_ranges.h"
#include "common/lib/mem.h"
#include "common/protocol/limine/limine.h"

enum {
    TYPE_USABLE,
    TYPE_RESERVED,
    TYPE_ACPI_RECLAIMABLE,
    TYPE_ACPI_NVS,
    TYPE_BAD,
    TYPE_LOADER_RECLAIMABLE,
    TYPE_EXECUTABLE_AND_MODULES,
    TYPE_FRAMEBUFFER,
    TYPE_RESERVED_MAPPED,
};

/* UEFI 2.10, 7.2.3: memory descriptors. */
#define EFI_LOADER_CODE 1
#define EFI_LOADER_DATA 2
#define EFI_BASE        8
#define EFI_PAGES       24

struct memory_entry {
    uint64_t base, bytes, type;
};

struct memory_response {
    uint64_t revision, count, list;
};

static uint64_t type_of(enum lintel_memory_type type)
{
    static const uint8_t types[LINTEL_MEMORY_TYPES] = {
        [LINTEL_MEMORY_USABLE] = TYPE_USABLE,
        [LINTEL_MEMORY_RECLAIMABLE] = TYPE_LOADER_RECLAIMABLE,
        [LINTEL_MEMORY_KERNEL] = TYPE_EXECUTABLE_AND_MODULES,
        [LINTEL_MEMORY_ACPI_RECLAIMABLE] = TYPE_ACPI_RECLAIMABLE,
        [LINTEL_MEMORY_ACPI_NVS] = TYPE_ACPI_NVS,
        [LINTEL_MEMORY_RESERVED] = TYPE_RESERVED,
        [LINTEL_MEMORY_BAD] = TYPE_BAD,
        [LINTEL_MEMORY_FRAMEBUFFER] = TYPE_FRAMEBUFFER,
        [LINTEL_MEMORY_EFI_RUNTIME_CODE] = TYPE_RESERVED_MAPPED,
        [LINTEL_MEMORY_EFI_RUNTIME_DATA] = TYPE_RESERVED_MAPPED,
        [LINTEL_MEMORY_PERSISTENT] = TYPE_RESERVED,
        [LINTEL_MEMORY_MMIO] = TYPE_RESERVED,
    };
    return types[type];
}

enum err limine_memory_map(const struct limine *limine, struct buffer *buffer, void **out)
{
    const struct memmap *map = &limine->attempt->map;
    struct memory_response *response;
    struct memory_entry *entries;
    uint64_t *list;
    TRY(buffer_take(buffer, sizeof *response, (void **)&response));
    TRY(buffer_take(buffer, map->count * sizeof *list, (void **)&list));
    TRY(buffer_take(buffer, map->count * sizeof *entries, (void **)&entries));
    for (uint64_t i = 0; i < map->count; i++) {
        const struct memmap_range *range = &map->ranges[i];
        entries[i] = (struct memory_entry){range->first, range->last - range->first + 1,
                                           type_of(range->type)};
        list[i] = (uintptr_t)buffer_virtual(buffer, &entries[i]);
    }
    *response = (struct memory_response){0, map->count, (uintptr_t)buffer_virtual(buffer, list)};
    *out = response;
    return OK;
}

/* ---- firmware tables ------------------------------------------------------------------------- */

static bool is_acpi(enum lintel_memory_type type)
{
    return type == LINTEL_MEMORY_ACPI_RECLAIMABLE || type == LINTEL_MEMORY_ACPI_NVS;
}

static enum err show(struct memmap *map, uint64_t first, uint64_t end)
{
    return first < end ? memmap_overlay(map, first, end - first, LINTEL_MEMORY_EFI_RUNTIME_DATA)
                       : OK;
}

/* Whole pages, but for those that the firmware itself calls ACPI's, when these are mapped, too. */
static enum err show_range(struct memmap *map, const struct firmware_range *range, bool keep_acpi)
{
    uint64_t next = align_down(range->physical, PAGE_BYTES);
    uint64_t end = align_up(range->physical + range->bytes, PAGE_BYTES);
    for (uint64_t i = 0; keep_acpi && i < map->count; i++) {
        struct memmap_range other = map->ranges[i];
        if (!is_acpi(other.type) || other.last < next || other.first >= end)
            continue;
        TRY(show(map, next, align_down(other.first, PAGE_BYTES)));
        next = align_up(other.last, PAGE_BYTES);
    }
    return show(map, next, end);
}

static enum err show_ranges(struct memmap *map, const struct firmware_ranges *ranges,
                            bool keep_acpi)
{
    for (uint32_t i = 0; i < ranges->count; i++)
        TRY(show_range(map, &ranges->ranges[i], keep_acpi));
    return OK;
}

/* Runtime services' memory was reserved, and not mapped, before base revision 5. */
static void hide_runtime_services(struct memmap *map)
{
    for (uint64_t i = 0; i < map->count; i++)
        if (map->ranges[i].type == LINTEL_MEMORY_EFI_RUNTIME_CODE ||
            map->ranges[i].type == LINTEL_MEMORY_EFI_RUNTIME_DATA)
            map->ranges[i].type = LINTEL_MEMORY_RESERVED;
}

/* What UEFI calls a loader's memory is the loader's to this protocol, too, even where it is free.
 */
static enum err keep_loader_memory(const struct raw_map *raw, struct memmap *map)
{
    const uint8_t *descriptor = raw->efi;
    uint64_t count = raw->efi ? raw->efi_bytes / raw->efi_descriptor_bytes : 0;
    for (; count--; descriptor += raw->efi_descriptor_bytes) {
        uint32_t type = load32(descriptor);
        uint64_t bytes;
        if (type != EFI_LOADER_CODE && type != EFI_LOADER_DATA)
            continue;
        if (!mul_wraps(load64(descriptor + EFI_PAGES), PAGE_BYTES, &bytes))
            TRY(memmap_insert(map, load64(descriptor + EFI_BASE), bytes,
                              LINTEL_MEMORY_RECLAIMABLE));
    }
    return OK;
}

enum err limine_amend_map(const struct attempt *attempt, struct memmap *map)
{
    const struct limine *limine = attempt->protocol;
    const struct facts *facts = attempt_facts(attempt);
    uint64_t revision = limine->image.base_revision;
    struct firmware_range list[LIMINE_FIRMWARE_RANGES];
    struct firmware_ranges ranges = {list, 0, ARRAY_LENGTH(list)};

    TRY(keep_loader_memory(&attempt->raw, map));
    if (revision < 5)
        hide_runtime_services(map);
    if (revision < 4)
        return OK;
    firmware_ranges_acpi(facts, &ranges);
    TRY(show_ranges(map, &ranges, true));
    if (revision < 5)
        return OK;
    ranges.count = 0;
    firmware_ranges_smbios(facts, &ranges);
    firmware_ranges_efi(facts, &ranges);
    return show_ranges(map, &ranges, false);
}
