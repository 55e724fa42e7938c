/* ELF files made in memory, valid until a test spoils them. One file at a time. */
#pragma once

#include "common/format/elf.h"
#include "common/format/elf_format.h"
#include "common/lib/mem.h"
#include "common/lintel.h"
#include <string.h>

#define BUILT_BYTES    (96 * 1024)
#define BUILT_PROGRAMS 16
#define BUILT_LINK     UINT64_C(0xffffffff80000000)

static struct {
    uint8_t bytes[BUILT_BYTES] __attribute__((aligned(16)));
    uint64_t size;
    struct elf_header *header;
    struct elf_program *programs;
} built;

static inline void build_begin(uint16_t type)
{
    memset(&built, 0, sizeof built);
    built.header = (struct elf_header *)built.bytes;
    built.programs = (struct elf_program *)(built.bytes + sizeof *built.header);
    built.size = sizeof *built.header + BUILT_PROGRAMS * sizeof *built.programs;
    *built.header = (struct elf_header){
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = type,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof *built.header,
        .e_ehsize = sizeof *built.header,
        .e_phentsize = sizeof *built.programs,
        .e_shentsize = sizeof(struct elf_section),
    };
}

/* Appends bytes to the file; returns their offset. */
static inline uint64_t build_bytes(const void *from, uint64_t bytes)
{
    uint64_t offset = align_up(built.size, 16);

    memcpy(built.bytes + offset, from, bytes);
    built.size = offset + bytes;
    return offset;
}

static inline struct elf_program *build_program(uint32_t type, uint32_t flags, uint64_t virtual,
                                                const void *from, uint64_t file_bytes,
                                                uint64_t memory_bytes)
{
    struct elf_program *program = &built.programs[built.header->e_phnum++];

    *program = (struct elf_program){
        .p_type = type,
        .p_flags = flags | 4,
        .p_vaddr = virtual,
        .p_paddr = 0x100000, /* unlike the virtual one, and to be ignored */
        .p_filesz = file_bytes,
        .p_memsz = memory_bytes,
        .p_align = PAGE_BYTES,
    };
    program->p_offset = build_bytes(from, file_bytes);
    return program;
}

struct built_note {
    struct elf_note header;
    char name[8];
    struct lintel_request request;
} __attribute__((packed, aligned(4)));

static inline struct built_note built_note(void)
{
    return (struct built_note){
        .header = {sizeof LINTEL_NOTE_NAME, sizeof(struct lintel_request), LINTEL_NOTE_REQUEST},
        .name = LINTEL_NOTE_NAME,
        .request = {.abi_version = LINTEL_ABI_VERSION, .stack_bytes = 32768},
    };
}

static inline void build_note(const struct built_note *note)
{
    build_program(PT_NOTE, 0, 0, note, sizeof *note, sizeof *note);
}

/* Code, constants, data with .bss, and a request: what a small kernel looks like. */
static inline void build_kernel(uint16_t type, uint64_t link)
{
    static const char code[5000] = "code", constants[100] = "constants", data[64] = "data";
    struct built_note note = built_note();

    build_begin(type);
    build_program(PT_LOAD, PF_X, link, code, sizeof code, sizeof code);
    build_program(PT_LOAD, 0, link + 0x3000, constants, sizeof constants, sizeof constants);
    build_program(PT_LOAD, PF_W, link + 0x4010, data, sizeof data, 3 * PAGE_BYTES);
    build_note(&note);
    built.header->e_entry = link + 16;
}

/* .symtab and .strtab, the last sections of the file. */
static inline struct elf_section *build_symbols(const struct elf_sym *syms, uint64_t count,
                                                const char *names, uint64_t names_bytes)
{
    struct elf_section sections[3] = {
        [1] = {.sh_type = SHT_SYMTAB,
               .sh_offset = build_bytes(syms, count * sizeof *syms),
               .sh_size = count * sizeof *syms,
               .sh_link = 2,
               .sh_entsize = sizeof *syms},
        [2] = {.sh_type = SHT_STRTAB,
               .sh_offset = build_bytes(names, names_bytes),
               .sh_size = names_bytes},
    };

    built.header->e_shnum = ARRAY_LENGTH(sections);
    built.header->e_shoff = build_bytes(sections, sizeof sections);
    return (struct elf_section *)(built.bytes + built.header->e_shoff);
}

/* A static PIE linked at `link` whose data segment, at link + 1000h, holds the relocation table at
 * 0, eight words to relocate at 800h, and the packed table at 900h. */
static struct elf_program *built_dynamic __attribute__((unused));

#define NO_TABLE (const void *)"", 0

static inline void build_pie(uint64_t link, const struct elf_rela *relas, uint64_t relas_bytes,
                             const uint64_t *relrs, uint64_t relrs_bytes)
{
    static uint8_t data[0x1000];
    const struct elf_dynamic tags[] = {
        {DT_RELA, link + 0x1000},
        {DT_RELASZ, relas_bytes},
        {DT_RELAENT, sizeof(struct elf_rela)},
        {DT_RELR, link + 0x1900},
        {DT_RELRSZ, relrs_bytes},
        {DT_RELRENT, sizeof(uint64_t)},
        {DT_NULL, 0},
        {DT_NEEDED, 1}, /* behind the end */
    };

    memset(data, 0, sizeof data);
    memcpy(data, relas, relas_bytes);
    memcpy(data + 0x900, relrs, relrs_bytes);
    for (uint64_t i = 0; i < 8; i++)
        memcpy(data + 0x800 + 8 * i, &(uint64_t){i}, 8);
    build_begin(ET_DYN);
    build_program(PT_LOAD, PF_X, link, "code", 4, 4);
    build_program(PT_LOAD, PF_W, link + 0x1000, data, sizeof data, sizeof data);
    built_dynamic = build_program(PT_DYNAMIC, PF_W, 0, tags, sizeof tags, sizeof tags);
    built.header->e_entry = link;
}
