/* A Multiboot kernel that checks all it was handed from inside, and prints it for the test. */
#include "test/kernels/common/arrival.h"
#include "test/kernels/common/text.h"

#define MAGIC 0x2badb002u

#define MEMORY      0x0001u
#define BOOT_DEVICE 0x0002u
#define OPTIONS     0x0004u
#define MODULES     0x0008u
#define SECTIONS    0x0020u
#define MAP         0x0040u
#define LOADER_NAME 0x0200u
#define APM         0x0400u
#define VBE         0x0800u
#define FRAMEBUFFER 0x1000u

/* Multiboot Specification 0.6.96, 3.3: 32-bit words, but for the end. */
struct information {
    uint32_t flags;
    uint32_t lower_kib, upper_kib;
    uint32_t boot_device;
    uint32_t options;
    uint32_t module_count, modules;
    uint32_t section_count, section_bytes, sections, section_names;
    uint32_t map_bytes, map;
    uint32_t drives_bytes, drives;
    uint32_t configuration;
    uint32_t loader_name;
    uint32_t apm;
    uint32_t vbe_control, vbe_mode_info;
    uint16_t vbe_mode, vbe_interface[3];
    uint32_t framebuffer[2];
    uint32_t pitch, width, height;
    uint8_t bits_per_pixel, type, colours[6];
};

static void check_modules(const struct information *info)
{
    const uint32_t *module = at(info->modules);
    for (uint32_t i = 0; i < info->module_count; i++, module += 4) {
        uint32_t bytes = module[1] - module[0];
        print("module %u: at=%x bytes=%u crc32=%x text=%s|\n", i, module[0], bytes,
              crc32(at(module[0]), bytes), (const char *)at(module[2]));
        check(module[0] % 4096 == 0 && module[3] == 0, "modules are page-aligned");
        check(module[1] <= (uintptr_t)image_start || module[0] >= (uintptr_t)image_end,
              "modules lie outside of the kernel");
    }
}

/* An entry's size, which stands before it, does not count itself. */
static void check_map(const struct information *info)
{
    bool ours = false;
    uint64_t next = 0;
    for (uint32_t offset = 0; offset + 24 <= info->map_bytes;) {
        const uint32_t *entry = at(info->map + offset);
        uint64_t base = entry[1] | (uint64_t)entry[2] << 32;
        uint64_t bytes = entry[3] | (uint64_t)entry[4] << 32;
        uint64_t start = (uintptr_t)image_start;
        print("range: %X %X %u\n", base, bytes, entry[5]);
        check(base >= next && entry[5] >= 1 && entry[5] <= 5, "the map is sorted");
        next = base + bytes;
        ours |= entry[5] == 1 && start >= base && start < next;
        offset += entry[0] + 4;
    }
    check(ours, "the kernel lies in available memory");
}

static void check_screen(const struct information *info)
{
    print("framebuffer: base=%x pitch=%u %ux%u bpp=%u type=%u\n", info->framebuffer[0], info->pitch,
          info->width, info->height, info->bits_per_pixel, info->type);
    check(info->type == 1 ? info->pitch >= info->width * (info->bits_per_pixel / 8)
                          : info->type == 2 && info->framebuffer[0] == 0xb8000,
          "framebuffer: RGB or text");
    if (!(info->flags & VBE))
        return;
    const uint8_t *mode = at(info->vbe_mode_info);
    print("vbe: mode=%x pixels=%ux%u\n", info->vbe_mode, mode[18] | mode[19] << 8,
          mode[20] | mode[21] << 8);
    check(same(at(info->vbe_control), "VESA", 4), "VBE: the signature");
}

/* Symbol tables (type 2) begin with an empty symbol of 16 bytes. */
static void check_sections(const struct information *info)
{
    const uint32_t *header = at(info->sections);
    bool found = false;
    for (uint32_t i = 0; i < info->section_count; i++, header += 10)
        found |= header[1] == 2 && header[3] && *(uint32_t *)at(header[3] + 4) == 0;
    print("sections: %u of %u bytes\n", info->section_count, info->section_bytes);
    check(found && info->section_names < info->section_count, "sections: with symbols");
}

static void check_information(const struct information *info)
{
    uint32_t always = MEMORY | OPTIONS | MODULES | MAP | LOADER_NAME | FRAMEBUFFER;
    print("flags: %x\n", info->flags);
    check((info->flags & always) == always, "what every machine has is there");
    print("command line: %s|\n", (const char *)at(info->options));
    print("loader: %s\n", (const char *)at(info->loader_name));
    print("memory: lower=%u upper=%u\n", info->lower_kib, info->upper_kib);
    check_modules(info);
    check_map(info);
    check_screen(info);
    if (info->flags & BOOT_DEVICE)
        print("boot device: %x\n", info->boot_device);
    if (info->flags & SECTIONS)
        check_sections(info);
    if (info->flags & APM)
        print("apm: %x\n", *(const uint16_t *)at(info->apm));
}

int main(void)
{
    print("\n");
    check_arrival();
    check(arrival.magic == MAGIC, "EAX is 2BADB002h");
    if (arrival.magic == MAGIC)
        check_information(at(arrival.information));
    finish("multiboot1");
}
