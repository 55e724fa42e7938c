/* What the files of the ELF loader share: each part reads its own kind of program or section header
 * and fills its own fields of struct elf. */
#pragma once

#include "common/format/elf.h"
#include "common/format/elf_format.h"

struct elf_file {
    const struct reader *reader;
    struct arena *arena;
    bool mixed; /* pages may be writable and executable */
    struct elf_header header;
    struct elf_program *programs; /* header.e_phnum of them */
    uint64_t small_bytes;         /* that elf_read_program() has read */
};

/* Notes and dynamic sections of real kernels hold a few hundred bytes, all together. */
#define ELF_SMALL_TABLE_MAX (64 * KIB)

/* Reads the header, checked, and the program headers of file->source. */
enum err elf_open(struct elf_file *file);

/* ERR_FORMAT: the file bytes of this program header pass the end of the file. */
enum err elf_check_file_range(const struct elf_file *file, uint32_t index);

/* The file bytes of one program header, in arena memory. ERR_FORMAT: they pass the end of the file
 * or are, with all that were read so, more than ELF_SMALL_TABLE_MAX. Not for empty ones. */
enum err elf_read_program(struct elf_file *file, uint32_t index, uint8_t **bytes);

/* PT_LOAD: segments, pages, first, end, alignment; and checks the entry. (elf_segments.c) */
enum err elf_read_segments(const struct elf_file *file, struct elf *elf);

/* The section headers, in arena memory; none, where the file has none. (elf_symbols.c) */
enum err elf_read_sections(const struct elf_file *file, struct elf_section **sections,
                           uint32_t *count);

/* PT_DYNAMIC: relocatable; and of a static PIE rela_*, relr_*. Needs the segments.
 * (elf_dynamic.c) */
enum err elf_read_dynamic(struct elf_file *file, struct elf *elf);

/* .symtab and .strtab: symbols, names; none, with a note in the log, when they are damaged. Needs
 * the segments. (elf_symbols.c) */
void elf_read_symbols(const struct elf_file *file, struct elf *elf);

/* The segment that holds all of `bytes` bytes at link address `virtual`, or NULL. */
const struct elf_segment *elf_segment_at(const struct elf *elf, uint64_t virtual, uint64_t bytes);
