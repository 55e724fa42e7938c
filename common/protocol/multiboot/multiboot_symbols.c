/* What of its own symbols does a kernel get? Section headers, and the sections in no segment. */
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
    uint64_t flags, offset, bytes, alignment;
};

static struct section describe(const struct multiboot_sections *sections, uint8_t *header)
{
    if (sections->wide)
        return (struct section){header + 16,         load32(header + 4),  load64(header + 8),
                                load64(header + 24), load64(header + 32), load64(header + 48)};
    return (struct section){header + 12,         load32(header + 4),  load32(header + 8),
                            load32(header + 16), load32(header + 20), load32(header + 32)};
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

/* Where a section goes in the region for all of them; the next one follows behind it. */
static uint64_t place(const struct section *section, uint64_t *next)
{
    uint64_t alignment = is_power_of_two(section->alignment) ? section->alignment : 1;
    uint64_t at = align_up(*next, MIN(alignment, PAGE_BYTES));
    *next = at + section->bytes;
    return at;
}

/* Sections lie side by side in a file: those that need more room than it has share bytes, and could
 * ask for the whole file 65,535 times. */
static enum err list_parts(const struct multiboot_image *image, uint8_t *headers,
                           struct region_part *parts, struct region *region)
{
    const struct multiboot_sections *sections = &image->sections;
    uint64_t end;

    for (uint32_t i = 0; i < sections->count; i++) {
        struct section section = describe(sections, headers + i * sections->each_bytes);
        if (!is_loose(&section))
            continue;
        if (add_wraps(section.offset, section.bytes, &end) || end > image->reader->bytes)
            return fail(ERR_FORMAT, "section %u passes the end of the file", i);
        parts[region->part_count++] = (struct region_part){
            image->reader, section.offset, section.bytes, place(&section, &region->bytes)};
        if (region->bytes > image->reader->bytes)
            return fail(ERR_FORMAT, "sections overlap in the file");
    }
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

static enum err read_parts(const struct multiboot_image *image, struct arena *arena,
                           uint8_t **headers, struct region *region)
{
    struct region_part *parts;

    TRY(read_headers(image, arena, headers));
    TRY(ARENA_TAKE(arena, image->sections.count, &parts));
    region->parts = parts;
    return list_parts(image, *headers, parts, region);
}

enum err multiboot_wish_for_symbols(struct attempt *attempt, struct multiboot *multiboot)
{
    const struct multiboot_image *image = &multiboot->image;
    const struct multiboot_sections *sections = &image->sections;
    struct region region = {.name = "symbols",
                            .type = LINTEL_MEMORY_KERNEL,
                            .windows = {{.first = MIB, .end = MULTIBOOT_END}},
                            .window_count = 1};
    uint8_t *headers;

    if (!sections->count)
        return OK;
    if (read_parts(image, &attempt->machine->arena, &headers, &region) != OK) {
        note("%s: its section headers are left out: %s\n", image->reader->name, err_message());
        return OK;
    }
    multiboot->symbols_region = attempt->wishes.region_count;
    wishes_add(&attempt->wishes, region);
    multiboot->info.symbols =
        (struct multiboot_symbols){headers, sections->count, sections->each_bytes, sections->names};
    return OK;
}

void multiboot_finish_symbols(const struct attempt *attempt, struct multiboot *multiboot)
{
    const struct multiboot_sections *sections = &multiboot->image.sections;
    const struct multiboot_symbols *symbols = &multiboot->info.symbols;

    if (!symbols->count)
        return;
    uint64_t next = attempt_place(attempt, multiboot->symbols_region)->physical;
    for (uint32_t i = 0; i < symbols->count; i++) {
        struct section section = describe(sections, symbols->headers + i * symbols->each_bytes);
        if (is_loose(&section))
            set_address(sections, &section, place(&section, &next));
    }
}
