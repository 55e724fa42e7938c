#include "test/kernels/common/arrival.h"
#include "test/kernels/multiboot2/information.h"

#define PAGE 4096u

static uint32_t module_count;

void take_module(const struct tag *tag)
{
    uint32_t first = tag->words[0], end = tag->words[1];
    print("module %u: at=%x bytes=%u crc32=%x text=%s|\n", module_count++, first, end - first,
          crc32(at(first), end - first), (const char *)&tag->words[2]);
    check(first % PAGE == 0, "modules are page-aligned");
    check(first <= end && (end <= (uintptr_t)image_start || first >= (uintptr_t)image_end),
          "modules lie outside of the kernel");
}

struct range {
    uint64_t base, bytes;
    uint32_t type, reserved;
};

static bool is_in(const struct range *range, uint64_t address)
{
    return range->type == 1 && address >= range->base && address - range->base < range->bytes;
}

void take_memory_map(const struct tag *tag)
{
    uint32_t each = tag->words[0], ours = 0;
    uint64_t next = 0;

    check(each == sizeof(struct range) && tag->words[1] == 0, "map: entries of version 0");
    for (uint32_t at_byte = 16; at_byte + each <= tag->size; at_byte += each) {
        const struct range *range = (const struct range *)((const uint8_t *)tag + at_byte);
        print("range: %X %X %u\n", range->base, range->bytes, range->type);
        check(range->base >= next && range->bytes, "the map is sorted and without overlaps");
        check(range->type >= 1 && range->type <= 5 && !range->reserved, "types are 1 to 5");
        next = range->base + range->bytes;
        ours += is_in(range, (uintptr_t)image_start);
        ours += is_in(range, (uintptr_t)image_end - 1);
    }
    check(ours == 2, "the kernel lies in available memory");
}

/* ---- ELF section headers --------------------------------------------------------------------- */

#define SHT_SYMTAB 2
#define SHT_STRTAB 3

struct section {
    uint32_t name, type, link;
    uint64_t address, bytes;
};

static struct section section_at(const struct tag *tag, uint32_t index)
{
    const uint32_t *header = tag->words + 3 + index * (tag->words[1] / 4);
    if (tag->words[1] == 64) /* ELF64 */
        return (struct section){header[0], header[1], header[10],
                                header[4] | (uint64_t)header[5] << 32,
                                header[8] | (uint64_t)header[9] << 32};
    return (struct section){header[0], header[1], header[6], header[3], header[5]};
}

/* Symbols by the names that they have in the strings: as a debugger would look for them. */
static bool find_symbol(const struct tag *tag, const struct section *symbols, const char *name)
{
    struct section strings = section_at(tag, symbols->link);
    uint32_t each = tag->words[1] == 64 ? 24 : 16;
    for (uint32_t i = 0; i + each <= symbols->bytes; i += each) {
        uint32_t name_at = *(const uint32_t *)at(symbols->address + i);
        if (name_at < strings.bytes && same_text(at(strings.address + name_at), name))
            return true;
    }
    return false;
}

void take_sections(const struct tag *tag)
{
    uint32_t count = tag->words[0];
    bool found = false;

    print("sections: %u of %u bytes\n", count, tag->words[1]);
    check(tag->size == 20 + count * tag->words[1] && tag->words[2] < count,
          "sections: sizes fit each other");
    for (uint32_t i = 0; i < count; i++) {
        struct section section = section_at(tag, i);
        if (section.type == SHT_SYMTAB)
            found |= find_symbol(tag, &section, "take_sections");
    }
    check(found, "this function is among the symbols");
    check(
        same_text(at(section_at(tag, tag->words[2]).address + section_at(tag, 1).name), ".header"),
        "the first section's name is .header");
}
