/* Puts an image into memory and relocates it. */
#include "common/format/elf_parts.h"
#include "common/lib/mem.h"

/* An image on its way to its place. */
struct loading {
    const struct elf *elf;
    uint8_t *to;
    uint64_t slide;
};

/* File bytes are written once, by the read itself; only what no file byte covers is zeroed. */
static enum err load_segments(const struct elf *elf, uint8_t *to)
{
    uint8_t *done = to;

    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *segment = &elf->segments[i];
        uint8_t *place = to + (segment->virtual - elf->first);

        memset(done, 0, (uint64_t)(place - done));
        if (segment->file_bytes)
            TRY(reader_read(elf->reader, segment->file_offset, segment->file_bytes, place));
        done = place + segment->file_bytes;
    }
    memset(done, 0, (uint64_t)(to + (elf->end - elf->first) - done));
    return OK;
}

/* Where the 8 bytes to relocate at a link address lie. */
static enum err find_target(const struct loading *loading, uint64_t virtual, uint8_t **target)
{
    const struct elf *elf = loading->elf;

    if (!elf_segment_at(elf, virtual, sizeof(uint64_t)))
        return fail(ERR_FORMAT, "%s: a relocation at %lXh lies in no segment", elf->reader->name,
                    virtual);
    *target = loading->to + (virtual - elf->first);
    return OK;
}

/* The address of a relocation's symbol. Weak ones that nobody defines are 0. */
static enum err find_symbol(const struct loading *loading, const struct elf_rela *rela,
                            uint64_t *value)
{
    const struct elf *elf = loading->elf;
    uint64_t virtual = elf->symtab_virtual + (rela->r_info >> 32) * sizeof(struct elf_sym);
    struct elf_sym sym;

    if (!elf->symtab_virtual || !elf_segment_at(elf, virtual, sizeof sym))
        return fail(ERR_FORMAT, "%s: the symbol of the relocation at %lXh lies in no segment",
                    elf->reader->name, rela->r_offset);
    memcpy(&sym, loading->to + (virtual - elf->first), sizeof sym);
    if (sym.st_shndx == SHN_UNDEF && rela->r_info >> 32 && sym.st_info >> 4 != STB_WEAK)
        return fail(ERR_UNSUPPORTED, "%s: the relocation at %lXh needs an undefined symbol",
                    elf->reader->name, rela->r_offset);
    *value = sym.st_value;
    if (sym.st_shndx != SHN_UNDEF && sym.st_shndx != SHN_ABS)
        *value += loading->slide;
    return OK;
}

static enum err find_value(const struct loading *loading, const struct elf_rela *rela,
                           uint64_t *value)
{
    uint32_t type = (uint32_t)rela->r_info;

    *value = loading->slide;
    switch (type) {
    case R_X86_64_64:
        TRY(find_symbol(loading, rela, value));
        /* fall through */
    case R_X86_64_RELATIVE:
        *value += rela->r_addend;
        return OK;
    case R_X86_64_GLOB_DAT:
    case R_X86_64_JUMP_SLOT:
        return find_symbol(loading, rela, value);
    default:
        return fail(ERR_UNSUPPORTED,
                    "%s: the relocation at %lXh has type %u, which no static PIE has: link with "
                    "-static-pie and without undefined symbols",
                    loading->elf->reader->name, rela->r_offset, type);
    }
}

static enum err apply_rela(const struct loading *loading, const struct elf_rela *rela)
{
    uint64_t value;
    uint8_t *target;

    /* ld leaves these behind for relocations that it relaxed away */
    if ((uint32_t)rela->r_info == R_X86_64_NONE)
        return OK;
    TRY(find_value(loading, rela, &value));
    TRY(find_target(loading, rela->r_offset, &target));
    memcpy(target, &value, sizeof value);
    return OK;
}

static enum err apply_relas(const struct loading *loading, uint64_t virtual, uint64_t count)
{
    const uint8_t *table = loading->to + (virtual - loading->elf->first);

    for (uint64_t i = 0; i < count; i++) {
        struct elf_rela rela;

        memcpy(&rela, table + i * sizeof rela, sizeof rela);
        TRY(apply_rela(loading, &rela));
    }
    return OK;
}

static enum err apply_relative(const struct loading *loading, uint64_t virtual)
{
    uint8_t *target;
    uint64_t value;

    TRY(find_target(loading, virtual, &target));
    value = load64(target) + loading->slide;
    memcpy(target, &value, sizeof value);
    return OK;
}

/* An odd word is a bitmap: bit n + 1 relocates the nth of the next 63 words. */
static enum err apply_bitmap(const struct loading *loading, uint64_t bitmap, uint64_t virtual)
{
    for (uint64_t bits = bitmap >> 1; bits; bits >>= 1) {
        if (bits & 1)
            TRY(apply_relative(loading, virtual));
        virtual += sizeof(uint64_t);
    }
    return OK;
}

/* DT_RELR (gABI 4.3 draft of 2022, "Relative relocation table"): an even word is an address to
 * relocate, odd words say which of the words behind it to relocate too. */
static enum err apply_relrs(const struct loading *loading)
{
    const struct elf *elf = loading->elf;
    const uint8_t *table = loading->to + (elf->relr_virtual - elf->first);
    uint64_t next = 0;

    for (uint64_t i = 0; i < elf->relr_count; i++) {
        uint64_t word = load64(table + i * sizeof word);

        if (word & 1) {
            TRY(apply_bitmap(loading, word, next));
            next += 63 * sizeof word;
        } else {
            TRY(apply_relative(loading, word));
            next = word + sizeof word;
        }
    }
    return OK;
}

enum err elf_relocate(const struct elf *elf, uint8_t *to, uint64_t slide)
{
    struct loading loading = {elf, to, slide};

    if (elf->rela_count)
        TRY(apply_relas(&loading, elf->rela_virtual, elf->rela_count));
    if (elf->plt_count)
        TRY(apply_relas(&loading, elf->plt_virtual, elf->plt_count));
    if (elf->relr_count)
        TRY(apply_relrs(&loading));
    return OK;
}

enum err elf_load(const struct elf *elf, uint8_t *to, uint64_t slide)
{
    TRY(load_segments(elf, to));
    return elf_relocate(elf, to, slide);
}
