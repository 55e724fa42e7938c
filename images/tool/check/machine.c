/* What would a front end find out about the machine that was asked for? */
#include "images/tool/check/machine.h"
#include "common/lib/mem.h"
#include "common/memory/memmap.h"
#include "images/tool/host/file.h"
#include "images/tool/host/firmware.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PHYSICAL_BITS 40
#define EFI_DESCRIPTOR_BYTES  48
#define SPARE_RANGES          16 /* by which firmware says its map may still grow */

/* ---- ordinary PCs ---------------------------------------------------------------------------- */

/* Places as QEMU's q35 board and its two firmwares have them (test/maps): counted from 0, or from
 * the end of memory below 4 GiB. */
struct part {
    bool from_end;
    uint64_t at, bytes; /* from the end: how far before it; 0 bytes: what lies between */
    enum lintel_memory_type type;
};

#define MEMORY_HOLE      UINT64_C(0xb0000000) /* PCI begins at the latest; */
#define MEMORY_BELOW     UINT64_C(0x80000000) /* with more memory the rest is above 4 GiB */
#define PCI_CONFIG_BYTES UINT64_C(0x10000000)

static const struct part bios_parts[] = {
    {false, 0, 0x9fc00, LINTEL_MEMORY_USABLE},
    {false, 0x9fc00, 0x400, LINTEL_MEMORY_RESERVED}, /* EBDA */
    {false, 0xf0000, 0x10000, LINTEL_MEMORY_RESERVED},
    {true, 0x21000, 0x21000, LINTEL_MEMORY_RESERVED}, /* ACPI tables */
    {false, MEMORY_HOLE, PCI_CONFIG_BYTES, LINTEL_MEMORY_RESERVED},
    {false, 0xfed1c000, 0x4000, LINTEL_MEMORY_RESERVED},
    {false, 0xfffc0000, 0x40000, LINTEL_MEMORY_RESERVED},
};

static const struct part uefi_parts[] = {
    {false, 0, 0x1000, LINTEL_MEMORY_RECLAIMABLE},
    {false, 0x1000, 0x9f000, LINTEL_MEMORY_USABLE},
    {false, 0x806000, 0x2000, LINTEL_MEMORY_ACPI_NVS},
    {false, 0x810000, 0xf0000, LINTEL_MEMORY_ACPI_NVS},
    {false, 0x900000, 0xc00000, LINTEL_MEMORY_RECLAIMABLE},
    {true, 0xf71000, 0x45d000, LINTEL_MEMORY_RECLAIMABLE},
    {true, 0xb14000, 0x100000, LINTEL_MEMORY_EFI_RUNTIME_DATA},
    {true, 0xa14000, 0x100000, LINTEL_MEMORY_EFI_RUNTIME_CODE},
    {true, 0x914000, 0x80000, LINTEL_MEMORY_RESERVED},
    {true, 0x894000, 0x12000, LINTEL_MEMORY_ACPI_RECLAIMABLE},
    {true, 0x882000, 0x80000, LINTEL_MEMORY_ACPI_NVS},
    {true, 0x802000, 0x602000, LINTEL_MEMORY_RECLAIMABLE},
    {true, 0x17f000, 0x73000, LINTEL_MEMORY_RECLAIMABLE},
    {true, 0x10c000, 0x84000, LINTEL_MEMORY_EFI_RUNTIME_DATA},
    {true, 0x88000, 0x88000, LINTEL_MEMORY_ACPI_NVS},
    {false, MEMORY_HOLE, PCI_CONFIG_BYTES, LINTEL_MEMORY_RESERVED},
    {false, 0xffc00000, 0x400000, LINTEL_MEMORY_MMIO},
};

static void add_range(struct raw_map *map, uint64_t base, uint64_t bytes,
                      enum lintel_memory_type type)
{
    map->ranges = realloc(map->ranges, (map->count + 1) * sizeof *map->ranges);
    if (!map->ranges)
        abort();
    map->ranges[map->count++] = (struct raw_range){base, bytes, type};
}

/* What no part names is usable; the stricter type wins where the parts lie in it. */
static enum err make_pc(uint64_t memory, const struct part *parts, size_t count,
                        uint64_t memory_min, struct raw_map *map)
{
    uint64_t below = memory >= MEMORY_HOLE ? MEMORY_BELOW : memory;
    if (memory < memory_min)
        return fail(ERR_UNSUPPORTED, "such a PC has at least %lu MiB of memory", memory_min / MIB);
    add_range(map, MIB, below - MIB, LINTEL_MEMORY_USABLE);
    for (size_t i = 0; i < count; i++)
        add_range(map, parts[i].from_end ? below - parts[i].at : parts[i].at, parts[i].bytes,
                  parts[i].type);
    if (memory > below)
        add_range(map, 4 * GIB, memory - below, LINTEL_MEMORY_USABLE);
    return OK;
}

