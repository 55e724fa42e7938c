/* Why is a file no Multiboot kernel that was meant to be one? */
#include "common/format/elf.h"
#include "common/format/elf_format.h"
#include "common/lib/mem.h"
#include "common/protocol/multiboot/multiboot.h"

#define LOOK_BYTES (4 * MIB) /* linkers that align segments to 2 MiB put a late header there */

static const struct version {
    const char *name;
    uint32_t magic, alignment, search,
        words; /* words: of the part with the checksum, which is last */
} versions[] = {
    {"Multiboot", 0x1badb002, 4, MULTIBOOT1_SEARCH_BYTES, 3},
    {"Multiboot2", 0xe85250d6, 8, MULTIBOOT2_SEARCH_BYTES, 4},
};

static uint32_t right_checksum(const struct version *version, const uint8_t *at)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i + 1 < version->words; i++)
        sum += load32(at + 4 * i);
    return -sum;
}

/* One whose checksum is right is no chance. One whose checksum is not counts where it would be
 * found; small flags, or i386, and a short length follow its magic. */
static enum err explain_magic(const struct version *version, const char *name, const uint8_t *at,
                              uint64_t offset)
{
    uint32_t sum = load32(at + 4 * (version->words - 1)), right = right_checksum(version, at);
    bool is_aligned = offset % version->alignment == 0;
    bool is_early = offset + 4 * version->words <= version->search;

    if (sum != right && !(is_aligned && is_early && load32(at + 4) <= 0x1ffff))
        return OK;
    if (sum != right)
        return fail(ERR_FORMAT,
                    "%s: the checksum of its %s header at %lXh is %Xh, but %Xh would be right",
                    name, version->name, offset, sum, right);
    if (!is_aligned)
        return fail(ERR_FORMAT, "%s: its %s header at %lXh is not aligned to %u bytes", name,
                    version->name, offset, version->alignment);
    return fail(ERR_FORMAT,
                "%s: its %s header at %lXh does not end in the first %u KiB of the file: the "
                "linker script must put it first",
                name, version->name, offset, version->search / 1024);
}

static enum err explain(const struct version *version, const struct candidate *file, uint8_t *bytes,
                        uint64_t count)
{
    uint64_t fixed = 4 * version->words;

    TRY(reader_read(file->reader, 0, count, bytes));
    for (uint64_t at = 0; at + fixed <= count; at++)
        if (load32(bytes + at) == version->magic)
            TRY(explain_magic(version, file->reader->name, bytes + at, at));
    return OK;
}

enum err multiboot_explain(const struct candidate *file, uint32_t version)
{
    struct arena_mark mark = arena_mark(file->arena);
    uint64_t count = MIN(file->reader->bytes, LOOK_BYTES);
    uint8_t *bytes;

    TRY(arena_take(file->arena, count, (void **)&bytes));
    enum err err = explain(&versions[version - 1], file, bytes, count);
    arena_reset(file->arena, mark);
    if (err == OK && version == 1 && elf_recognise(file->head, file->head_bytes) &&
        file->head_bytes > EI_CLASS && file->head[EI_CLASS] != ELFCLASS64)
        return fail(ERR_FORMAT,
                    "%s is no 64-bit ELF file: such are booted as Multiboot kernels, but in the "
                    "first 8 KiB is no Multiboot header, and in the first 32 KiB no Multiboot2 "
                    "header",
                    file->reader->name);
    return err;
}
