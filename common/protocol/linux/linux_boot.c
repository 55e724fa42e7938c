/* What does Linux wish that is entered in 64-bit or 32-bit mode, behind its real-mode part? (boot
 * protocol, "64-bit boot protocol" and "32-bit boot protocol") */
#include "common/lib/mem.h"
#include "common/protocol/linux/linux.h"
#include "common/protocol/linux/linux_params.h"

/* ---- wishes ---------------------------------------------------------------------------------- */

/* Where the kernel likes to lie, else the lowest place above that. (Below, it would move itself up
 * to there over whatever is in its way.) */
static void place_relocatable(const struct linux_image *image, struct region *kernel)
{
    uint64_t alignment = MAX(image->alignment, PAGE_BYTES);
    bool anywhere = image->above_4gib && image->entry == LINUX_ENTRY_64;

    kernel->window_count = 1;
    kernel->windows[0] = (struct region_window){
        .first = align_up(image->address, alignment),
        .end = anywhere ? 0 : 4 * GIB,
        .alignment = alignment,
        .lowest = true,
    };
}

static enum err wish_for_kernel(struct attempt *attempt, const struct linux_boot *boot)
{
    const struct linux_image *image = &boot->image;
    struct region kernel = {
        .name = "kernel",
        .bytes = image->memory_bytes,
        .type = LINTEL_MEMORY_KERNEL,
        .fixed = !image->relocatable,
        .moves = true,
        .target = image->address,
        .advice = image->relocatable ? NULL : "one built to be relocatable can lie elsewhere",
        .part_count = 1,
    };
    struct region_part *part;

    TRY(ARENA_TAKE(&attempt->machine->arena, 1, &part));
    *part = (struct region_part){boot->kernel, image->setup_bytes, image->payload_bytes, 0};
    kernel.parts = part;
    if (image->relocatable)
        place_relocatable(image, &kernel);
    wishes_add(&attempt->wishes, kernel);
    return OK;
}

/* As high as the kernel can use it: there it is in nobody's way. */
static enum err wish_for_initrd(struct attempt *attempt, const struct linux_boot *boot)
{
    const struct linux_image *image = &boot->image;
    bool anywhere = image->above_4gib && image->entry == LINUX_ENTRY_64;
    uint64_t end = anywhere ? UINT64_MAX : image->initrd_end;
    struct region initrd;

    TRY(linux_initrd_region(boot, &attempt->machine->arena, &initrd));
    end = MIN(end, linux_memory_end(boot->options));
    initrd.windows[0] = (struct region_window){.first = MIB, .end = end};
    wishes_add(&attempt->wishes, initrd);
    return OK;
}

/* Without a wish for pixels Linux keeps the text mode of a BIOS. UEFI has none to keep. */
static void wish_for_screen(const struct attempt *attempt, const struct linux_boot *boot,
                            struct screen_wish *screen)
{
    bool wish = linux_video_wish(boot->options, &screen->width, &screen->height);

    screen->wanted = wish || attempt_facts(attempt)->firmware != LINTEL_FIRMWARE_BIOS;
}

static void wish_for_params(struct attempt *attempt, const struct linux_boot *boot)
{
    struct wishes *wishes = &attempt->wishes;

    wishes->mode = boot->image.entry == LINUX_ENTRY_64 ? ENTRY_LONG : ENTRY_PROTECTED;
    wishes->information_window = (struct region_window){.first = 64 * KIB, .end = 4 * GIB};
    wish_for_screen(attempt, boot, &wishes->screen);
}

enum err linux_wish(struct attempt *attempt, struct linux_boot *boot)
{
    bool real = boot->image.entry == LINUX_ENTRY_REAL;

    if (real && attempt_facts(attempt)->firmware != LINTEL_FIRMWARE_BIOS)
        return fail(ERR_UNSUPPORTED,
                    "%s: starts in real mode only, which needs a BIOS; this is UEFI",
                    boot->kernel->name);
    TRY(wishes_begin(&attempt->wishes, LINUX_REGIONS, &attempt->machine->arena));
    TRY(wish_for_kernel(attempt, boot));
    TRY(wish_for_initrd(attempt, boot));
    if (real)
        return linux_wish_real(attempt, boot);
    wish_for_params(attempt, boot);
    return OK;
}

/* ---- hooks ----------------------------------------------------------------------------------- */

enum err linux_finish(struct attempt *attempt)
{
    struct linux_boot *boot = attempt->protocol;
    uint64_t kernel = attempt_place(attempt, LINUX_KERNEL)->target;
    enum entry_mode mode = attempt->wishes.mode;

    if (mode == ENTRY_REAL)
        return linux_finish_real(attempt, boot);
    if (mode == ENTRY_PROGRAM)
        return OK;
    attempt->entry_point = kernel + (mode == ENTRY_LONG ? LINUX_ENTRY_64_AT : boot->image.start);
    linux_ask_bios(attempt, boot);
    return OK;
}

/* The boot parameters, with the command line and the rest of a long map behind them. */
enum err linux_build(struct attempt *attempt, struct buffer *buffer)
{
    const struct linux_boot *boot = attempt->protocol;
    const struct placement *initrd = attempt_place(attempt, LINUX_INITRD);
    const char *options;
    uint8_t *page;
    void *more;

    if (attempt->wishes.mode != ENTRY_LONG && attempt->wishes.mode != ENTRY_PROTECTED)
        return OK;
    TRY(buffer_take_aligned(buffer, LINUX_PARAMS_BYTES, PAGE_BYTES, (void **)&page));
    TRY(buffer_copy_text(buffer, boot->options, &options));
    TRY(buffer_take(buffer, linux_more_bytes(attempt->map.count), &more));
    const struct linux_params params = {
        .image = &boot->image,
        .facts = attempt_facts(attempt),
        .raw = &attempt->raw,
        .map = &attempt->map,
        .video = attempt->has_video ? &attempt->video : NULL,
        .address = attempt_place(attempt, LINUX_KERNEL)->target,
        .options = (uintptr_t)options,
        .initrd = initrd->physical,
        .initrd_bytes = initrd->bytes,
        .more_ranges = (uintptr_t)more,
    };
    linux_params_fill(&params, page);
    linux_bios_fill(params.facts, &boot->bios, page);
    attempt->registers.rsi = (uintptr_t)page;
    return OK;
}
