/* What does an ELF file say of itself? Its header, and the order in which its parts are read. */
#include "common/format/elf_parts.h"
#include "common/lib/mem.h"

#include <stddef.h>

/* Linkers write fewer than 20; the bound keeps sorting and searching short for any file. */
#define ELF_PROGRAMS_MAX 1024

bool elf_recognise(const uint8_t *head, uint64_t bytes)
{
    return bytes >= 4 && memcmp(head, ELF_MAGIC, 4) == 0;
}

#define HEADER_FIELD(field)                                                                        \
#field, offsetof(struct elf_header, field), sizeof(((struct elf_header *)0)->field)

/* Fields with one right value. EI_OSABI and e_flags are left alone: toolchains put their own ABI
 * there, and nothing of it reaches a kernel. */
static const struct header_rule {
    const char *field;
    uint64_t offset, bytes, value;
    const char *meaning;
} header_rules[] = {
    {"EI_CLASS", EI_CLASS, 1, ELFCLASS64, "64-bit"},
    {"EI_DATA", EI_DATA, 1, ELFDATA2LSB, "little-endian"},
    {"EI_VERSION", EI_VERSION, 1, EV_CURRENT, "the only version of ELF"},
    {HEADER_FIELD(e_machine), EM_X86_64, "x86-64"},
    {HEADER_FIELD(e_version), EV_CURRENT, "the only version of ELF"},
    {HEADER_FIELD(e_ehsize), sizeof(struct elf_header), "the size of this header"},
};

static uint64_t load_little_endian(const uint8_t *bytes, uint64_t count)
{
    uint64_t value = 0;

    while (count--)
        value = value << 8 | bytes[count];
    return value;
}

static enum err check_identity(const struct elf_header *header, const char *name)
{
    if (!elf_recognise(header->e_ident, sizeof header->e_ident))
        return fail(ERR_FORMAT, "%s is not an ELF file", name);

    for (uint32_t i = 0; i < ARRAY_LENGTH(header_rules); i++) {
        const struct header_rule *rule = &header_rules[i];
        uint64_t value = load_little_endian((const uint8_t *)header + rule->offset, rule->bytes);

        if (value != rule->value)
            return fail(ERR_FORMAT, "%s: %s is %lu, not %lu (%s)", name, rule->field, value,
                        rule->value, rule->meaning);
    }
    return OK;
}

static enum err check_contents(const struct elf_header *header, const char *name)
{
    if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
        return fail(ERR_FORMAT, "%s: e_type is %u, neither 2 (executable) nor 3 (static PIE)", name,
                    header->e_type);
    if (header->e_phnum == 0)
        return fail(ERR_FORMAT, "%s: e_phnum is 0: there is nothing to load", name);
    if (header->e_phnum > ELF_PROGRAMS_MAX)
        return fail(ERR_UNSUPPORTED, "%s: e_phnum is %u, more than %u program headers", name,
                    header->e_phnum, ELF_PROGRAMS_MAX);
    if (header->e_phentsize != sizeof(struct elf_program))
        return fail(ERR_FORMAT, "%s: e_phentsize is %u, not %lu", name, header->e_phentsize,
                    sizeof(struct elf_program));
    return OK;
}

static enum err read_header(struct elf_file *file)
{
    const struct reader *reader = file->reader;

    if (reader->bytes < sizeof file->header)
        return fail(ERR_FORMAT, "%s: ends at byte %lu, within the ELF header", reader->name,
                    reader->bytes);
    TRY(reader_read(reader, 0, sizeof file->header, &file->header));
    TRY(check_identity(&file->header, reader->name));
    return check_contents(&file->header, reader->name);
}

static enum err read_programs(struct elf_file *file)
{
    const struct reader *reader = file->reader;
    uint64_t bytes = file->header.e_phnum * sizeof *file->programs;
    uint64_t end;

    if (add_wraps(file->header.e_phoff, bytes, &end) || end > reader->bytes)
        return fail(ERR_FORMAT,
                    "%s: e_phnum %u program headers at e_phoff %lXh pass the end of the file at "
                    "%lXh: is it "
                    "truncated?",
                    reader->name, file->header.e_phnum, file->header.e_phoff, reader->bytes);
    TRY(ARENA_TAKE(file->arena, file->header.e_phnum, &file->programs));
    return reader_read(reader, file->header.e_phoff, bytes, file->programs);
}

static enum err refuse_interpreter(const struct elf_file *file)
{
    for (uint32_t i = 0; i < file->header.e_phnum; i++)
        if (file->programs[i].p_type == PT_INTERP)
            return fail(ERR_UNSUPPORTED,
                        "%s: program header %u asks for an interpreter (PT_INTERP): link with "
                        "-static, or -static-pie",
                        file->reader->name, i);
    return OK;
}

enum err elf_check_file_range(const struct elf_file *file, uint32_t index)
{
    const struct elf_program *program = &file->programs[index];
    uint64_t end;

    if (program->p_filesz == 0) /* linkers place a lone .bss behind the end of the file */
        return OK;
    if (add_wraps(program->p_offset, program->p_filesz, &end) || end > file->reader->bytes)
        return fail(ERR_FORMAT,
                    "%s: program header %u: p_offset %lXh + p_filesz %lXh pass the end of the file "
                    "at %lXh: is it truncated?",
                    file->reader->name, index, program->p_offset, program->p_filesz,
                    file->reader->bytes);
    return OK;
}

enum err elf_read_program(struct elf_file *file, uint32_t index, uint8_t **bytes)
{
    const struct elf_program *program = &file->programs[index];

    uint64_t most = ELF_SMALL_TABLE_MAX - file->small_bytes;

    TRY(elf_check_file_range(file, index));
    if (program->p_filesz > most)
        return fail(ERR_FORMAT, "%s: program header %u: p_filesz %lXh is more than %lXh",
                    file->reader->name, index, program->p_filesz, most);
    file->small_bytes += program->p_filesz;
    TRY(arena_take(file->arena, program->p_filesz, (void **)bytes));
    return reader_read(file->reader, program->p_offset, program->p_filesz, *bytes);
}

enum err elf_open(struct elf_file *file)
{
    TRY(read_header(file));
    return read_programs(file);
}

static enum err parse(const struct reader *reader, struct arena *arena, bool mixed, struct elf *elf)
{
    struct elf_file file = {.reader = reader, .arena = arena, .mixed = mixed};
    struct elf parsed = {.reader = reader};

    TRY(elf_open(&file));
    if (!mixed)
        TRY(refuse_interpreter(&file));
    parsed.relocatable = file.header.e_type == ET_DYN;
    parsed.entry = file.header.e_entry;
    TRY(elf_read_segments(&file, &parsed));
    TRY(elf_read_dynamic(&file, &parsed));
    elf_read_symbols(&file, &parsed);
    *elf = parsed;
    return OK;
}

enum err elf_parse(const struct reader *reader, struct arena *arena, struct elf *elf)
{
    return parse(reader, arena, false, elf);
}

enum err elf_parse_mixed(const struct reader *reader, struct arena *arena, struct elf *elf)
{
    return parse(reader, arena, true, elf);
}
