/* ELF32 and ELF64 by physical addresses (System V gABI 4.3, chapters 4 and 5). Lintel's own kernels
 * are read by format/elf.c, by virtual addresses and with permissions, which Multiboot has not. */
#include "common/lib/mem.h"
#include "common/protocol/multiboot/multiboot.h"

#define PROGRAMS_MAX 1024u /* as format/elf.c has it: sorting stays short for any file */

#define CLASS_32      1
#define CLASS_64      2
#define LITTLE_ENDIAN 1
#define EM_386        3
#define EM_X86_64     62
#define PT_LOAD       1

/* Offsets of what differs between the classes. */
static const struct layout {
    uint32_t header_bytes, program_bytes, section_bytes, word;
    uint32_t e_phoff, e_shoff, e_phentsize; /* e_phnum, e_shentsize, e_shnum, e_shstrndx follow */
    uint32_t p_offset, p_vaddr, p_paddr, p_filesz, p_memsz;
} layout_32 = {52, 32, 40, 4, 28, 32, 42, 4, 8, 12, 16, 20},
  layout_64 = {64, 56, 64, 8, 32, 40, 54, 8, 16, 24, 32, 40};

#define E_TYPE    16
#define E_MACHINE 18
#define E_ENTRY   24

struct elf_headers {
    const struct layout *layout;
    const char *name;
    uint8_t header[64];
    uint8_t *programs;
    uint32_t program_count;
};

static uint64_t load_word(const struct elf_headers *headers, const uint8_t *at)
{
    return headers->layout->word == 8 ? load64(at) : load32(at);
}

static enum err read_header(const struct reader *reader, struct elf_headers *headers)
{
    uint8_t *header = headers->header;
    memset(header, 0, sizeof headers->header);
    TRY(reader_read(reader, 0, MIN(reader->bytes, sizeof headers->header), header));
    headers->name = reader->name;
    headers->layout = header[4] == CLASS_64 ? &layout_64 : &layout_32;

    uint32_t machine = load16(header + E_MACHINE);
    if (memcmp(header, "\177ELF", 4) != 0)
        return fail(ERR_FORMAT,
                    "%s: not an ELF file, and its Multiboot header does not say where it goes",
                    headers->name);
    if ((header[4] != CLASS_32 && header[4] != CLASS_64) || header[5] != LITTLE_ENDIAN)
        return fail(ERR_FORMAT, "%s: EI_CLASS %u, EI_DATA %u: not an ELF file of this machine",
                    headers->name, header[4], header[5]);
    if (machine != EM_386 && machine != EM_X86_64)
        return fail(ERR_UNSUPPORTED, "%s: e_machine is %u, neither 3 (i386) nor 62 (x86-64)",
                    headers->name, machine);
    return OK;
}

static enum err read_programs(const struct reader *reader, struct arena *arena,
                              struct elf_headers *headers)
{
    const struct layout *layout = headers->layout;
    const uint8_t *counts = headers->header + layout->e_phentsize;
    uint32_t each = load16(counts), count = load16(counts + 2);

    if (each != layout->program_bytes || !count || count > PROGRAMS_MAX)
        return fail(ERR_FORMAT, "%s: e_phentsize %u (not %u), or e_phnum %u (not 1 to %u)",
                    headers->name, each, layout->program_bytes, count, PROGRAMS_MAX);
    TRY(arena_take(arena, each * count, (void **)&headers->programs));
    headers->program_count = count;
    return reader_read(reader, load_word(headers, headers->header + layout->e_phoff), each * count,
                       headers->programs);
}

static enum err check_segment(const struct elf_headers *headers, uint32_t index,
                              const struct multiboot_segment *segment, uint64_t file_bytes)
{
    uint64_t end;
    if (segment->file_bytes > segment->bytes)
        return fail(ERR_FORMAT, "%s: program header %u: p_filesz %lXh is more than p_memsz %lXh",
                    headers->name, index, segment->file_bytes, segment->bytes);
    if (add_wraps(segment->file_offset, segment->file_bytes, &end) ||
        (segment->file_bytes && end > file_bytes))
        return fail(ERR_FORMAT,
                    "%s: program header %u: p_offset %lXh + p_filesz %lXh pass the end of the file "
                    "at %lXh: is it truncated?",
                    headers->name, index, segment->file_offset, segment->file_bytes, file_bytes);
    if (add_wraps(segment->physical, segment->bytes, &end) || end > MULTIBOOT_END)
        return fail(ERR_UNSUPPORTED,
                    "%s: program header %u: p_paddr %lXh + p_memsz %lXh pass 4 GiB, but Multiboot "
                    "kernels are loaded below",
                    headers->name, index, segment->physical, segment->bytes);
    return OK;
}

static enum err take_segments(const struct elf_headers *headers, struct multiboot_image *image)
{
    const struct layout *layout = headers->layout;
    for (uint32_t i = 0; i < headers->program_count; i++) {
        const uint8_t *program = headers->programs + i * layout->program_bytes;
        const struct multiboot_segment segment = {
            .physical = load_word(headers, program + layout->p_paddr),
            .bytes = load_word(headers, program + layout->p_memsz),
            .virtual = load_word(headers, program + layout->p_vaddr),
            .file_offset = load_word(headers, program + layout->p_offset),
            .file_bytes = load_word(headers, program + layout->p_filesz),
        };
        if (load32(program) != PT_LOAD || !segment.bytes)
            continue;
        TRY(check_segment(headers, i, &segment, image->reader->bytes));
        image->segments[image->segment_count++] = segment;
    }
    return OK;
}

/* The entry is virtual by the gABI, but kernels that start without paging often write the physical
 * address, for loaders that take it as it is. */
static void translate_entry(const struct elf_headers *headers, struct multiboot_image *image)
{
    uint64_t entry = load_word(headers, headers->header + E_ENTRY);
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct multiboot_segment *segment = &image->segments[i];
        if (entry - segment->virtual < segment->bytes) {
            image->entry = entry - segment->virtual + segment->physical;
            return;
        }
    }
    image->entry = entry;
}

static void find_sections(const struct elf_headers *headers, struct multiboot_image *image)
{
    const struct layout *layout = headers->layout;
    const uint8_t *counts = headers->header + layout->e_phentsize + 4;

    if (load16(counts) != layout->section_bytes)
        return;
    image->sections = (struct multiboot_sections){
        .offset = load_word(headers, headers->header + layout->e_shoff),
        .count = load16(counts + 2),
        .each_bytes = layout->section_bytes,
        .names = load16(counts + 4),
        .wide = layout->word == 8,
    };
}

enum err multiboot_elf_parse(struct multiboot_image *image, struct arena *arena)
{
    struct elf_headers headers;
    TRY(read_header(image->reader, &headers));
    TRY(read_programs(image->reader, arena, &headers));
    TRY(ARENA_TAKE(arena, headers.program_count, &image->segments));
    TRY(take_segments(&headers, image));
    TRY(multiboot_sort_segments(image));
    find_sections(&headers, image);
    translate_entry(&headers, image);
    return OK;
}
