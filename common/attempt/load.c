/* How do the files get to their places? Every byte of a boot that is read passes here. */
#include "common/attempt/attempt.h"
#include "common/lib/mem.h"

/* A region's bytes are written once, by the read itself; only what no part covers is zeroed. */
enum err attempt_load_region(const struct region *region, uint8_t *to)
{
    uint64_t done = 0;

    for (uint32_t i = 0; i < region->part_count; i++) {
        const struct region_part *part = &region->parts[i];
        if (!part->bytes) /* linkers place a lone .bss behind the end of the file */
            continue;
        if (part->at < done || part->at > region->bytes || part->bytes > region->bytes - part->at)
            return bug("%s: %lu bytes at %lXh of a place of %lu bytes", part->reader->name,
                       part->bytes, part->at, region->bytes);
        if (region->zeroed)
            memset(to + done, 0, part->at - done);
        TRY(reader_load(part->reader, part->offset, part->bytes, to + part->at));
        done = part->at + part->bytes;
    }
    if (region->zeroed)
        memset(to + done, 0, region->bytes - done);
    return OK;
}

static enum err load_resident(struct attempt *attempt)
{
    const struct plan *plan = &attempt->plan;

    return elf_load(&attempt->resident, at_physical(plan->places[PLACE_RESIDENT].physical),
                    plan->resident_virtual);
}

enum err attempt_load(struct attempt *attempt)
{
    const struct wishes *wishes = &attempt->wishes;
    const struct placement *stack = &attempt->plan.places[PLACE_STACK];

    for (uint64_t i = 0; i < wishes->region_count; i++)
        if (wishes->regions[i].bytes && !wishes->regions[i].is_trial)
            TRY(attempt_load_region(&wishes->regions[i],
                                    at_physical(attempt_place(attempt, i)->physical)));
    if (wishes->mode != ENTRY_KERNEL_TABLES)
        return OK;
    memset(at_physical(stack->physical), 0, stack->bytes);
    return load_resident(attempt);
}