/* ---- recorded maps --------------------------------------------------------------------------- */

/* One line (test/maps/README); false: it follows no rule. */
static bool read_line(const char *line, struct facts *facts, bool *efi)
{
    uint64_t base, bytes, attributes = 1;
    enum lintel_memory_type ours;
    unsigned bits, type;

    if (line[0] == '#' || line[0] == '\n' || strncmp(line, "usable ", 7) == 0)
        return true;
    if (sscanf(line, "bits %u", &bits) == 1) {
        facts->cpu.physical_bits = bits;
        return bits >= 32 && bits <= 52;
    }
    if (sscanf(line, "%lx %lx efi:%u:%lx", &base, &bytes, &type, &attributes) == 4) {
        *efi = true;
        add_range(&facts->map, base, bytes, memmap_type_of_efi(type, attributes));
        return true;
    }
    if (sscanf(line, "%lx %lx e820:%u:%lx", &base, &bytes, &type, &attributes) < 3)
        return false;
    if (memmap_type_of_e820(type, (uint32_t)attributes, &ours))
        add_range(&facts->map, base, bytes, ours);
    return true;
}

static enum err read_map(const char *path, struct facts *facts, bool *efi)
{
    struct content text;
    char line[256];
    enum err err = OK;

    TRY(file_map_text(path, &text));
    for (unsigned number = 1; err == OK && content_line(&text, line, sizeof line); number++)
        if (!read_line(line, facts, efi))
            err = fail(ERR_FORMAT,
                       "%s, line %u: is neither `BASE BYTES e820:TYPE`, `BASE BYTES "
                       "efi:TYPE:ATTRIBUTES` nor `bits N`: %.40s",
                       path, number, line);
    if (err == OK && !facts->map.count)
        err = fail(ERR_FORMAT, "%s: holds no range of memory", path);
    return err;
}

/* ---- the loader and the screen --------------------------------------------------------------- */

/* As `make bench` measures it, without `taken`; on BIOS it begins in low memory (legacy.ld). */
#define UEFI_LOADER_BYTES (1256 * KIB)
#define BIOS_LOADER_BYTES (720 * KIB)
#define BIOS_LOW_END      (448 * KIB)
#define SCREEN_BASE       UINT64_C(0xfd000000) /* where SeaBIOS puts QEMU's */
#define SCREEN_MAX        UINT64_C(0x01000000)

static bool touches(const struct raw_range *range, uint64_t base, uint64_t bytes)
{
    return base < range->base ? range->base - base < bytes : base - range->base < range->bytes;
}

/* A range that is not usable (or, `usable`: is) and has some of the bytes. */
static const struct raw_range *find_range(const struct raw_map *map, bool usable, uint64_t base,
                                          uint64_t bytes)
{
    for (uint64_t i = 0; i < map->count; i++)
        if ((map->ranges[i].type == LINTEL_MEMORY_USABLE) == usable &&
            touches(&map->ranges[i], base, bytes))
            return &map->ranges[i];
    return NULL;
}

/* The end of the highest free place in a usable range, below 4 GiB; 0: there is none. */
static uint64_t find_end(const struct raw_map *map, const struct raw_range *range, uint64_t bytes)
{
    const struct raw_range *taken;
    uint64_t end;

    if (add_wraps(range->base, range->bytes, &end))
        end = UINT64_MAX;
    end = align_down(MIN(end, 4 * GIB), PAGE_BYTES);
    while (end >= bytes && end - bytes >= range->base) {
        taken = find_range(map, false, end - bytes, bytes);
        if (!taken)
            return end;
        end = align_down(taken->base, PAGE_BYTES);
    }
    return 0;
}

static void add_loader(struct machine_loader *loader, uint64_t base, uint64_t bytes)
{
    loader->ranges[loader->count++] = (struct raw_range){base, bytes, LINTEL_MEMORY_RECLAIMABLE};
}

struct machine_loader machine_loader(const struct facts *facts, uint64_t taken)
{
    bool bios = facts->firmware == LINTEL_FIRMWARE_BIOS;
    uint64_t bytes = (bios ? BIOS_LOADER_BYTES : UEFI_LOADER_BYTES) + taken, end = 0;
    struct machine_loader loader = {0};

    if (bios)
        add_loader(&loader, PAGE_BYTES, BIOS_LOW_END - PAGE_BYTES);
    for (uint64_t i = 0; i < facts->map.count; i++)
        if (facts->map.ranges[i].type == LINTEL_MEMORY_USABLE)
            end = MAX(end, find_end(&facts->map, &facts->map.ranges[i], bytes));
    if (end)
        add_loader(&loader, end - bytes, bytes);
    return loader;
}

