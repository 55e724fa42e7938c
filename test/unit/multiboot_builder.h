/* Multiboot kernels made in memory, valid until a test spoils them. One file at a time. */
#pragma once

#include "common/lib/mem.h"
#include "common/protocol/multiboot/multiboot.h"
#include <stdio.h>
#include <string.h>

#define MB_BYTES    (64 * 1024)
#define MB_HEADER   0x200 /* where the header lies, unless a test moves it */
#define MB_CODE     0x1000
#define MB_PHYSICAL (UINT64_C(0x10000000) + 4 * MIB) /* in the fake machine's memory */
#define MB_VIRTUAL  0xc0000000u
#define MB_FILE     0x800 /* bytes of the segment in the file, and in memory */
#define MB_MEMORY   0x1800
#define MB_MAGIC    0xe85250d6u

static struct {
    uint8_t bytes[MB_BYTES] __attribute__((aligned(16)));
    uint64_t size;
    uint32_t header, length; /* offset and length of the header */
} mb;

static inline void mb_put(uint64_t at, uint64_t value, uint32_t bytes)
{
    memcpy(mb.bytes + at, &value, bytes);
}

/* ---- headers --------------------------------------------------------------------------------- */

static inline void mb_sum(void)
{
    const uint8_t *at = mb.bytes + mb.header;
    mb_put(mb.header + 8, mb.length, 4);
    mb_put(mb.header + 12, -(load32(at) + load32(at + 4) + mb.length), 4);
}

static inline void mb_header(uint32_t offset)
{
    mb.header = offset;
    mb.length = 16;
    mb_put(offset, MB_MAGIC, 4);
    mb_sum();
}

/* Appends a tag with 32-bit fields. */
static inline void mb_tag(uint16_t type, uint16_t flags, uint32_t count, const uint32_t *fields)
{
    uint32_t at = mb.header + mb.length;
    mb_put(at, type, 2);
    mb_put(at + 2, flags, 2);
    mb_put(at + 4, 8 + 4 * count, 4);
    for (uint32_t i = 0; i < count; i++)
        mb_put(at + 8 + 4 * i, fields[i], 4);
    mb.length += (uint32_t)align_up(8 + 4 * count, 8);
    mb_sum();
}

#define MB_TAG(type, flags, ...)                                                                   \
    mb_tag((type), (flags), sizeof(uint32_t[]){__VA_ARGS__} / 4, (uint32_t[]){__VA_ARGS__})

/* ---- ELF files ------------------------------------------------------------------------------- */

static inline void mb_begin(void)
{
    memset(&mb, 0, sizeof mb);
    mb.size = MB_CODE + MB_FILE;
    memset(mb.bytes + MB_CODE, 0xc0, MB_FILE);
    memcpy(mb.bytes, "\177ELF\1\1\1", 7);
    mb_put(16, 2, 2); /* ET_EXEC */
}

static inline void mb_program32(uint32_t index, uint32_t offset, uint32_t virtual,
                                uint32_t physical, uint32_t file_bytes, uint32_t memory_bytes)
{
    const uint32_t fields[] = {1, offset, virtual, physical, file_bytes, memory_bytes, 7, 4096};
    memcpy(mb.bytes + 52 + 32 * index, fields, sizeof fields);
    mb_put(44, index + 1, 2);
}

/* One segment, with bss; the entry is virtual. */
static inline void mb_elf32(void)
{
    mb_begin();
    mb_put(18, 3, 2); /* EM_386 */
    mb_put(24, MB_VIRTUAL + 0x10, 4);
    mb_put(28, 52, 4);
    mb_put(42, 32, 2);
    mb_program32(0, MB_CODE, MB_VIRTUAL, MB_PHYSICAL, MB_FILE, MB_MEMORY);
    mb_header(MB_HEADER);
}

static inline void mb_elf64(void)
{
    const uint64_t virtual = 0xffffffff80000000;
    const uint64_t program[] = {
        1 | UINT64_C(7) << 32, MB_CODE, virtual, MB_PHYSICAL, MB_FILE, MB_MEMORY, 4096};
    mb_begin();
    mb.bytes[4] = 2;
    mb_put(18, 62, 2); /* EM_X86_64 */
    mb_put(24, virtual + 0x10, 8);
    mb_put(32, 64, 8);
    mb_put(54, 56, 2);
    mb_put(56, 1, 2);
    memcpy(mb.bytes + 64, program, sizeof program);
    mb_header(MB_HEADER);
}

/* Section headers behind all else: a null one, .text (loaded), symbols and their names. */
static inline void mb_sections32(void)
{
    static const char names[] = "\0.text\0.symtab\0.strtab";
    const uint32_t names_at = (uint32_t)align_up(mb.size, 4), headers = names_at + 32;
    const uint32_t sections[4][10] = {
        [1] = {1, 1, 6, MB_VIRTUAL, MB_CODE, MB_FILE},
        [2] = {7, 2, 0, 0, MB_CODE, 64, 3, 0, 16, 16},
        [3] = {15, 3, 0, 0, names_at, sizeof names},
    };
    memcpy(mb.bytes + names_at, names, sizeof names);
    memcpy(mb.bytes + headers, sections, sizeof sections);
    mb.size = headers + sizeof sections;
    mb_put(32, headers, 4);
    mb_put(46, 40, 2);
    mb_put(48, 4, 2);
    mb_put(50, 3, 2);
}
