/* The Multiboot2 information (Multiboot2 Specification 2.0, 3.6). */
#include "common/lib/mem.h"
#include "common/protocol/multiboot/multiboot.h"

enum tag_type {
    TAG_END,
    TAG_COMMAND_LINE,
    TAG_LOADER_NAME,
    TAG_MODULE,
    TAG_BASIC_MEMORY,
    TAG_BOOT_DEVICE,
    TAG_MEMORY_MAP,
    TAG_VBE,
    TAG_FRAMEBUFFER,
    TAG_SECTIONS,
    TAG_APM,
    TAG_EFI32_SYSTEM_TABLE, /* Lintel is not made for 32-bit firmware */
    TAG_EFI64_SYSTEM_TABLE,
    TAG_SMBIOS,
    TAG_RSDP_1,
    TAG_RSDP_2,
    TAG_NETWORK,
    TAG_EFI_MAP,
    TAG_EFI_SERVICES,
    TAG_EFI32_IMAGE,
    TAG_EFI64_IMAGE,
    TAG_LOAD_BASE
};

#define FIXED_BYTES      8u
#define TAG_HEADER_BYTES 8u
#define TAG_ALIGNMENT    8u
#define NO_PARTITION     UINT32_MAX

/* Appends a tag with `bytes` zeroed bytes behind its type and size. */
static enum err add(struct buffer *buffer, enum tag_type type, uint64_t bytes, uint8_t **body)
{
    uint32_t size = (uint32_t)(TAG_HEADER_BYTES + bytes);
    uint8_t *tag;

    if (bytes > UINT32_MAX / 2)
        return fail(ERR_UNSUPPORTED, "Multiboot2 tag %u has %lu bytes", type, bytes);
    TRY(buffer_take_aligned(buffer, align_up(size, TAG_ALIGNMENT), TAG_ALIGNMENT, (void **)&tag));
    memcpy(tag, &(const uint32_t[]){type, size}, TAG_HEADER_BYTES);
    *body = tag + TAG_HEADER_BYTES;
    return OK;
}

static enum err add_copy(struct buffer *buffer, enum tag_type type, const void *from,
                         uint64_t bytes)
{
    uint8_t *body = NULL;
    TRY(add(buffer, type, bytes, &body));
    memcpy(body, from, bytes);
    return OK;
}

static enum err add_empty(struct buffer *buffer, enum tag_type type)
{
    uint8_t *body;
    return add(buffer, type, 0, &body);
}

static enum err add_text(struct buffer *buffer, enum tag_type type, const char *text)
{
    return add_copy(buffer, type, text, strlen(text) + 1);
}

/* A fixed part, and then bytes of another place. */
static enum err add_joined(struct buffer *buffer, enum tag_type type, const void *fixed,
                           uint64_t fixed_bytes, const void *rest, uint64_t rest_bytes)
{
    uint8_t *body = NULL;
    TRY(add(buffer, type, fixed_bytes + rest_bytes, &body));
    memcpy(body, fixed, fixed_bytes);
    if (!buffer_counts(buffer)) /* of a firmware's map less may be there than is counted */
        memcpy(body + fixed_bytes, rest, rest_bytes);
    return OK;
}

/* ---- files and memory ------------------------------------------------------------------------ */

static enum err add_modules(struct buffer *buffer, const struct multiboot_info *info)
{
    for (uint64_t i = 0; i < info->module_count; i++) {
        const struct multiboot_module *module = &info->modules[i];
        const uint32_t range[] = {module->first, module->end};
        TRY(add_joined(buffer, TAG_MODULE, range, sizeof range, module->text,
                       strlen(module->text) + 1));
    }
    return OK;
}

static enum err add_sections(struct buffer *buffer, const struct multiboot_info *info)
{
    const struct multiboot_symbols *symbols = &info->symbols;
    const uint32_t fixed[] = {symbols->count, symbols->each_bytes, symbols->names};
    if (!symbols->count)
        return OK;
    return add_joined(buffer, TAG_SECTIONS, fixed, sizeof fixed, symbols->headers,
                      (uint64_t)symbols->count * symbols->each_bytes);
}

struct map_entry {
    uint64_t base, bytes;
    uint32_t type, reserved;
};

static enum err add_memory_map(struct buffer *buffer, const struct multiboot_map *map)
{
    const uint32_t fixed[] = {sizeof(struct map_entry), 0 /* version */};
    uint8_t *body = NULL;

    TRY(add(buffer, TAG_MEMORY_MAP, sizeof fixed + map->count * sizeof(struct map_entry), &body));
    memcpy(body, fixed, sizeof fixed);
    for (uint64_t i = 0; i < map->count; i++) {
        const struct multiboot_range *range = &map->ranges[i];
        const struct map_entry entry = {range->base, range->bytes, range->type, 0};
        memcpy(body + sizeof fixed + i * sizeof entry, &entry, sizeof entry);
    }
    return OK;
}

static enum err add_efi_map(struct buffer *buffer, const struct raw_map *raw)
{
    const uint32_t fixed[] = {raw->efi_descriptor_bytes, raw->efi_descriptor_version};
    if (!raw->efi)
        return OK;
    return add_joined(buffer, TAG_EFI_MAP, fixed, sizeof fixed, raw->efi, raw->efi_bytes);
}

/* While boot services are alive any map is out of date when the kernel reads it, and the
 * specification allows to leave these out (3.6.3, 3.6.8, 3.6.19). */
static enum err add_memory(struct buffer *buffer, const struct multiboot_info *info)
{
    const uint32_t basic[] = {info->map.lower_kib, info->map.upper_kib};
    if (info->efi_services)
        return OK;
    TRY(add_copy(buffer, TAG_BASIC_MEMORY, basic, sizeof basic));
    TRY(add_memory_map(buffer, &info->map));
    return add_efi_map(buffer, &info->raw);
}

