/* PT_DYNAMIC of a static PIE: where its relative relocations lie, and that it needs nothing
 * else. */
#include "common/format/elf_parts.h"
#include "common/lib/mem.h"

/* One value for each low tag; all that concern relocation are below this. */
struct dynamic {
    uint64_t value[DT_RELRENT + 1];
    uint64_t flags_1;
    uint64_t strange; /* the first tag that is not known as harmless; 0: none */
};

/* Tags that are understood, or without which an image runs as well: symbols, initialisers, names
 * and versions. DT_TEXTREL is among them: relocations come before the pages are made read-only. */
static const struct {
    uint64_t first, last;
} harmless_tags[] = {
    {DT_PLTRELSZ, 16},        {19, 30}, {32, DT_RELRENT}, {39, 39}, /* DT_SYMTABSZ */
    {0x6ffffdf4, 0x6ffffdf5}, /* DT_GNU_FLAGS_1, DT_GNU_PRELINKED */
    {0x6ffffdf8, 0x6ffffdf8}, /* DT_CHECKSUM */
    {0x6ffffef5, 0x6ffffef7}, /* DT_GNU_HASH, DT_TLSDESC_PLT, DT_TLSDESC_GOT */
    {0x6ffffff0, 0x6ffffff0}, /* DT_VERSYM */
    {0x6ffffff9, 0x6fffffff}, /* DT_RELACOUNT to DT_VERNEEDNUM */
    {0x70000000, 0x70000003}, /* DT_X86_64_PLT, -PLTSZ, -PLTENT */
};

/* With any other one a file might run unrelocated. What is known of them: */
static const struct {
    uint64_t first, last;
    const char *name, *what, *remedy;
} strange_tags[] = {
    {DT_NEEDED, DT_NEEDED, "DT_NEEDED", "needs a shared library", "-static-pie"},
    {DT_REL, DT_RELSZ, "DT_REL", "has relocations without addends", "-static-pie"},
    {0x6000000f, 0x60000012, "DT_ANDROID_RELA", "has packed relocations",
     "--pack-dyn-relocs=relr, or none"},
    {0x6fffe000, 0x6fffe003, "DT_ANDROID_RELR", "has packed relocations",
     "--pack-dyn-relocs=relr and without --use-android-relr-tags"},
};

static bool is_harmless(uint64_t tag)
{
    for (uint32_t i = 0; i < ARRAY_LENGTH(harmless_tags); i++)
        if (tag >= harmless_tags[i].first && tag <= harmless_tags[i].last)
            return true;
    return false;
}

static enum err refuse_strange(uint64_t tag, const char *name)
{
    for (uint32_t i = 0; i < ARRAY_LENGTH(strange_tags); i++)
        if (tag >= strange_tags[i].first && tag <= strange_tags[i].last)
            return fail(ERR_UNSUPPORTED, "%s %s (%s): link with %s", name, strange_tags[i].what,
                        strange_tags[i].name, strange_tags[i].remedy);
    return fail(ERR_UNSUPPORTED,
                "%s has the dynamic tag %lXh, which Lintel does not know: it may be for "
                "relocations; link with -static-pie",
                name, tag);
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

static enum err read_tags(struct elf_file *file, uint32_t index, struct dynamic *dynamic)
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
        if (!dynamic->strange && !is_harmless(entry.d_tag))
            dynamic->strange = entry.d_tag;
        if (entry.d_tag < ARRAY_LENGTH(dynamic->value))
            dynamic->value[entry.d_tag] = entry.d_val;
        else if (entry.d_tag == DT_FLAGS_1)
            dynamic->flags_1 = entry.d_val;
    }
    return OK;
}

/* GNU ld calls a static PIE ET_EXEC when it is linked anywhere but at 0, as every kernel in the
 * upper half is; that it can be moved only DF_1_PIE then tells. */
static enum err read_dynamic(struct elf_file *file, uint32_t index, struct elf *elf)
{
    struct dynamic dynamic;

    TRY(read_tags(file, index, &dynamic));
    if (dynamic.flags_1 & DF_1_PIE)
        elf->relocatable = true;
    if (!elf->relocatable)
        return OK;
    if (dynamic.strange)
        return refuse_strange(dynamic.strange, file->reader->name);
    return take_tables(&dynamic, elf);
}

enum err elf_read_dynamic(struct elf_file *file, struct elf *elf)
{
    for (uint32_t i = 0; i < file->header.e_phnum; i++)
        if (file->programs[i].p_type == PT_DYNAMIC && file->programs[i].p_filesz)
            return read_dynamic(file, i, elf);
    return OK;
}
