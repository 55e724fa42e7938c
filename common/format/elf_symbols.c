/* The functions of .symtab, so that a first fault can be reported by name. */
#include "common/format/elf_parts.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

/* A kernel of 40,000 functions fits; more would cost more memory than the names are worth. */
#define SYMBOL_TABLE_MAX MIB
#define SECTIONS_MAX     4096

struct symbol_tables {
    struct elf_section symtab, strtab; /* sh_size 0: the file has none */
};

/* Reads a section's bytes into arena memory. */
static enum err read_section(const struct elf_file *file, const struct elf_section *section,
                             const char *name, void **bytes)
{
    if (section->sh_size > SYMBOL_TABLE_MAX)
        return fail(ERR_UNSUPPORTED, "%s has %lu bytes, more than 1 MiB", name, section->sh_size);
    TRY(arena_take(file->arena, section->sh_size, bytes));
    return reader_read(file->reader, section->sh_offset, section->sh_size, *bytes);
}

static enum err pick_tables(const struct elf_section *sections, uint32_t count,
                            struct symbol_tables *tables)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct elf_section *symtab = &sections[i];

        if (symtab->sh_type != SHT_SYMTAB || symtab->sh_size == 0)
            continue;
        if (symtab->sh_link >= count || sections[symtab->sh_link].sh_type != SHT_STRTAB)
            return fail(ERR_FORMAT, ".symtab: sh_link %u is no string table", symtab->sh_link);
        if (symtab->sh_entsize != sizeof(struct elf_sym))
            return fail(ERR_FORMAT, ".symtab: sh_entsize is %lu, not %lu", symtab->sh_entsize,
                        sizeof(struct elf_sym));
        *tables = (struct symbol_tables){*symtab, sections[symtab->sh_link]};
        return OK;
    }
    *tables = (struct symbol_tables){0};
    return OK;
}

enum err elf_read_sections(const struct elf_file *file, struct elf_section **sections,
                           uint32_t *count)
{
    const struct elf_header *header = &file->header;

    *count = header->e_shoff ? header->e_shnum : 0;
    if (!*count)
        return OK;
    if (header->e_shentsize != sizeof **sections)
        return fail(ERR_FORMAT, "e_shentsize is %u, not %lu", header->e_shentsize,
                    sizeof **sections);
    if (*count > SECTIONS_MAX)
        return fail(ERR_UNSUPPORTED, "e_shnum is %u, more than %u", *count, SECTIONS_MAX);
    TRY(ARENA_TAKE(file->arena, *count, sections));
    return reader_read(file->reader, header->e_shoff, *count * sizeof **sections, *sections);
}

static enum err find_tables(const struct elf_file *file, struct symbol_tables *tables)
{
    struct arena_mark mark = arena_mark(file->arena);
    struct elf_section *sections = NULL;
    uint32_t count;
    enum err err = elf_read_sections(file, &sections, &count);

    if (err == OK)
        err = pick_tables(sections, count, tables);
    arena_reset(file->arena, mark);
    return err;
}

static bool is_function(const struct elf *elf, const struct elf_sym *sym)
{
    return (sym->st_info & 0xf) == STT_FUNC && sym->st_shndx != SHN_UNDEF &&
           elf_segment_at(elf, sym->st_value, 1);
}

static enum err take_functions(struct elf *elf, const struct elf_sym *syms, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        if (!is_function(elf, &syms[i]))
            continue;
        if (syms[i].st_name >= elf->names_bytes)
            return fail(ERR_FORMAT, "symbol %lu: st_name %u passes .strtab's %u bytes", i,
                        syms[i].st_name, elf->names_bytes);
        elf->symbols[elf->symbol_count++] = (struct elf_symbol){
            .virtual = syms[i].st_value,
            .bytes = (uint32_t)MIN(syms[i].st_size, UINT32_MAX),
            .name = syms[i].st_name,
        };
    }
    return OK;
}

static void sift_down(struct elf_symbol *symbols, uint32_t root, uint32_t count)
{
    struct elf_symbol moved = symbols[root];
    uint32_t child;

    for (; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && symbols[child].virtual < symbols[child + 1].virtual)
            child++;
        if (symbols[child].virtual <= moved.virtual)
            break;
        symbols[root] = symbols[child];
    }
    symbols[root] = moved;
}

/* Heap sort: no extra memory, and no order of symbols makes it slow. */
static void sort_symbols(struct elf_symbol *symbols, uint32_t count)
{
    for (uint32_t root = count / 2; root-- > 0;)
        sift_down(symbols, root, count);
    for (uint32_t end = count; end-- > 1;) {
        struct elf_symbol highest = symbols[0];

        symbols[0] = symbols[end];
        symbols[end] = highest;
        sift_down(symbols, 0, end);
    }
}

static enum err read_names(const struct elf_file *file, const struct elf_section *strtab,
                           struct elf *elf)
{
    if (strtab->sh_size == 0)
        return fail(ERR_FORMAT, ".strtab is empty");
    TRY(read_section(file, strtab, ".strtab", (void **)&elf->names));
    elf->names_bytes = (uint32_t)strtab->sh_size;
    if (elf->names[elf->names_bytes - 1] != '\0')
        return fail(ERR_FORMAT, ".strtab does not end in a 0 byte");
    return OK;
}

static enum err read_symbols(const struct elf_file *file, struct elf *elf)
{
    struct symbol_tables tables;
    struct arena_mark mark;
    void *syms;

    TRY(find_tables(file, &tables));
    uint64_t count = tables.symtab.sh_size / sizeof(struct elf_sym);
    if (count == 0)
        return OK;
    TRY(read_names(file, &tables.strtab, elf));
    if (tables.symtab.sh_size > SYMBOL_TABLE_MAX)
        return fail(ERR_UNSUPPORTED, ".symtab has %lu bytes, more than 1 MiB",
                    tables.symtab.sh_size);
    TRY(ARENA_TAKE(file->arena, count, &elf->symbols));

    mark = arena_mark(file->arena);
    TRY(read_section(file, &tables.symtab, ".symtab", &syms));
    TRY(take_functions(elf, syms, count));
    arena_reset(file->arena, mark);
    sort_symbols(elf->symbols, elf->symbol_count);
    return OK;
}

void elf_read_symbols(const struct elf_file *file, struct elf *elf)
{
    struct arena_mark mark = arena_mark(file->arena);

    if (read_symbols(file, elf) == OK)
        return;
    note("%s: symbols left out: %s\n", file->reader->name, err_message());
    arena_reset(file->arena, mark);
    elf->symbols = NULL;
    elf->symbol_count = 0;
    elf->names = NULL;
    elf->names_bytes = 0;
}
