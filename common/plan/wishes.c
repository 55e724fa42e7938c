/* How a protocol writes down what it wishes. */
#include "common/plan/wishes.h"
#include "common/lib/mem.h"

enum err wishes_begin(struct wishes *wishes, uint64_t most, struct arena *arena)
{
    wishes->region_count = 0;
    return ARENA_TAKE(arena, most, &wishes->regions);
}

struct region *wishes_add(struct wishes *wishes, struct region region)
{
    struct region *added = &wishes->regions[wishes->region_count++];
    *added = region;
    return added;
}

enum err wishes_add_file(struct wishes *wishes, const struct reader *reader, struct region region,
                         struct arena *arena)
{
    struct region_part *part;

    TRY(ARENA_TAKE(arena, 1, &part));
    *part = (struct region_part){reader, 0, reader->bytes, 0};
    region.parts = part;
    region.part_count = 1;
    region.bytes = MAX(region.bytes, reader->bytes);
    if (!region.name)
        region.name = reader->name;
    wishes_add(wishes, region);
    return OK;
}

enum err wishes_elf_parts(const struct elf *elf, struct arena *arena, struct region *region)
{
    struct region_part *parts;

    TRY(ARENA_TAKE(arena, elf->segment_count, &parts));
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        const struct elf_segment *segment = &elf->segments[i];
        parts[i] = (struct region_part){elf->reader, segment->file_offset, segment->file_bytes,
                                        segment->virtual - elf->first};
    }
    region->parts = parts;
    region->part_count = elf->segment_count;
    region->bytes = elf->end - elf->first;
    region->zeroed = true;
    return OK;
}
