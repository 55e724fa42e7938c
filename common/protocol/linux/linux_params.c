/* What stands in the boot parameters ("zero page") that Linux is given? */
#include "common/protocol/linux/linux_params.h"
#include "common/lib/mem.h"

/* Offsets in the boot parameters. */
#define CURSOR_LINE      0x001u
#define EXT_MEM_K        0x002u
#define VIDEO_MODE       0x006u
#define VIDEO_COLUMNS    0x007u
#define VIDEO_LINES      0x00eu
#define VIDEO_TYPE       0x00fu
#define VIDEO_POINTS     0x010u
#define LFB_WIDTH        0x012u
#define LFB_HEIGHT       0x014u
#define LFB_DEPTH        0x016u
#define LFB_BASE         0x018u
#define LFB_SIZE         0x01cu
#define LFB_PITCH        0x024u
#define LFB_COLORS       0x026u /* size and position of red, green, blue, and the rest */
#define VESA_PM_OFFSET   0x02eu
#define VESA_PM_SEGMENT  0x030u
#define VESA_ATTRIBUTES  0x034u
#define LFB_CAPABILITIES 0x036u
#define LFB_BASE_HIGH    0x03au
#define ACPI_RSDP        0x070u
#define RAMDISK_HIGH     0x0c0u
#define RAMDISK_SIZE_HI  0x0c4u
#define CMD_LINE_HIGH    0x0c8u
#define EDID             0x140u
#define EDID_BYTES       128u
#define EFI_INFO         0x1c0u
#define ALT_MEM_K        0x1e0u
#define E820_ENTRIES     0x1e8u
#define E820_TABLE       0x2d0u
#define E820_ENTRIES_MAX 128u
#define E820_ENTRY_BYTES 20u

#define TYPE_VGA_TEXT 0x01u
#define TYPE_VESA     0x23u
#define TYPE_EFI      0x70u
#define CAPABILITY_64 0x02u /* the base has its higher half */

#define SETUP_E820_EXT    1u
#define SETUP_DATA_HEADER 16u /* next, type, length */

/* ---- memory ---------------------------------------------------------------------------------- */

/* ACPI 6.5, table 15.2. What Lintel or boot services used is free by now; a kernel reserves what it
 * was given by itself. */
static uint32_t e820_type(enum lintel_memory_type type)
{
    switch (type) {
    case LINTEL_MEMORY_USABLE:
    case LINTEL_MEMORY_RECLAIMABLE:
    case LINTEL_MEMORY_KERNEL:
        return 1;
    case LINTEL_MEMORY_ACPI_RECLAIMABLE:
        return 3;
    case LINTEL_MEMORY_ACPI_NVS:
        return 4;
    case LINTEL_MEMORY_BAD:
        return 5;
    case LINTEL_MEMORY_PERSISTENT:
        return 7;
    default:
        return 2;
    }
}

/* Neighbours that Linux does not tell apart are one entry. Returns the count; `to` NULL: only
 * counts. */
static uint64_t put_ranges(const struct memmap *map, uint64_t skip, uint64_t most, uint8_t *to)
{
    uint64_t count = 0, written = 0;

    for (uint64_t i = 0, next; i < map->count; i = next) {
        const struct memmap_range *ranges = map->ranges;
        uint32_t type = e820_type(ranges[i].type);
        for (next = i + 1; next < map->count && ranges[next].first == ranges[next - 1].last + 1 &&
                           e820_type(ranges[next].type) == type;)
            next++;
        if (count++ < skip || written == most)
            continue;
        uint8_t *entry = to + written++ * E820_ENTRY_BYTES;
        store_bytes(entry, ranges[i].first, 8);
        store_bytes(entry + 8, ranges[next - 1].last - ranges[i].first + 1, 8);
        store_bytes(entry + 16, type, 4);
    }
    return count;
}

