/* The Multiboot header (Multiboot Specification 0.6.96, 3.1). */
#include "common/lib/mem.h"
#include "common/protocol/multiboot/multiboot.h"

#define MAGIC           0x1badb002u
#define FIXED_BYTES     12u
#define ADDRESSES_END   32u
#define VIDEO_END       48u
#define FLAG_PAGES      0x00001u /* modules on page boundaries: always so */
#define FLAG_MEMORY     0x00002u /* memory information: always there */
#define FLAG_VIDEO      0x00004u
#define FLAG_ADDRESSES  0x10000u
#define FLAGS_REQUIRED  0x0ffffu /* the rest may be ignored */
#define LINEAR_GRAPHICS 0u

static uint64_t header_bytes(const uint8_t *at)
{
    uint32_t flags = load32(at + 4);
    if (flags & FLAG_VIDEO)
        return VIDEO_END;
    return flags & FLAG_ADDRESSES ? ADDRESSES_END : FIXED_BYTES;
}

static const uint8_t *find(const uint8_t *head, uint64_t bytes)
{
    bytes = MIN(bytes, MULTIBOOT1_SEARCH_BYTES);
    for (uint64_t at = 0; at + FIXED_BYTES <= bytes; at += 4)
        if (load32(head + at) == MAGIC &&
            load32(head + at) + load32(head + at + 4) + load32(head + at + 8) == 0 &&
            header_bytes(head + at) <= bytes - at)
            return head + at;
    return NULL;
}

bool multiboot1_recognise(const uint8_t *head, uint64_t bytes)
{
    return find(head, bytes) != NULL;
}

enum err multiboot1_parse(const uint8_t *head, uint64_t bytes, const char *name,
                          struct multiboot_header *header)
{
    const uint8_t *at = find(head, bytes);
    if (!at)
        return fail(ERR_FORMAT,
                    "%s: no Multiboot header, aligned to 4 bytes and with a right checksum, in its "
                    "first 8 KiB",
                    name);
    uint32_t flags = load32(at + 4);
    uint32_t unknown = flags & FLAGS_REQUIRED & ~(FLAG_PAGES | FLAG_MEMORY | FLAG_VIDEO);
    if (unknown)
        return fail(ERR_UNSUPPORTED,
                    "%s: its Multiboot header requires flag %u, which Lintel does not know", name,
                    (uint32_t)__builtin_ctz(unknown));

    *header = (struct multiboot_header){.version = 1, .offset = (uint64_t)(at - head)};
    if (flags & FLAG_ADDRESSES) {
        header->has_addresses = header->has_entry = true;
        header->header_address = load32(at + 12);
        header->load_address = load32(at + 16);
        header->load_end = load32(at + 20);
        header->bss_end = load32(at + 24);
        header->entry = load32(at + 28);
    }
    if (flags & FLAG_VIDEO && load32(at + 32) == LINEAR_GRAPHICS) {
        header->wants_framebuffer = true;
        header->width = load32(at + 36);
        header->height = load32(at + 40);
    }
    return OK;
}
