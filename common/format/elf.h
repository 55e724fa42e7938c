/* ELF64 for x86-64: ET_EXEC, and ET_DYN as static PIE (System V gABI; x86-64 psABI). Every field is
 * checked before it is used; a refusal names the file, the field and its value. */
#pragma once

#include "common/lib/arena.h"
#include "common/lib/reader.h"
#include "common/memory/paging.h"

struct elf_segment {
    uint64_t virtual;  /* link address of the first byte; need not be page-aligned */
    uint64_t physical; /* as the file says: nothing is checked */
    uint64_t file_offset;
    uint64_t file_bytes; /* <= memory_bytes; the rest is zero */
    uint64_t memory_bytes;
    uint32_t flags; /* MAP_WRITE, MAP_EXECUTE */
};

struct elf_symbol {   /* a function, for first-fault reports */
    uint64_t virtual; /* link address */
    uint32_t bytes;
    uint32_t name; /* offset into names */
};

struct elf {
    const struct reader *reader;
    bool relocatable;    /* static PIE: ET_DYN, or ET_EXEC that ld marked with DF_1_PIE */
    uint64_t entry;      /* link address */
    uint64_t first, end; /* page-aligned span of all segments at link addresses, end exclusive */
    uint64_t alignment;  /* the largest p_align, 4 KiB to 1 GiB */
    struct elf_segment *segments; /* sorted by address, non-empty, no overlap in bytes */
    uint32_t segment_count;
    /* Pages with one permission each: segments rounded to pages; pages that two segments share have
     * the union, and a union of write and execute is refused. Offsets from `first`. Holes between
     * are in no range. */
    struct elf_pages {
        uint64_t offset, bytes;
        uint32_t flags;
    } * pages;
    uint32_t pages_count;
    uint64_t rela_virtual, rela_count; /* relocations, link address; 0 unless PIE */
    uint64_t plt_virtual, plt_count;   /* more of them, of the procedure linkage table */
    uint64_t relr_virtual, relr_count; /* relative ones, packed (DT_RELR): 8-byte words */
    uint64_t symtab_virtual;           /* of those that name symbols; 0: none may */
    struct elf_symbol
        *symbols; /* functions, sorted; from .symtab, 0 when there is none (never an error) */
    uint32_t symbol_count;
    char *names;
    uint32_t names_bytes;
};

/* Reads headers and symbols into arena memory. ERR_FORMAT: not ELF64 x86-64, damaged, or
 * self-contradicting. ERR_UNSUPPORTED: needs an interpreter or shared libraries, or has a segment
 * or page that is writable and executable. */
enum err elf_parse(const struct reader *reader, struct arena *arena, struct elf *elf);

/* The same for protocols that let a kernel have pages that are writable and executable, that pass
 * over the interpreter's name that linkers put into position-independent files, and that may have
 * another entry than the file's. */
enum err elf_parse_mixed(const struct reader *reader, struct arena *arena, struct elf *elf);

/* ERR_FORMAT: it is in no executable segment. elf_parse() has asked this. */
enum err elf_check_entry(const struct elf *elf);

/* True when the first bytes are an ELF file's at all. */
bool elf_recognise(const uint8_t *head, uint64_t bytes);

struct elf_note_kind {
    const char *name; /* of who defines the type */
    uint32_t type;
};

struct elf_notes_found {
    uint32_t count;            /* notes of the kind; what follows is the first one's */
    const uint8_t *descriptor; /* in arena memory */
    uint64_t bytes;
};

/* Looks through all PT_NOTE segments, also behind one that is damaged, which is ERR_FORMAT then. */
enum err elf_find_notes(const struct reader *reader, struct arena *arena,
                        const struct elf_note_kind *kind, struct elf_notes_found *found);

/* Whether a section begins with such notes. A loader that goes by program headers finds them in
 * PT_NOTE segments only. */
bool elf_has_loose_note(const struct reader *reader, struct arena *arena,
                        const struct elf_note_kind *kind);

/* Puts the image's whole span (end - first bytes) at `to`: reads each segment straight to its
 * place, zeroes all else, and relocates it. */
enum err elf_load(const struct elf *elf, uint8_t *to, uint64_t slide);

/* Applies the relocations for `slide`, which is added to link addresses, to an image at `to`.
 * ERR_FORMAT: a relocation, or its symbol, outside of all segments. ERR_UNSUPPORTED: a type that no
 * static PIE has, or a symbol that is not defined. */
enum err elf_relocate(const struct elf *elf, uint8_t *to, uint64_t slide);
