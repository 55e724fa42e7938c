/* Memory for the kernel's segments: where they were linked, or anywhere that a relocatable kernel
 * allows. */
#include "common/lib/mem.h"
#include "common/protocol/multiboot/multiboot.h"

/* ---- where they were linked ------------------------------------------------------------------ */

/* How many segments, from the first of these on, share pages or lie in neighbouring ones: they take
 * one claim, up to `end`. */
static uint32_t count_run(const struct multiboot_segment *segments, uint32_t count, uint64_t *end)
{
    uint32_t next = 0;
    do {
        *end = segments[next].physical + segments[next].bytes;
        next++;
    } while (next < count && segments[next].physical <= align_up(*end, PAGE_BYTES));
    return next;
}

static enum err place_fixed(struct multiboot_image *image, struct claims *claims)
{
    image->in_place = true;
    for (uint32_t i = 0; i < image->segment_count;) {
        uint64_t end, start = image->segments[i].physical;
        uint32_t count = count_run(image->segments + i, image->segment_count - i, &end);
        struct claim *claim;
        TRY(claims_take_at(claims, "kernel", start, end - start, &claim));
        image->in_place &= claim->physical == claim->target;
        for (; count; count--, i++)
            image->segments[i].loaded_at = image->segments[i].physical - start + claim->physical;
    }
    return OK;
}

/* ---- anywhere -------------------------------------------------------------------------------- */

/* A kernel without a preference stays where it was linked, if that is free. */
static enum err take_span(const struct multiboot_image *image,
                          const struct multiboot_header *header, struct claims *claims,
                          struct claim **claim)
{
    uint64_t end = header->highest + UINT64_C(1), bytes = image->end - image->first;
    struct claim_wish wish = {
        .name = "kernel",
        .bytes = bytes,
        .alignment = MAX(header->alignment, PAGE_BYTES),
        .first = image->first,
        .end = image->first + align_up(bytes, PAGE_BYTES),
        .lowest = header->preference != PREFER_HIGHEST,
    };
    if (header->preference == PREFER_NONE && image->first >= header->lowest && wish.end <= end &&
        claims_take(claims, &wish, claim) == OK)
        return OK;
    /* Below 1 MiB is where kernels start other processors. */
    wish.first = header->highest >= 2 * MIB ? MAX(header->lowest, MIB) : header->lowest;
    wish.end = end;
    if (claims_take(claims, &wish, claim) != OK)
        return fail(ERR_NO_MEMORY,
                    "no place between min_addr %Xh and max_addr %Xh of its relocatable tag: %s",
                    header->lowest, header->highest, err_message());
    return OK;
}

static enum err place_anywhere(struct multiboot_image *image, const struct multiboot_header *header,
                               struct claims *claims)
{
    struct claim *claim;
    TRY(take_span(image, header, claims, &claim));
    image->in_place = true;
    image->slide = claim->physical - image->first;
    for (uint32_t i = 0; i < image->segment_count; i++)
        image->segments[i].loaded_at = image->segments[i].physical + image->slide;
    return OK;
}

/* ---- both ------------------------------------------------------------------------------------ */

enum err multiboot_place(struct multiboot_image *image, const struct multiboot_header *header,
                         struct claims *claims)
{
    enum err err =
        header->relocatable ? place_anywhere(image, header, claims) : place_fixed(image, claims);
    return err == OK ? OK : fail(err, "%s: %s", image->source->name, err_message());
}

enum err multiboot_load(const struct multiboot_image *image)
{
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct multiboot_segment *segment = &image->segments[i];
        uint8_t *to = at_physical(segment->loaded_at);
        if (segment->file_bytes) /* linkers place a lone .bss behind the end of the file */
            TRY(source_load(image->source, segment->file_offset, segment->file_bytes, to));
        memset(to + segment->file_bytes, 0, segment->bytes - segment->file_bytes);
    }
    return OK;
}