/* ---- the screen ------------------------------------------------------------------------------ */

struct __attribute__((packed)) framebuffer_tag {
    uint64_t base;
    uint32_t pitch, width, height;
    uint8_t bits_per_pixel, type;
    uint16_t reserved;
    uint8_t colours[6]; /* RGB only */
};

static enum err add_framebuffer(struct buffer *buffer, const struct multiboot_screen *screen)
{
    struct framebuffer_tag tag = {
        .base = screen->base,
        .pitch = screen->pitch,
        .width = screen->width,
        .height = screen->height,
        .bits_per_pixel = screen->bits_per_pixel,
        .type = screen->type,
    };
    memcpy(tag.colours, screen->colours, sizeof tag.colours);
    return add_copy(buffer, TAG_FRAMEBUFFER, &tag,
                    screen->type == MULTIBOOT_RGB ? sizeof tag
                                                  : offsetof(struct framebuffer_tag, colours));
}

_Static_assert(sizeof(struct vbe) == 776, "3.6.11");

static enum err add_screen(struct buffer *buffer, const struct multiboot_info *info)
{
    struct multiboot_screen screen;
    if (info->video && info->video->vbe)
        TRY(add_copy(buffer, TAG_VBE, info->video->vbe, sizeof *info->video->vbe));
    return multiboot_describe_screen(info, &screen) ? add_framebuffer(buffer, &screen) : OK;
}

/* ---- the firmware ---------------------------------------------------------------------------- */

static enum err add_boot_device(struct buffer *buffer, const struct multiboot_info *info)
{
    int32_t drive = multiboot_bios_drive(info);
    uint32_t number = info->volume->number;
    const uint32_t device[] = {(uint32_t)drive, number ? number - 1 : NO_PARTITION, NO_PARTITION};
    return drive < 0 ? OK : add_copy(buffer, TAG_BOOT_DEVICE, device, sizeof device);
}

/* A copy of an entry point; the major and minor version stand in it, and its length. */
static enum err add_smbios(struct buffer *buffer, uint64_t physical, uint32_t version_at,
                           uint32_t length_at)
{
    const uint8_t *entry = at_physical(physical);
    if (!physical)
        return OK;
    const uint8_t fixed[8] = {entry[version_at], entry[version_at + 1]};
    return add_joined(buffer, TAG_SMBIOS, fixed, sizeof fixed, entry, entry[length_at]);
}

#define RSDP_1_BYTES   20u
#define RSDP_BYTES_MAX 256u
#define RSDP_REVISION  15
#define RSDP_RSDT      16
#define RSDP_LENGTH    20

/* A newer one begins as that of ACPI 1.0 does, for kernels that know only this. */
static enum err add_rsdp(struct buffer *buffer, uint64_t physical)
{
    const uint8_t *rsdp = at_physical(physical);
    if (!physical)
        return OK;
    if (load32(rsdp + RSDP_RSDT))
        TRY(add_copy(buffer, TAG_RSDP_1, rsdp, RSDP_1_BYTES));
    if (rsdp[RSDP_REVISION] < 2)
        return OK;
    return add_copy(buffer, TAG_RSDP_2, rsdp, MIN(load32(rsdp + RSDP_LENGTH), RSDP_BYTES_MAX));
}

static enum err add_tables(struct buffer *buffer, const struct facts *facts)
{
    TRY(add_smbios(buffer, facts->smbios, 6, 5));
    TRY(add_smbios(buffer, facts->smbios3, 7, 6));
    TRY(add_rsdp(buffer, facts->rsdp));
    if (facts->origin.dhcp_ack_bytes)
        TRY(add_copy(buffer, TAG_NETWORK, facts->origin.dhcp_ack, facts->origin.dhcp_ack_bytes));
    return OK;
}

static enum err add_efi(struct buffer *buffer, const struct multiboot_info *info)
{
    const struct facts *facts = info->facts;
    if (facts->firmware != LINTEL_FIRMWARE_UEFI)
        return OK;
    TRY(add_copy(buffer, TAG_EFI64_SYSTEM_TABLE, &facts->efi_system_table, 8));
    TRY(add_copy(buffer, TAG_EFI64_IMAGE, &facts->efi_image_handle, 8));
    return info->efi_services ? add_empty(buffer, TAG_EFI_SERVICES) : OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static enum err add_all(struct buffer *buffer, const struct multiboot_info *info)
{
    TRY(add_text(buffer, TAG_COMMAND_LINE, info->options));
    TRY(add_text(buffer, TAG_LOADER_NAME, MULTIBOOT_LOADER_NAME));
    TRY(add_modules(buffer, info));
    TRY(add_boot_device(buffer, info));
    TRY(add_memory(buffer, info));
    TRY(add_screen(buffer, info));
    TRY(add_sections(buffer, info));
    if (info->apm)
        TRY(add_copy(buffer, TAG_APM, info->apm, sizeof *info->apm));
    TRY(add_tables(buffer, info->facts));
    TRY(add_efi(buffer, info));
    if (info->relocated)
        TRY(add_copy(buffer, TAG_LOAD_BASE, &info->load_base, 4));
    return add_empty(buffer, TAG_END);
}

enum err multiboot2_build(const struct multiboot_info *info, struct buffer *buffer, void **out)
{
    uint64_t begin = align_up(buffer->next, TAG_ALIGNMENT);

    TRY(buffer_take_aligned(buffer, FIXED_BYTES, TAG_ALIGNMENT, out));
    TRY(add_all(buffer, info));
    const uint32_t total = (uint32_t)(buffer->next - begin);
    memcpy(*out, &total, sizeof total);
    return OK;
}
