/* The machine as a Multiboot kernel sees it, in either version: memory, screen, boot drive. What
 * was loaded for it lies in available memory: the specifications leave it to the kernel to mind its
 * modules and this information. */
#include "common/lib/mem.h"
#include "common/memory/memmap.h"
#include "common/protocol/multiboot/multiboot.h"

#define LOWER_KIB_MAX 640

static enum multiboot_memory type_of(enum lintel_memory_type type)
{
    switch (type) {
    case LINTEL_MEMORY_USABLE:
    case LINTEL_MEMORY_RECLAIMABLE:
        return MULTIBOOT_AVAILABLE;
    case LINTEL_MEMORY_ACPI_RECLAIMABLE:
        return MULTIBOOT_ACPI;
    case LINTEL_MEMORY_ACPI_NVS:
        return MULTIBOOT_NVS;
    case LINTEL_MEMORY_BAD:
        return MULTIBOOT_BAD;
    default:
        return MULTIBOOT_RESERVED;
    }
}

/* Ranges that only Lintel tells apart become one. */
static enum err add(struct multiboot_map *map, const struct memmap_range *range)
{
    struct multiboot_range *last = map->count ? &map->ranges[map->count - 1] : NULL;
    enum multiboot_memory type = type_of(range->type);
    uint64_t bytes = range->last - range->first + 1;

    if (last && last->type == type && last->base + last->bytes == range->first) {
        last->bytes += bytes;
        return OK;
    }
    if (map->count == map->capacity)
        return bug("no room for %lu ranges", map->capacity + 1);
    map->ranges[map->count++] = (struct multiboot_range){range->first, bytes, type};
    return OK;
}

static enum err translate(const struct memmap *from, struct multiboot_map *map)
{
    map->count = 0;
    for (uint64_t i = 0; i < from->count; i++)
        TRY(add(map, &from->ranges[i]));
    return OK;
}

/* KiB of available memory from `from` on. Page 0 is the BIOS's, and counts as lower memory. */
static uint32_t kib_from(const struct multiboot_map *map, uint64_t from, uint64_t slack)
{
    for (uint64_t i = 0; i < map->count; i++) {
        const struct multiboot_range *range = &map->ranges[i];
        uint64_t end = range->base + range->bytes;
        if (range->type == MULTIBOOT_AVAILABLE && range->base <= from + slack && end > from + slack)
            return (uint32_t)MIN((end - from) / KIB, UINT32_MAX);
    }
    return 0;
}

/* The sizes are exact, from before the map gets whole pages: lower memory ends where the EBDA
 * begins, often at 639 KiB. */
enum err multiboot_make_map(struct multiboot_info *info, struct memmap *scratch)
{
    struct multiboot_map *map = &info->map;

    scratch->count = 0;
    TRY(memmap_insert_raw(scratch, &info->raw, info->facts->cpu.physical_bits));
    TRY(translate(scratch, map));
    map->lower_kib = MIN(kib_from(map, 0, PAGE_BYTES), LOWER_KIB_MAX);
    map->upper_kib = kib_from(map, MIB, 0);
    TRY(memmap_normalise(scratch));
    return translate(scratch, map);
}

/* A text screen's sizes are in characters. */
bool multiboot_describe_screen(const struct multiboot_info *info, struct multiboot_screen *screen)
{
    *screen = (struct multiboot_screen){0xb8000, 160, 80, 25, 16, MULTIBOOT_TEXT, {0}};
    if (!info->video)
        return info->text_screen;
    const struct lintel_framebuffer *fb = &info->video->fb;
    *screen = (struct multiboot_screen){
        .base = fb->base_physical,
        .pitch = fb->pitch,
        .width = fb->width,
        .height = fb->height,
        .bits_per_pixel = fb->bits_per_pixel,
        .type = MULTIBOOT_RGB,
        .colours = {fb->red_shift, fb->red_bits, fb->green_shift, fb->green_bits, fb->blue_shift,
                    fb->blue_bits},
    };
    return true;
}

int32_t multiboot_bios_drive(const struct multiboot_info *info)
{
    const struct disk *disk = info->volume->disk;
    if (info->facts->firmware != LINTEL_FIRMWARE_BIOS || disk->medium == LINTEL_MEDIUM_NETWORK)
        return -1;
    return (int32_t)(disk->handle & 0xff);
}
