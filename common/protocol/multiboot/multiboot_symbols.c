/* What of its own symbols does a kernel get? Section headers, and the part of its file with the
 * sections that are in no segment. */
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/protocol/multiboot/multiboot.h"

#define SHT_NULL   0
#define SHT_NOBITS 8
#define SHF_ALLOC  2

/* One section header, of either class. */
struct section {
    uint8_t *address;
    uint32_t type;
    uint64_t flags, offset, bytes;
};

static struct section describe(const struct multiboot_sections *sections, uint8_t *header)
{
    if (sections->wide)
        return (struct section){header + 16, load32(header + 4), load64(header + 8),
                                load64(header + 24), load64(header + 32)};
    return (struct section){header + 12, load32(header + 4), load32(header + 8),
                            load32(header + 16), load32(header + 20)};
}

static void set_address(const struct multiboot_sections *sections, const struct section *section,
                        uint64_t address)
{
    memcpy(section->address, &address, sections->wide ? 8 : 4);
}

static bool is_loose(const struct section *section)
{
    return section->type != SHT_NULL && section->type != SHT_NOBITS &&
           !(section->flags & SHF_ALLOC) && section->bytes;
}

/* The part of the file with all of them, from a page's begin on, which keeps their alignment: so
 * none is read twice, however many section headers name the same bytes. */
static enum err find_span(const struct multiboot_image *image, uint8_t *headers,
                          struct region_part *span)
{
    const struct multiboot_sections *sections = &image->sections;
    uint64_t first = UINT64_MAX, last_end = 0, end;

    for (uint32_t i = 0; i < sections->count; i++) {
        struct section section = describe(sections, headers + i * sections->each_bytes);
        if (!is_loose(&section))
            continue;
        if (add_wraps(section.offset, section.bytes, &end) || end > image->reader->bytes)
            return fail(ERR_FORMAT, "section %u passes the end of the file", i);
        first = MIN(first, align_down(section.offset, PAGE_BYTES));
        last_end = MAX(last_end, end);
    }
    *span = (struct region_part){image->reader, first, last_end ? last_end - first : 0, 0};
    return OK;
}

static enum err read_headers(const struct multiboot_image *image, struct arena *arena,
                             uint8_t **headers)
{
    const struct multiboot_sections *sections = &image->sections;
    uint64_t bytes = (uint64_t)sections->count * sections->each_bytes, end;

    if (add_wraps(sections->offset, bytes, &end) || end > image->reader->bytes)
        return fail(ERR_FORMAT, "they pass the end of the file");
    TRY(arena_take(arena, bytes, (void **)headers));
    return reader_read(image->reader, sections->offset, bytes, *headers);
}

static enum err find(struct multiboot *multiboot, struct arena *arena, uint8_t **headers)
{
    TRY(read_headers(&multiboot->image, arena, headers));
    return find_span(&multiboot->image, *headers, &multiboot->symbols);
}

void multiboot_wish_for_symbols(struct attempt *attempt, struct multiboot *multiboot)
{
    const struct multiboot_sections *sections = &multiboot->image.sections;
    struct region_part *span = &multiboot->symbols;
    uint8_t *headers;

    if (!sections->count)
        return;
    if (find(multiboot, &attempt->machine->arena, &headers) != OK) {
        note("%s: its section headers are left out: %s\n", multiboot->image.reader->name,
             err_message());
        return;
    }
    multiboot->symbols_region = attempt->wishes.region_count;
    wishes_add(&attempt->wishes, (struct region){.name = "symbols",
                                                 .bytes = span->bytes,
                                                 .type = LINTEL_MEMORY_KERNEL,
                                                 .windows = {{.first = MIB, .end = MULTIBOOT_END}},
                                                 .window_count = 1,
                                                 .parts = span,
                                                 .part_count = 1});
    multiboot->info.symbols =
        (struct multiboot_symbols){headers, sections->count, sections->each_bytes, sections->names};
}

void multiboot_finish_symbols(const struct attempt *attempt, struct multiboot *multiboot)
{
    const struct multiboot_sections *sections = &multiboot->image.sections;
    const struct multiboot_symbols *symbols = &multiboot->info.symbols;

    if (!symbols->count)
        return;
    uint64_t physical = attempt_place(attempt, multiboot->symbols_region)->physical;
    for (uint32_t i = 0; i < symbols->count; i++) {
        struct section section = describe(sections, symbols->headers + i * symbols->each_bytes);
        if (is_loose(&section))
            set_address(sections, &section, physical + section.offset - multiboot->symbols.offset);
    }
}
