/* A small PE32+ file in memory, section by section. */
#pragma once

#include "common/format/pe.h"
#include "common/lib/mem.h"

#define PE_AT           0x80 /* the signature */
#define OPTIONAL_AT     (PE_AT + 24)
#define OPTIONAL_BYTES  240
#define SECTIONS_AT     (OPTIONAL_AT + OPTIONAL_BYTES)
#define ROW_BYTES       40
#define HEADERS_BYTES   0x400
#define PE_SECTION_ROOM 0x200
#define PE_IMAGE_ROOM   0x4000

static uint8_t pe_bytes[PE_IMAGE_ROOM];
static uint64_t pe_size;

static inline void pe_store(uint64_t at, uint64_t value, int width)
{
    for (int i = 0; i < width; i++)
        pe_bytes[at + (uint64_t)i] = (uint8_t)(value >> 8 * i);
}

static inline void pe_begin(void)
{
    memset(pe_bytes, 0, sizeof pe_bytes);
    memcpy(pe_bytes, "MZ", 2);
    pe_store(0x3c, PE_AT, 4);
    memcpy(pe_bytes + PE_AT, "PE\0\0", 4);
    pe_store(PE_AT + 4, 0x8664, 2);
    pe_store(PE_AT + 20, OPTIONAL_BYTES, 2);
    pe_store(OPTIONAL_AT, 0x20b, 2);
    pe_store(OPTIONAL_AT + 16, 0x1000, 4); /* AddressOfEntryPoint */
    pe_store(OPTIONAL_AT + 56, 0x1000, 4); /* SizeOfImage */
    pe_store(OPTIONAL_AT + 60, HEADERS_BYTES, 4);
    pe_store(OPTIONAL_AT + 68, PE_EFI_APPLICATION, 2);
    pe_size = HEADERS_BYTES;
}

/* Where the row of the index-th section lies. */
static inline uint64_t pe_row(uint64_t index)
{
    return SECTIONS_AT + index * ROW_BYTES;
}

static inline void pe_add(const char *name, const void *contents, uint64_t bytes)
{
    uint64_t count = load16(pe_bytes + PE_AT + 6), row = pe_row(count);
    uint64_t virtual = load32(pe_bytes + OPTIONAL_AT + 56); /* SizeOfImage */
    uint64_t room = align_up(MAX(bytes, 1), PE_SECTION_ROOM);

    memcpy(pe_bytes + row, name, MIN(strlen(name), (size_t)8));
    pe_store(row + 8, bytes, 4);    /* VirtualSize */
    pe_store(row + 12, virtual, 4); /* VirtualAddress */
    pe_store(row + 16, room, 4);    /* SizeOfRawData */
    pe_store(row + 20, pe_size, 4); /* PointerToRawData */
    pe_store(PE_AT + 6, count + 1, 2);
    pe_store(OPTIONAL_AT + 56, virtual + align_up(room, 0x1000), 4);
    memcpy(pe_bytes + pe_size, contents, bytes);
    pe_size += room;
}

static inline void pe_add_text(const char *name, const char *text)
{
    pe_add(name, text, strlen(text));
}
