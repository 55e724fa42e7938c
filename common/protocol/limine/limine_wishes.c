/* What do the requests ask of the plan? */
#include "common/format/elf_parts.h"
#include "common/lib/mem.h"
#include "common/protocol/limine/limine.h"

#define REQUEST_MEMBERS 48 /* where a feature's own begin */
#define STACK_MOST      GIB

static bool asks(const struct limine_image *image, enum limine_feature feature)
{
    return image->requests[feature] != LIMINE_NONE;
}

/* Modes: 0 is 4-level paging, 1 5-level. Revision 0 has only the preferred one, which is then the
 * highest. */
static enum err read_paging(const struct limine_image *image, struct wishes *wishes)
{
    if (!asks(image, LIMINE_PAGING_MODE))
        return OK;
    uint64_t at = image->requests[LIMINE_PAGING_MODE];
    uint64_t mode = load64(image->bytes + at + 48), highest = mode, lowest = 0;

    if (load64(image->bytes + at + 32) >= 1) {
        if (image->elf->end - image->elf->first - at < 72)
            return fail(ERR_FORMAT, "%s: the Limine request for a paging mode is cut off",
                        image->elf->reader->name);
        highest = load64(image->bytes + at + 56);
        lowest = load64(image->bytes + at + 64);
    }
    if (lowest > highest || lowest > 1)
        return fail(ERR_UNSUPPORTED,
                    "%s: accepts paging modes %lu to %lu; there are 0 (4 levels) and 1 (5 levels)",
                    image->elf->reader->name, lowest, highest);
    mode = MAX(lowest, MIN(mode, MIN(highest, 1)));
    wishes->paging_levels = mode ? 5 : 4;
    wishes->paging_required = lowest;
    return OK;
}

static enum err read_stack(const struct limine_image *image, struct wishes *wishes)
{
    if (!asks(image, LIMINE_STACK_SIZE))
        return OK;
    uint64_t bytes = limine_member(image, LIMINE_STACK_SIZE, REQUEST_MEMBERS);
    wishes->stack_bytes = MAX(PLAN_DEFAULT_STACK_BYTES, bytes);
    if (bytes > STACK_MOST)
        return fail(ERR_UNSUPPORTED,
                    "%s: its Limine request for a stack asks for %lu bytes, more than 1 GiB",
                    image->elf->reader->name, bytes);
    return OK;
}

static enum err read_entry(const struct limine_image *image, uint64_t *entry)
{
    if (!asks(image, LIMINE_ENTRY_POINT))
        return elf_check_entry(image->elf);
    *entry = limine_member(image, LIMINE_ENTRY_POINT, REQUEST_MEMBERS);
    const struct elf_segment *segment = elf_segment_at(image->elf, *entry, 1);
    if (!segment || !(segment->flags & MAP_EXECUTE))
        return fail(ERR_FORMAT,
                    "%s: the Limine request for an entry point points to %lXh, where "
                    "the image has no code",
                    image->elf->reader->name, *entry);
    return OK;
}

enum err limine_read_wishes(const struct limine_image *image, struct wishes *wishes,
                            uint64_t *entry)
{
    wishes->paging_levels = 4;
    wishes->screen.wanted = asks(image, LIMINE_FRAMEBUFFER);
    *entry = image->elf->entry;
    TRY(read_stack(image, wishes));
    TRY(read_paging(image, wishes));
    return read_entry(image, entry);
}
