/* What of the kernel's file goes where. */
#include "common/lib/mem.h"
#include "common/protocol/multiboot/multiboot.h"

#define LOAD_WHOLE_FILE UINT32_MAX /* Multiboot2, 3.1.5: as load_addr */

/* Insertion: the order in the file is nearly always right. */
static void sort(struct multiboot_segment *segments, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        struct multiboot_segment moving = segments[i];
        uint32_t at = i;
        for (; at && segments[at - 1].physical > moving.physical; at--)
            segments[at] = segments[at - 1];
        segments[at] = moving;
    }
}

enum err multiboot_sort_segments(struct multiboot_image *image)
{
    struct multiboot_segment *segments = image->segments;
    uint32_t count = image->segment_count;

    if (!count)
        return fail(ERR_FORMAT, "%s: there is nothing to load in it", image->reader->name);
    sort(segments, count);
    for (uint32_t i = 1; i < count; i++)
        if (segments[i].physical - segments[i - 1].physical < segments[i - 1].bytes)
            return fail(ERR_FORMAT,
                        "%s: its segments at %lXh and %lXh overlap in physical memory (p_paddr)",
                        image->reader->name, segments[i - 1].physical, segments[i].physical);
    image->first = segments[0].physical;
    image->end = segments[count - 1].physical + segments[count - 1].bytes;
    return OK;
}

/* ---- a flat file with address fields --------------------------------------------------------- */

/* Where in the file the byte for load_addr stands. */
static enum err find_start(const struct multiboot_header *header, const char *name,
                           uint64_t *physical, uint64_t *offset)
{
    uint64_t before = header->header_address - header->load_address;

    *physical = header->load_address;
    *offset = header->offset - before;
    if (header->load_address == LOAD_WHOLE_FILE) {
        before = header->offset;
        *physical = header->header_address - before;
        *offset = 0;
    } else if (header->load_address > header->header_address) {
        return fail(ERR_FORMAT, "%s: load_addr %Xh is above header_addr %Xh", name,
                    header->load_address, header->header_address);
    }
    if (before > header->offset || before > header->header_address)
        return fail(ERR_FORMAT,
                    "%s: header_addr %Xh and load_addr %Xh say that loading starts %lu bytes "
                    "before the header, which is %lu bytes into the file",
                    name, header->header_address, header->load_address, before, header->offset);
    return OK;
}

/* Sizes from the end addresses, of which 0 means: the file's end, and no more memory than that. */
static enum err find_sizes(const struct multiboot_header *header, const struct reader *reader,
                           struct multiboot_segment *segment)
{
    uint64_t end = segment->physical + (reader->bytes - segment->file_offset);
    if (header->load_end)
        end = header->load_end;
    uint64_t memory_end = header->bss_end ? header->bss_end : end;

    if (end <= segment->physical || memory_end < end)
        return fail(ERR_FORMAT,
                    "%s: load_addr %lXh, load_end_addr %lXh, bss_end_addr %lXh are not in order",
                    reader->name, segment->physical, end, memory_end);
    if (end - segment->physical > reader->bytes - segment->file_offset)
        return fail(ERR_FORMAT,
                    "%s: load_end_addr %lXh asks for %lu bytes from offset %lu, but the file has "
                    "%lu: is it truncated?",
                    reader->name, end, end - segment->physical, segment->file_offset,
                    reader->bytes);
    if (memory_end > MULTIBOOT_END)
        return fail(ERR_UNSUPPORTED, "%s: its end at %lXh passes 4 GiB", reader->name, memory_end);
    segment->file_bytes = end - segment->physical;
    segment->bytes = memory_end - segment->physical;
    return OK;
}

static enum err parse_flat(const struct multiboot_header *header, struct arena *arena,
                           struct multiboot_image *image)
{
    const char *name = image->reader->name;
    if (!header->has_entry)
        return fail(ERR_FORMAT,
                    "%s: its Multiboot2 header has an address tag, but no entry address tag", name);
    TRY(ARENA_TAKE(arena, 1, &image->segments));
    struct multiboot_segment *segment = image->segments;
    TRY(find_start(header, name, &segment->physical, &segment->file_offset));
    TRY(find_sizes(header, image->reader, segment));
    segment->virtual = segment->physical;
    image->segment_count = 1;
    return multiboot_sort_segments(image);
}

/* ---- both ------------------------------------------------------------------------------------ */

static enum err check_entry(const struct multiboot_image *image)
{
    for (uint32_t i = 0; i < image->segment_count; i++)
        if (image->entry - image->segments[i].physical < image->segments[i].bytes)
            return OK;
    return fail(ERR_FORMAT,
                "%s: its entry point %lXh is in none of its segments: does ENTRY in the linker "
                "script name a symbol of the kernel?",
                image->reader->name, image->entry);
}

enum err multiboot_image_parse(const struct reader *reader, const struct multiboot_header *header,
                               struct arena *arena, struct multiboot_image *image)
{
    struct multiboot_image found = {.reader = reader};
    if (header->has_addresses)
        TRY(parse_flat(header, arena, &found));
    else
        TRY(multiboot_elf_parse(&found, arena));
    if (header->has_entry)
        found.entry = header->entry;
    TRY(check_entry(&found));
    *image = found;
    return OK;
}