bool machine_screen(const struct facts *facts, const struct screen_wish *wish,
                    struct lintel_framebuffer *screen)
{
    uint32_t width = wish->width, height = wish->height;
    bool known = width && height && (uint64_t)width * height <= SCREEN_MAX / 4;

    *screen = (struct lintel_framebuffer){
        .base_physical = SCREEN_BASE,
        .width = known ? width : 1024,
        .height = known ? height : 768,
        .bits_per_pixel = 32,
        .red_shift = 16,
        .red_bits = 8,
        .green_shift = 8,
        .green_bits = 8,
        .blue_bits = 8,
    };
    screen->pitch = screen->width * 4;
    screen->bytes = (uint64_t)screen->pitch * screen->height;
    return !find_range(&facts->map, true, SCREEN_BASE, SCREEN_MAX);
}

/* ---- the CPU --------------------------------------------------------------------------------- */

#define ALL_FEATURES                                                                               \
    (LINTEL_CPU_NX | LINTEL_CPU_1GIB | LINTEL_CPU_LA57 | LINTEL_CPU_SMEP | LINTEL_CPU_SMAP |       \
     LINTEL_CPU_PGE | LINTEL_CPU_PAT)

static const struct cpu_feature features[] = {
    {"all", ALL_FEATURES},     {"nx", LINTEL_CPU_NX},     {"1gib", LINTEL_CPU_1GIB},
    {"la57", LINTEL_CPU_LA57}, {"smep", LINTEL_CPU_SMEP}, {"smap", LINTEL_CPU_SMAP},
    {"pge", LINTEL_CPU_PGE},   {"pat", LINTEL_CPU_PAT},
};

const struct cpu_feature *machine_cpu_feature(size_t index)
{
    return index < ARRAY_LENGTH(features) ? &features[index] : NULL;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static enum err make_map(const struct machine_wish *wish, struct facts *facts)
{
    bool efi = wish->firmware == LINTEL_FIRMWARE_UEFI;
    if (wish->map)
        TRY(read_map(wish->map, facts, &efi));
    else if (efi)
        TRY(make_pc(wish->memory_bytes, uefi_parts, ARRAY_LENGTH(uefi_parts), 64 * MIB,
                    &facts->map));
    else
        TRY(make_pc(wish->memory_bytes, bios_parts, ARRAY_LENGTH(bios_parts), 4 * MIB,
                    &facts->map));
    facts->firmware = wish->firmware ? wish->firmware
                      : efi          ? LINTEL_FIRMWARE_UEFI
                                     : LINTEL_FIRMWARE_BIOS;
    return OK;
}

static uint64_t usable_bytes(const struct raw_map *map)
{
    uint64_t bytes = 0;

    for (uint64_t i = 0; i < map->count; i++)
        if (map->ranges[i].type == LINTEL_MEMORY_USABLE &&
            add_wraps(bytes, map->ranges[i].bytes, &bytes))
            return UINT64_MAX;
    return bytes;
}

static uint64_t usable_end(const struct raw_map *map)
{
    uint64_t last = 0, end;

    for (uint64_t i = 0; i < map->count; i++)
        if (map->ranges[i].type == LINTEL_MEMORY_USABLE &&
            !add_wraps(map->ranges[i].base, map->ranges[i].bytes, &end))
            last = MAX(last, end);
    return last;
}

enum err machine_make(const struct machine_wish *wish, struct facts *facts)
{
    *facts = (struct facts){
        .origin.disk = -1,
        .cpu = {.vendor = "of --cpu",
                .physical_bits = DEFAULT_PHYSICAL_BITS,
                .linear_bits = 48,
                .features = ALL_FEATURES & ~wish->lacks},
    };
    TRY(make_map(wish, facts));
    /* Maps that are made to test have less than the loader itself. */
    host_limit_memory(MAX(usable_bytes(&facts->map), UEFI_LOADER_BYTES));
    if (wish->physical_bits)
        facts->cpu.physical_bits = wish->physical_bits;
    facts->map.capacity = facts->map.count + SPARE_RANGES;
    if (facts->firmware == LINTEL_FIRMWARE_UEFI) {
        facts->map.efi = facts->map.ranges; /* there is one, which nobody reads here */
        facts->map.efi_descriptor_bytes = EFI_DESCRIPTOR_BYTES;
        facts->map.efi_capacity_bytes = facts->map.capacity * EFI_DESCRIPTOR_BYTES;
    }
    facts->reachable_end = MAX(usable_end(&facts->map), 4 * GIB);
    return OK;
}
