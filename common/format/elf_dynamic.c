/* PT_DYNAMIC of a static PIE: where its relative relocations lie, and that it needs nothing
 * else. */
#include "common/format/elf_parts.h"
#include "common/lib/mem.h"

/* One value for each low tag; all that concern relocation are below this. */
struct dynamic {
    uint64_t value[DT_RELRENT + 1];
    uint64_t flags_1;
};

/* Tags that a static PIE has no use for: a file with one of them would run unrelocated. */
static const struct {
    uint32_t tag;
    const char *name, *remedy;
} refused_tags[] = {
    {DT_NEEDED, "DT_NEEDED", "needs a shared library"},
    {DT_RELSZ, "DT_REL", "has relocations without addends"},
};

static enum err refuse_tags(const struct dynamic *dynamic, const char *name)
{
    for (uint32_t i = 0; i < ARRAY_LENGTH(refused_tags); i++)
        if (dynamic->value[refused_tags[i].tag])
            return fail(ERR_UNSUPPORTED, "%s %s (%s): link with -static-pie", name,
                        refused_tags[i].remedy, refused_tags[i].name);
    return OK;
}

static enum err check_table(const struct elf *elf, const char *tag, uint64_t virtual,
                            uint64_t bytes, uint64_t each, uint64_t expected)
{
    const char *name = elf->reader->name;

    if (bytes == 0)
        return OK;
    if (each != expected)
        return fail(ERR_FORMAT, "%s: %sENT is %lu, not %lu", name, tag, each, expected);
    if (bytes % each)
        return fail(ERR_FORMAT, "%s: %sSZ is %lu, not a multiple of %lu", name, tag, bytes, each);
    if (!elf_segment_at(elf, virtual, bytes))
        return fail(ERR_FORMAT, "%s: %s %lXh with %lXh bytes lies in no segment", name, tag,
                    virtual, bytes);
    return OK;
}

static enum err take_tables(const struct dynamic *dynamic, struct elf *elf)
{
    const uint64_t *value = dynamic->value;

    TRY(check_table(elf, "DT_RELA", value[DT_RELA], value[DT_RELASZ], value[DT_RELAENT],
                    sizeof(struct elf_rela)));
    TRY(check_table(elf, "DT_PLTREL", value[DT_JMPREL], value[DT_PLTRELSZ],
                    value[DT_PLTREL] == DT_RELA ? sizeof(struct elf_rela) : 0,
                    sizeof(struct elf_rela)));
    TRY(check_table(elf, "DT_RELR", value[DT_RELR], value[DT_RELRSZ], value[DT_RELRENT],
                    sizeof(uint64_t)));
    if (value[DT_SYMTAB] && value[DT_SYMENT] != sizeof(struct elf_sym))
        return fail(ERR_FORMAT, "%s: DT_SYMENT is %lu, not %lu", elf->reader->name,
                    value[DT_SYMENT], sizeof(struct elf_sym));
    elf->symtab_virtual = value[DT_SYMTAB];
    elf->rela_virtual = value[DT_RELA];
    elf->rela_count = value[DT_RELASZ] / sizeof(struct elf_rela);
    elf->plt_virtual = value[DT_JMPREL];
    elf->plt_count = value[DT_PLTRELSZ] / sizeof(struct elf_rela);
    elf->relr_virtual = value[DT_RELR];
    elf->relr_count = value[DT_RELRSZ] / sizeof(uint64_t);
    return OK;
}

static enum err read_tags(const struct elf_file *file, uint32_t index, struct dynamic *dynamic)
{
    uint64_t count = file->programs[index].p_filesz / sizeof(struct elf_dynamic);
    uint8_t *bytes;

    *dynamic = (struct dynamic){0};
    TRY(elf_read_program(file, index, &bytes));
    for (uint64_t i = 0; i < count; i++) {
        struct elf_dynamic entry;

        memcpy(&entry, bytes + i * sizeof entry, sizeof entry);
        if (entry.d_tag == DT_NULL)
            break;
        if (entry.d_tag < ARRAY_LENGTH(dynamic->value))
            dynamic->value[entry.d_tag] = entry.d_val;
        else if (entry.d_tag == DT_FLAGS_1)
            dynamic->flags_1 = entry.d_val;
    }
    return OK;
}

/* GNU ld calls a static PIE ET_EXEC when it is linked anywhere but at 0, as every kernel in the
 * upper half is; that it can be moved only DF_1_PIE then tells. */
static enum err read_dynamic(const struct elf_file *file, uint32_t index, struct elf *elf)
{
    struct dynamic dynamic;

    TRY(read_tags(file, index, &dynamic));
    if (dynamic.flags_1 & DF_1_PIE)
        elf->relocatable = true;
    if (!elf->relocatable)
        return OK;
    TRY(refuse_tags(&dynamic, file->reader->name));
    return take_tables(&dynamic, elf);
}

enum err elf_read_dynamic(const struct elf_file *file, struct elf *elf)
{
    for (uint32_t i = 0; i < file->header.e_phnum; i++)
        if (file->programs[i].p_type == PT_DYNAMIC && file->programs[i].p_filesz)
            return read_dynamic(file, i, elf);
    return OK;
}
