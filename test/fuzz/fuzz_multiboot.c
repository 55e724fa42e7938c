/* Any bytes as a Multiboot kernel: what is accepted keeps its promises, and its segments and
 * sections can be loaded to where it wishes them. Half of the inputs get a header with a right
 * checksum, which is hard to guess. */
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

/* Every part lies in its region and in the file, none twice. */
static uint64_t check_region(const struct region *region, uint64_t size)
{
    uint64_t done = 0;

    for (uint32_t i = 0; i < region->part_count; i++) {
        const struct region_part *part = &region->parts[i];
        if (!part->bytes)
            continue;
        must(part->at >= done && part->offset + part->bytes <= size);
        done = part->at + part->bytes;
    }
    must(done <= region->bytes);
    return region->bytes;
}

/* Into exactly as much memory as the regions have. */
static void load(struct attempt *attempt, struct multiboot *multiboot)
{
    const struct wishes *wishes = &attempt->wishes;
    uint64_t count = wishes->region_count;

    attempt->plan.places = calloc(PLACE_KERNEL + count, sizeof *attempt->plan.places);
    for (uint64_t i = 0; i < count; i++)
        attempt->plan.places[PLACE_KERNEL + i].physical =
            (uintptr_t)malloc(wishes->regions[i].bytes);
    must(attempt_load(attempt) == OK);
    multiboot_finish_symbols(attempt, multiboot);
    for (uint64_t i = 0; i < count; i++)
        free(at_physical(attempt->plan.places[PLACE_KERNEL + i].physical));
    free(attempt->plan.places);
}

static void wish(struct machine *machine, struct multiboot *multiboot)
{
    struct attempt attempt = {.machine = machine, .wishes.mode = ENTRY_PROTECTED};
    const struct multiboot_image *image = &multiboot->image;
    uint64_t bytes = 0;

    must(wishes_begin(&attempt.wishes, image->segment_count + 1u, &machine->arena) == OK);
    must(multiboot_wish_for_image(&attempt, multiboot) == OK);
    multiboot_wish_for_symbols(&attempt, multiboot);
    must(multiboot->info.symbols.count <= image->sections.count);
    must(!multiboot->info.symbols.count ||
         attempt.wishes.regions[multiboot->symbols_region].bytes <= image->reader->bytes);
    for (uint64_t i = 0; i < attempt.wishes.region_count; i++)
        bytes += check_region(&attempt.wishes.regions[i], image->reader->bytes);
    if (bytes <= SPAN_BYTES_MAX)
        load(&attempt, multiboot);
}

static void check_header(const struct multiboot_header *header, uint64_t size)
{
    must(header->offset < size && header->offset % 4 == 0);
    must(!header->relocatable ||
         (is_power_of_two(header->alignment) && header->lowest <= header->highest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct machine machine;
    struct arena *arena = &machine.arena;
    struct multiboot multiboot = {0};
    struct multiboot_header *header = &multiboot.header;

    size = MIN(size, sizeof file);
    memcpy(file, data, size);
    if (size > HEADER_AT + 16 && file[7] & 1)
        mend(file[7] & 2 ? MAGIC_2 : MAGIC_1);
    const struct reader reader = reader_from_memory("fuzz", file, size);
    const struct candidate candidate = {&reader, file, size, arena};
    if (!arena->grow)
        arena_begin(arena, grow);
    struct arena_mark mark = arena_mark(arena);
    enum err err = multiboot2_parse(file, size, "fuzz", header);
    must(err != OK || multiboot2_recognise(file, size));
    if (err != OK)
        err = multiboot1_parse(file, size, "fuzz", header);
    if (err == OK) {
        check_header(header, size);
        if (multiboot_image_parse(&reader, header, arena, &multiboot.image) == OK) {
            check_segments(&multiboot.image, size);
            wish(&machine, &multiboot);
        }
    }
    for (uint32_t version = 1; version <= 2; version++)
        multiboot_explain(&candidate, version);
    arena_reset(arena, mark);
    return 0;
}
