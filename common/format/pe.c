/* Which sections has a PE file, and may this machine run it? */
#include "common/format/pe.h"
#include "common/lib/mem.h"

#define DOS_HEADER_BYTES   64
#define PE_OFFSET_AT       0x3c /* e_lfanew */
#define FILE_HEADER_BYTES  24   /* with the signature */
#define SECTION_BYTES      40
#define MAGIC_PE32_PLUS    0x20b
#define MACHINE_X86_64     0x8664
#define SECTIONS_MAX       96  /* the format's own limit */
#define OPTIONAL_BYTES_MIN 112 /* up to the data directories */

/* The optional header's fields that are looked at: their offsets there. */
enum { AT_MAGIC = 0, AT_ENTRY = 16, AT_IMAGE_BYTES = 56, AT_HEADERS_BYTES = 60, AT_SUBSYSTEM = 68 };

struct headers {
    uint64_t pe_offset;
    uint16_t machine, section_count, optional_bytes;
    uint8_t optional[OPTIONAL_BYTES_MIN];
};

static const struct machine {
    uint16_t number;
    const char *name;
} machines[] = {
    {0x014c, "32-bit x86"},   {0x8664, "x86-64"},           {0x01c0, "32-bit ARM"},
    {0x01c2, "32-bit ARM"},   {0x01c4, "32-bit ARM"},       {0xaa64, "64-bit ARM (AArch64)"},
    {0x0200, "Itanium"},      {0x5032, "32-bit RISC-V"},    {0x5064, "64-bit RISC-V"},
    {0x0ebc, "EFI bytecode"}, {0x6232, "32-bit LoongArch"}, {0x6264, "64-bit LoongArch"},
};

/* ---- headers --------------------------------------------------------------------------------- */

/* ERR_FORMAT: this is no PE file. */
static enum err read_file_header(const struct reader *reader, struct headers *headers)
{
    uint8_t dos[DOS_HEADER_BYTES], file[FILE_HEADER_BYTES];

    if (reader->bytes < sizeof dos)
        return fail(ERR_FORMAT, "%s: ends at byte %lu, within the headers of a PE file",
                    reader->name, reader->bytes);
    TRY(reader_read(reader, 0, sizeof dos, dos));
    if (dos[0] != 'M' || dos[1] != 'Z')
        return fail(ERR_FORMAT, "%s is not a PE file: it does not begin with MZ", reader->name);
    headers->pe_offset = load32(dos + PE_OFFSET_AT);
    if (headers->pe_offset + sizeof file > reader->bytes)
        return fail(ERR_FORMAT, "%s: e_lfanew %lXh lies behind the end of the file at %lXh",
                    reader->name, headers->pe_offset, reader->bytes);
    TRY(reader_read(reader, headers->pe_offset, sizeof file, file));
    if (memcmp(file, "PE\0\0", 4) != 0)
        return fail(ERR_FORMAT, "%s is not a PE file: there is no signature at e_lfanew %lXh",
                    reader->name, headers->pe_offset);
    headers->machine = load16(file + 4);
    headers->section_count = load16(file + 6);
    headers->optional_bytes = load16(file + 20);
    return OK;
}

bool pe_recognise(const struct reader *reader)
{
    struct headers headers;

    return read_file_header(reader, &headers) == OK;
}

static enum err check_machine(const struct reader *reader, const struct headers *headers)
{
    if (headers->machine == MACHINE_X86_64)
        return OK;
    for (size_t i = 0; i < ARRAY_LENGTH(machines); i++)
        if (machines[i].number == headers->machine)
            return fail(ERR_UNSUPPORTED, "%s is for another machine: for %s, this one is x86-64",
                        reader->name, machines[i].name);
    return fail(ERR_UNSUPPORTED,
                "%s is for another machine: PE Machine is %Xh, this one is x86-64 (8664h)",
                reader->name, headers->machine);
}

static enum err read_optional_header(const struct reader *reader, struct headers *headers)
{
    uint64_t at = headers->pe_offset + FILE_HEADER_BYTES;

    if (headers->optional_bytes < OPTIONAL_BYTES_MIN)
        return fail(ERR_FORMAT, "%s: SizeOfOptionalHeader is %u, less than %u", reader->name,
                    headers->optional_bytes, OPTIONAL_BYTES_MIN);
    if (at + headers->optional_bytes > reader->bytes)
        return fail(ERR_FORMAT, "%s: SizeOfOptionalHeader %u passes the end of the file",
                    reader->name, headers->optional_bytes);
    TRY(reader_read(reader, at, sizeof headers->optional, headers->optional));
    uint16_t magic = load16(headers->optional + AT_MAGIC);
    if (magic != MAGIC_PE32_PLUS)
        return fail(ERR_FORMAT, "%s: the optional header's Magic is %Xh, not 20Bh (PE32+)",
                    reader->name, magic);
    return OK;
}

