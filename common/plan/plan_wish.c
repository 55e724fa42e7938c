/* A kernel that chooses its own place in physical memory. */
#include "common/lib/mem.h"
#include "common/plan/plan.h"

/* The image is one piece: its segments must be as far apart in physical memory as in virtual. */
static enum err find_place_in_file(const struct elf *kernel, uint64_t *physical)
{
    const struct elf_segment *segments = kernel->segments;
    uint64_t distance = segments[0].physical - segments[0].virtual, end;
    for (uint32_t i = 1; i < kernel->segment_count; i++)
        if (segments[i].physical - segments[i].virtual != distance)
            return fail(ERR_UNSUPPORTED,
                        "%s: asks for its physical addresses, but the segments at %lXh and %lXh are "
                        "not as far apart in them (p_paddr %lXh and %lXh)",
                        kernel->source->name, segments[0].virtual, segments[i].virtual,
                        segments[0].physical, segments[i].physical);
    *physical = kernel->first + distance;
    if (*physical % PAGE_BYTES || add_wraps(*physical, kernel->end - kernel->first, &end))
        return fail(ERR_UNSUPPORTED,
                    "%s: asks for its physical addresses, but p_paddr %lXh is not whole pages away "
                    "from p_vaddr %lXh",
                    kernel->source->name, segments[0].physical, segments[0].virtual);
    return OK;
}

/* What the first piece of [first, end) that is not free is; NULL: all is free. */
static const char *find_obstacle(const struct plan_request *request, const struct memmap *free,
                                 uint64_t first, uint64_t end, uint64_t *at)
{
    *at = first;
    for (uint64_t i = 0; i < free->count && *at < end; i++) {
        const struct memmap_range *range = &free->ranges[i];
        if (range->last < *at)
            continue;
        if (range->first > *at)
            return "no memory";
        if (range->type != LINTEL_MEMORY_USABLE)
            return memmap_find_highest(request->map, PAGE_BYTES, PAGE_BYTES, *at, *at + PAGE_BYTES,
                                       at) == OK
                       ? "the loader's own until the kernel runs"
                       : memmap_type_name(range->type);
        *at = range->last + 1;
    }
    return *at < end ? "no memory" : NULL;
}

enum err plan_find_wished_place(const struct plan_request *request, const struct memmap *free,
                                uint64_t *physical)
{
    const struct elf *kernel = request->kernel;
    uint64_t at;
    TRY(find_place_in_file(kernel, physical));
    uint64_t end = *physical + (kernel->end - kernel->first);
    const char *obstacle = find_obstacle(request, free, *physical, end, &at);
    if (obstacle || end > request->reachable_end)
        return fail(ERR_NO_MEMORY, "%s: asks for physical %lXh to %lXh, but %lXh is %s",
                    kernel->source->name, (unsigned long)*physical, end,
                    obstacle ? at : request->reachable_end,
                    obstacle ? obstacle : "out of the loader's reach");
    return OK;
}