uint64_t linux_more_bytes(uint64_t ranges)
{
    if (ranges <= E820_ENTRIES_MAX)
        return 0;
    return SETUP_DATA_HEADER + (ranges - E820_ENTRIES_MAX) * E820_ENTRY_BYTES;
}

/* The rest of a long map goes to a setup_data of its own, in front of those that the kernel may
 * have brought. */
static void fill_more(const struct linux_params *params, uint64_t count, uint8_t *page)
{
    uint8_t *more = at_physical(params->more_ranges);

    store_bytes(more, load64(page + LINUX_SETUP_DATA), 8);
    store_bytes(more + 8, SETUP_E820_EXT, 4);
    store_bytes(more + 12, count * E820_ENTRY_BYTES, 4);
    put_ranges(params->map, E820_ENTRIES_MAX, count, more + SETUP_DATA_HEADER);
    store_bytes(page + LINUX_SETUP_DATA, params->more_ranges, 8);
}

/* KiB from 1 MiB on, for kernels that don't read the E820 map. */
static uint64_t memory_above_1mib(const struct memmap *map)
{
    for (uint64_t i = 0; i < map->count; i++)
        if (map->ranges[i].first <= MIB && map->ranges[i].last > MIB &&
            map->ranges[i].type == LINTEL_MEMORY_USABLE)
            return (MIN(map->ranges[i].last, 4 * GIB) - MIB) / KIB;
    return 0;
}

static void fill_memory(const struct linux_params *params, uint8_t *page)
{
    uint64_t count = put_ranges(params->map, 0, E820_ENTRIES_MAX, page + E820_TABLE);
    uint64_t kib = memory_above_1mib(params->map);

    store_bytes(page + E820_ENTRIES, MIN(count, E820_ENTRIES_MAX), 1);
    if (count > E820_ENTRIES_MAX)
        fill_more(params, count - E820_ENTRIES_MAX, page);
    store_bytes(page + ALT_MEM_K, kib, 4);
    store_bytes(page + EXT_MEM_K, MIN(kib, 0xfc00u), 2);
}

/* ---- screen ---------------------------------------------------------------------------------- */

/* On the last line: what is there already moves up, and can still be read. */
static void fill_text_screen(uint8_t *page)
{
    store_bytes(page + CURSOR_LINE, 24, 1);
    store_bytes(page + VIDEO_MODE, 3, 1);
    store_bytes(page + VIDEO_COLUMNS, 80, 1);
    store_bytes(page + VIDEO_LINES, 25, 1);
    store_bytes(page + VIDEO_TYPE, TYPE_VGA_TEXT, 1);
    store_bytes(page + VIDEO_POINTS, 16, 2);
}

/* The bits that no colour has: above the highest. */
static void fill_colors(const struct lintel_framebuffer *fb, uint8_t *at)
{
    uint8_t highest = MAX(fb->red_shift + fb->red_bits, fb->green_shift + fb->green_bits);
    highest = MAX(highest, fb->blue_shift + fb->blue_bits);
    const uint8_t colors[8] = {
        fb->red_bits,
        fb->red_shift,
        fb->green_bits,
        fb->green_shift,
        fb->blue_bits,
        fb->blue_shift,
        (uint8_t)(fb->bits_per_pixel - highest),
        highest,
    };
    memcpy(at, colors, sizeof colors);
}

#define VBE_TOTAL_MEMORY 18u /* in struct vbe's control: in 64 KiB */

/* All of its memory, which the kernel's driver keeps others away from. */
static void fill_vesa(const struct vbe *vbe, uint64_t bytes, uint8_t *page)
{
    uint64_t blocks = (bytes + 64 * KIB - 1) / (64 * KIB);

    if (vbe) {
        blocks = MAX(blocks, load16(vbe->control + VBE_TOTAL_MEMORY));
        store_bytes(page + VESA_PM_OFFSET, vbe->interface_offset, 2);
        store_bytes(page + VESA_PM_SEGMENT, vbe->interface_segment, 2);
        memcpy(page + VESA_ATTRIBUTES, vbe->mode_info, 2);
    }
    store_bytes(page + LFB_SIZE, blocks, 4);
}