static enum err check_sizes(const struct reader *reader, const struct headers *headers)
{
    uint32_t image_bytes = load32(headers->optional + AT_IMAGE_BYTES);
    uint32_t headers_bytes = load32(headers->optional + AT_HEADERS_BYTES);
    uint32_t entry = load32(headers->optional + AT_ENTRY);

    if (headers_bytes > reader->bytes || headers_bytes > image_bytes)
        return fail(ERR_FORMAT, "%s: SizeOfHeaders %Xh passes the end of the file or of the image",
                    reader->name, headers_bytes);
    if (!entry || entry >= image_bytes)
        return fail(ERR_FORMAT,
                    "%s: AddressOfEntryPoint %Xh lies outside of the image of %Xh bytes",
                    reader->name, entry, image_bytes);
    return OK;
}

/* ---- sections -------------------------------------------------------------------------------- */

static enum err take_section(const struct pe *pe, const uint8_t *from, struct pe_section *section)
{
    *section = (struct pe_section){
        .memory_bytes = load32(from + 8),
        .virtual = load32(from + 12),
        .file_bytes = load32(from + 16),
        .file_offset = load32(from + 20),
    };
    memcpy(section->name, from, PE_NAME_BYTES - 1);
    section->content_bytes = MIN(section->memory_bytes, section->file_bytes);
    if (!section->file_bytes)
        section->file_offset = 0; /* whatever it says */
    /* 32-bit sums cannot wrap 64 bits. */
    if (section->file_bytes &&
        (uint64_t)section->file_offset + section->file_bytes > pe->reader->bytes)
        return fail(ERR_FORMAT,
                    "%s: section %s: PointerToRawData %Xh + SizeOfRawData %Xh pass the end of the "
                    "file at %lXh: is it truncated?",
                    pe->reader->name, section->name, section->file_offset, section->file_bytes,
                    pe->reader->bytes);
    if ((uint64_t)section->virtual + section->memory_bytes > pe->image_bytes)
        return fail(ERR_FORMAT,
                    "%s: section %s: VirtualAddress %Xh + VirtualSize %Xh pass SizeOfImage %Xh",
                    pe->reader->name, section->name, section->virtual, section->memory_bytes,
                    pe->image_bytes);
    return OK;
}

static enum err read_sections(struct pe *pe, const struct headers *headers, struct arena *arena)
{
    uint64_t at = headers->pe_offset + FILE_HEADER_BYTES + headers->optional_bytes;
    uint64_t bytes = headers->section_count * SECTION_BYTES;
    uint8_t *table;

    if (headers->section_count == 0 || headers->section_count > SECTIONS_MAX)
        return fail(ERR_FORMAT, "%s: NumberOfSections is %u, not 1 to %u", pe->reader->name,
                    headers->section_count, SECTIONS_MAX);
    if (at + bytes > pe->reader->bytes)
        return fail(ERR_FORMAT, "%s: NumberOfSections %u: their table passes the end of the file",
                    pe->reader->name, headers->section_count);
    TRY(arena_take(arena, bytes, (void **)&table));
    TRY(reader_read(pe->reader, at, bytes, table));
    TRY(ARENA_TAKE(arena, headers->section_count, &pe->sections));
    for (; pe->section_count < headers->section_count; pe->section_count++)
        TRY(take_section(pe, table + pe->section_count * SECTION_BYTES,
                         &pe->sections[pe->section_count]));
    return OK;
}

enum err pe_parse(const struct reader *reader, struct arena *arena, struct pe *pe)
{
    struct headers headers;

    TRY(read_file_header(reader, &headers));
    TRY(check_machine(reader, &headers));
    TRY(read_optional_header(reader, &headers));
    TRY(check_sizes(reader, &headers));
    struct pe parsed = {
        .reader = reader,
        .subsystem = load16(headers.optional + AT_SUBSYSTEM),
        .image_bytes = load32(headers.optional + AT_IMAGE_BYTES),
    };
    TRY(read_sections(&parsed, &headers, arena));
    *pe = parsed;
    return OK;
}

static bool overlap(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a_bytes && b_bytes && a < b + b_bytes && b < a + a_bytes;
}

enum err pe_check_overlap(const struct pe *pe)
{
    for (uint32_t i = 0; i < pe->section_count; i++)
        for (uint32_t j = i + 1; j < pe->section_count; j++) {
            const struct pe_section *a = &pe->sections[i], *b = &pe->sections[j];
            bool memory = overlap(a->virtual, a->memory_bytes, b->virtual, b->memory_bytes);
            if (memory || overlap(a->file_offset, a->file_bytes, b->file_offset, b->file_bytes))
                return fail(ERR_FORMAT, "%s: its sections %s and %s overlap in %s: make it again",
                            pe->reader->name, a->name, b->name, memory ? "memory" : "the file");
        }
    return OK;
}

const struct pe_section *pe_find(const struct pe *pe, const char *name, uint32_t first,
                                 uint32_t end)
{
    for (uint32_t i = first; i < MIN(end, pe->section_count); i++)
        if (strcmp(pe->sections[i].name, name) == 0)
            return &pe->sections[i];
    return NULL;
}
