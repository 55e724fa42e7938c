/* The Multiboot information structure (Multiboot Specification 0.6.96, 3.3). */
#include "common/lib/mem.h"
#include "common/protocol/multiboot/multiboot.h"

#define HAS_MEMORY      0x0001u
#define HAS_BOOT_DEVICE 0x0002u
#define HAS_OPTIONS     0x0004u
#define HAS_MODULES     0x0008u
#define HAS_SECTIONS    0x0020u
#define HAS_MAP         0x0040u
#define HAS_LOADER_NAME 0x0200u
#define HAS_APM         0x0400u
#define HAS_VBE         0x0800u
#define HAS_FRAMEBUFFER 0x1000u

struct information {
    uint32_t flags;
    uint32_t lower_kib, upper_kib;
    uint32_t boot_device; /* drive in the high byte, then three levels of partitions */
    uint32_t options;
    uint32_t module_count, modules;
    uint32_t section_count, section_bytes, sections, section_names;
    uint32_t map_bytes, map;
    uint32_t drives_bytes, drives, configuration;
    uint32_t loader_name;
    uint32_t apm;
    uint32_t vbe_control, vbe_mode_info;
    uint16_t vbe_mode, vbe_interface_segment, vbe_interface_offset, vbe_interface_bytes;
    uint64_t framebuffer;
    uint32_t pitch, width, height;
    uint8_t bits_per_pixel, framebuffer_type;
    uint8_t colours[6];
};

_Static_assert(offsetof(struct information, colours) == 110, "3.3");
_Static_assert(sizeof(struct apm) == 20, "3.3");

struct module_entry {
    uint32_t first, end, text, reserved;
};

struct __attribute__((packed)) map_entry {
    uint32_t size; /* of what follows */
    uint64_t base, bytes;
    uint32_t type;
};

/* The kernel reads at physical addresses, below 4 GiB. */
static uint32_t address_of(const void *pointer)
{
    return (uint32_t)(uintptr_t)pointer;
}

static enum err take(struct buffer *buffer, uint64_t bytes, void **out)
{
    return buffer_take_aligned(buffer, bytes, 4, out);
}

static enum err copy(struct buffer *buffer, const void *from, uint64_t bytes, uint32_t *address)
{
    const void *to;
    TRY(buffer_copy(buffer, from, bytes, &to));
    *address = address_of(to);
    return OK;
}

static enum err copy_text(struct buffer *buffer, const char *text, uint32_t *address)
{
    return copy(buffer, text, strlen(text) + 1, address);
}

/* ---- parts ----------------------------------------------------------------------------------- */

static enum err add_modules(struct buffer *buffer, const struct multiboot_info *info,
                            struct information *to)
{
    struct module_entry *entries = NULL;
    TRY(take(buffer, info->module_count * sizeof *entries, (void **)&entries));
    for (uint64_t i = 0; i < info->module_count; i++) {
        entries[i].first = info->modules[i].first;
        entries[i].end = info->modules[i].end;
        TRY(copy_text(buffer, info->modules[i].text, &entries[i].text));
    }
    to->flags |= HAS_MODULES;
    to->module_count = (uint32_t)info->module_count;
    to->modules = address_of(entries);
    return OK;
}

static enum err add_memory(struct buffer *buffer, const struct multiboot_map *map,
                           struct information *to)
{
    struct map_entry *entries = NULL;
    TRY(take(buffer, map->count * sizeof *entries, (void **)&entries));
    for (uint64_t i = 0; i < map->count; i++) {
        const struct multiboot_range *range = &map->ranges[i];
        entries[i] =
            (struct map_entry){sizeof *entries - 4, range->base, range->bytes, range->type};
    }
    to->flags |= HAS_MEMORY | HAS_MAP;
    to->lower_kib = map->lower_kib;
    to->upper_kib = map->upper_kib;
    to->map = address_of(entries);
    to->map_bytes = (uint32_t)(map->count * sizeof *entries);
    return OK;
}

static enum err add_sections(struct buffer *buffer, const struct multiboot_symbols *symbols,
                             struct information *to)
{
    if (!symbols->count)
        return OK;
    to->flags |= HAS_SECTIONS;
    to->section_count = symbols->count;
    to->section_bytes = symbols->each_bytes;
    to->section_names = symbols->names;
    return copy(buffer, symbols->headers, (uint64_t)symbols->count * symbols->each_bytes,
                &to->sections);
}

static enum err add_vbe(struct buffer *buffer, const struct vbe *vbe, struct information *to)
{
    to->flags |= HAS_VBE;
    to->vbe_mode = vbe->mode;
    to->vbe_interface_segment = vbe->interface_segment;
    to->vbe_interface_offset = vbe->interface_offset;
    to->vbe_interface_bytes = vbe->interface_bytes;
    TRY(copy(buffer, vbe->control, sizeof vbe->control, &to->vbe_control));
    return copy(buffer, vbe->mode_info, sizeof vbe->mode_info, &to->vbe_mode_info);
}

static enum err add_screen(struct buffer *buffer, const struct multiboot_info *info,
                           struct information *to)
{
    struct multiboot_screen screen;
    if (multiboot_describe_screen(info, &screen)) {
        to->flags |= HAS_FRAMEBUFFER;
        to->framebuffer = screen.base;
        to->pitch = screen.pitch;
        to->width = screen.width;
        to->height = screen.height;
        to->bits_per_pixel = screen.bits_per_pixel;
        to->framebuffer_type = screen.type;
        memcpy(to->colours, screen.colours, sizeof to->colours);
    }
    return info->video && info->video->vbe ? add_vbe(buffer, info->video->vbe, to) : OK;
}

static void describe_boot_device(const struct multiboot_info *info, struct information *to)
{
    int32_t drive = multiboot_bios_drive(info);
    uint32_t partition = info->volume->number ? (info->volume->number - 1) & 0xff : 0xff;
    if (drive < 0)
        return;
    to->flags |= HAS_BOOT_DEVICE;
    to->boot_device = (uint32_t)drive << 24 | partition << 16 | 0xffff;
}

/* ---- all of it ------------------------------------------------------------------------------- */

enum err multiboot1_build(const struct multiboot_info *info, struct buffer *buffer, void **out)
{
    struct information *information = NULL;

    TRY(take(buffer, sizeof *information, (void **)&information));
    TRY(copy_text(buffer, info->options, &information->options));
    TRY(copy_text(buffer, MULTIBOOT_LOADER_NAME, &information->loader_name));
    information->flags |= HAS_OPTIONS | HAS_LOADER_NAME;
    TRY(add_modules(buffer, info, information));
    TRY(add_memory(buffer, &info->map, information));
    TRY(add_sections(buffer, &info->symbols, information));
    if (info->apm) {
        information->flags |= HAS_APM;
        TRY(copy(buffer, info->apm, sizeof *info->apm, &information->apm));
    }
    TRY(add_screen(buffer, info, information));
    describe_boot_device(info, information);
    *out = information;
    return OK;
}
