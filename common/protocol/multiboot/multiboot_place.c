/* Where may the kernel's segments lie: where they were linked, or anywhere that a relocatable
 * kernel allows? */
#include "common/lib/mem.h"
#include "common/protocol/multiboot/multiboot.h"

/* How many segments, from the first of these on, share pages or lie in neighbouring ones: they are
 * one region, up to `end`. */
static uint32_t count_run(const struct multiboot_segment *segments, uint32_t count, uint64_t *end)
{
    uint32_t next = 0;

    do {
        *end = segments[next].physical + segments[next].bytes;
        next++;
    } while (next < count && segments[next].physical <= align_up(*end, PAGE_BYTES));
    return next;
}

/* A region with these segments, from the first one's place on. */
static enum err make_region(const struct attempt *attempt, const struct multiboot_image *image,
                            uint32_t first, uint32_t count, struct region *region)
{
    const struct multiboot_segment *segments = image->segments + first;
    struct region_part *parts;

    TRY(ARENA_TAKE(&attempt->machine->arena, count, &parts));
    for (uint32_t i = 0; i < count; i++)
        parts[i] =
            (struct region_part){image->reader, segments[i].file_offset, segments[i].file_bytes,
                                 segments[i].physical - segments[0].physical};
    const struct multiboot_segment *last = &segments[count - 1];
    *region = (struct region){
        .name = image->reader->name,
        .bytes = last->physical + last->bytes - segments[0].physical,
        .type = LINTEL_MEMORY_KERNEL,
        .parts = parts,
        .part_count = count,
        .zeroed = true,
    };
    return OK;
}

static enum err wish_as_linked(struct attempt *attempt, const struct multiboot *multiboot)
{
    const struct multiboot_image *image = &multiboot->image;
    bool services = multiboot->info.efi_services;
    const char *advice =
        services ? "it runs while EFI boot services live, and needs a relocatable tag"
        : multiboot->header.version == 2 ? "link it elsewhere, or give its header a relocatable tag"
                                         : "link it elsewhere";
    uint64_t end;

    for (uint32_t i = 0, count; i < image->segment_count; i += count) {
        struct region region;
        count = count_run(image->segments + i, image->segment_count - i, &end);
        TRY(make_region(attempt, image, i, count, &region));
        region.fixed = true;
        region.moves = !services;
        region.target = image->segments[i].physical;
        region.advice = advice;
        wishes_add(&attempt->wishes, region);
    }
    return OK;
}

/* A kernel without a preference stays where it was linked, if that is free. Below 1 MiB is where
 * kernels start other processors. */
static void choose_windows(const struct multiboot *multiboot, struct region *region)
{
    const struct multiboot_header *header = &multiboot->header;
    const struct multiboot_image *image = &multiboot->image;
    uint64_t end = header->highest + UINT64_C(1), bytes = align_up(region->bytes, PAGE_BYTES);
    struct region_window *windows = region->windows;
    struct region_window allowed = {
        .first = header->highest >= 2 * MIB ? MAX(header->lowest, MIB) : header->lowest,
        .end = end,
        .alignment = MAX(header->alignment, PAGE_BYTES),
        .lowest = header->preference != PREFER_HIGHEST,
    };

    if (header->preference == PREFER_NONE && image->first >= header->lowest &&
        image->first + bytes <= end) {
        windows[region->window_count] = allowed;
        windows[region->window_count].first = image->first;
        windows[region->window_count++].end = image->first + bytes;
    }
    windows[region->window_count++] = allowed;
}

static enum err wish_anywhere(struct attempt *attempt, const struct multiboot *multiboot)
{
    struct region region;

    TRY(make_region(attempt, &multiboot->image, 0, multiboot->image.segment_count, &region));
    choose_windows(multiboot, &region);
    region.advice = "its relocatable tag allows no other";
    wishes_add(&attempt->wishes, region);
    return OK;
}

enum err multiboot_wish_for_image(struct attempt *attempt, const struct multiboot *multiboot)
{
    return multiboot->header.relocatable ? wish_anywhere(attempt, multiboot)
                                         : wish_as_linked(attempt, multiboot);
}