static void fill_framebuffer(const struct lintel_framebuffer *fb, bool efi, uint8_t *page)
{
    store_bytes(page + VIDEO_TYPE, efi ? TYPE_EFI : TYPE_VESA, 1);
    store_bytes(page + LFB_WIDTH, fb->width, 2);
    store_bytes(page + LFB_HEIGHT, fb->height, 2);
    store_bytes(page + LFB_DEPTH, fb->bits_per_pixel, 2);
    store_bytes(page + LFB_BASE, fb->base_physical, 4);
    store_bytes(page + LFB_BASE_HIGH, fb->base_physical >> 32, 4);
    store_bytes(page + LFB_SIZE, fb->bytes, 4);
    store_bytes(page + LFB_PITCH, fb->pitch, 2);
    store_bytes(page + LFB_CAPABILITIES, fb->base_physical >> 32 ? CAPABILITY_64 : 0, 4);
    fill_colors(fb, page + LFB_COLORS);
}

static void fill_screen(const struct linux_params *params, uint8_t *page)
{
    bool efi = params->facts->firmware == LINTEL_FIRMWARE_UEFI;

    if (params->video) {
        fill_framebuffer(&params->video->fb, efi, page);
        if (!efi)
            fill_vesa(params->video->vbe, params->video->fb.bytes, page);
        if (params->video->fb.edid_bytes)
            memcpy(page + EDID, params->video->edid, EDID_BYTES);
    } else if (!efi) {
        fill_text_screen(page);
    }
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void fill_efi(const struct linux_params *params, uint8_t *efi)
{
    const struct raw_map *raw = params->raw;
    uint64_t system = params->facts->efi_system_table, map = (uintptr_t)raw->efi;

    if (!system || !map)
        return;
    memcpy(efi, "EL64", 4);
    store_bytes(efi + 4, system, 4);
    store_bytes(efi + 8, raw->efi_descriptor_bytes, 4);
    store_bytes(efi + 12, raw->efi_descriptor_version, 4);
    store_bytes(efi + 16, map, 4);
    store_bytes(efi + 20, raw->efi_bytes, 4);
    store_bytes(efi + 24, system >> 32, 4);
    store_bytes(efi + 28, map >> 32, 4);
}

static void fill_header(const struct linux_params *params, uint8_t *page)
{
    const struct linux_image *image = params->image;

    memcpy(page + LINUX_HEADER_AT, image->header + LINUX_HEADER_AT,
           LINUX_HEADER_END - LINUX_HEADER_AT);
    store_bytes(page + LINUX_TYPE_OF_LOADER, LINUX_UNASSIGNED_LOADER, 1);
    store_bytes(page + LINUX_CODE32_START, params->address + image->start, 4);
    store_bytes(page + LINUX_RAMDISK_IMAGE, params->initrd, 4);
    store_bytes(page + RAMDISK_HIGH, params->initrd >> 32, 4);
    store_bytes(page + LINUX_RAMDISK_SIZE, params->initrd_bytes, 4);
    store_bytes(page + RAMDISK_SIZE_HI, params->initrd_bytes >> 32, 4);
    store_bytes(page + LINUX_CMD_LINE_PTR, params->options, 4);
    store_bytes(page + CMD_LINE_HIGH, params->options >> 32, 4);
}

void linux_params_fill(const struct linux_params *params, uint8_t *page)
{
    memset(page, 0, LINUX_PARAMS_BYTES);
    fill_header(params, page);
    fill_memory(params, page);
    fill_screen(params, page);
    fill_efi(params, page + EFI_INFO);
    store_bytes(page + ACPI_RSDP, params->facts->rsdp, 8);
}
