/* Any bytes as a Multiboot kernel: what is accepted keeps its promises, and can be loaded and have
 * its sections loaded. Half of the inputs get a header with a right checksum, which is hard to
 * guess. */
#include "common/lib/mem.h"
#include "common/protocol/multiboot/multiboot.h"
#include <stdlib.h>

#define HEADER_AT      64
#define MAGIC_2        0xe85250d6u
#define MAGIC_1        0x1badb002u
#define SPAN_BYTES_MAX (1 * MIB)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static uint8_t file[64 * KIB];

static void must(bool holds)
{
    if (!holds)
        abort();
}

static enum err grow(uint64_t pages, uint64_t *physical)
{
    void *memory = aligned_alloc(PAGE_BYTES, pages * PAGE_BYTES);

    if (!memory)
        return ERR_NO_MEMORY;
    *physical = (uintptr_t)memory;
    return OK;
}

static void put(uint32_t at, uint32_t value)
{
    memcpy(file + at, &value, sizeof value);
}

static void mend(uint32_t magic)
{
    uint32_t sum_at = HEADER_AT + (magic == MAGIC_2 ? 12 : 8);
    put(HEADER_AT, magic);
    put(sum_at, 0);
    if (magic == MAGIC_2)
        put(HEADER_AT + 4, 0);
    put(sum_at, -(magic + load32(file + HEADER_AT + 4) +
                  (magic == MAGIC_2 ? load32(file + HEADER_AT + 8) : 0)));
}

static void check_segments(const struct multiboot_image *image, uint64_t size)
{
    uint64_t next = 0;
    bool has_entry = false;
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct multiboot_segment *segment = &image->segments[i];
        must(segment->bytes && segment->physical >= next);
        next = segment->physical + segment->bytes;
        must(next <= MULTIBOOT_END && segment->file_bytes <= segment->bytes);
        must(!segment->file_bytes || segment->file_offset + segment->file_bytes <= size);
        has_entry |= image->entry - segment->physical < segment->bytes;
    }
    must(has_entry && image->first == image->segments[0].physical && image->end == next);
}

/* Into exactly as much memory as the image spans. */
static void load(struct multiboot_image *image)
{
    uint64_t bytes = image->end - image->first;
    if (bytes > SPAN_BYTES_MAX)
        return;
    uint8_t *memory = malloc(bytes);
    for (uint32_t i = 0; i < image->segment_count; i++)
        image->segments[i].loaded_at =
            (uintptr_t)memory + (image->segments[i].physical - image->first);
    must(multiboot_load(image) == OK);
    free(memory);
}

static enum err no_map(struct raw_map *map, struct raw_map *busy)
{
    (void)map;
    (void)busy;
    return ERR_NO_MEMORY;
}

/* There is no memory to load them to: what is asked for is enough. */
static void load_symbols(const struct multiboot_image *image, struct arena *arena)
{
    const struct firmware firmware = {.memory_map = no_map};
    struct claims claims = {.firmware = &firmware, .arena = arena};
    struct multiboot_symbols symbols;
    if (multiboot_load_symbols(image, &claims, arena, &symbols) == OK)
        must(symbols.count <= image->sections.count);
}

static void check_header(const struct multiboot_header *header, uint64_t size)
{
    must(header->offset < size && header->offset % 4 == 0);
    must(!header->relocatable ||
         (is_power_of_two(header->alignment) && header->lowest <= header->highest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct multiboot_header header;
    struct multiboot_image image;

    size = MIN(size, sizeof file);
    memcpy(file, data, size);
    if (size > HEADER_AT + 16 && file[7] & 1)
        mend(file[7] & 2 ? MAGIC_2 : MAGIC_1);
    const struct source source = source_from_memory("fuzz", file, size);
    if (!arena.grow)
        arena_begin(&arena, grow);
    struct arena_mark mark = arena_mark(&arena);
    enum err err = multiboot2_parse(file, size, "fuzz", &header);
    must(err != OK || multiboot2_recognise(file, size));
    if (err != OK)
        err = multiboot1_parse(file, size, "fuzz", &header);
    if (err == OK) {
        check_header(&header, size);
        if (multiboot_image_parse(&source, &header, &arena, &image) == OK) {
            check_segments(&image, size);
            load(&image);
            load_symbols(&image, &arena);
        }
    }
    arena_reset(&arena, mark);
    return 0;
}
