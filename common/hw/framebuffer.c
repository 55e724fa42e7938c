/* Is a framebuffer what the firmware says of it? A wrong one would be drawn over memory. */
#include "common/hw/framebuffer.h"
#include "common/hw/probe.h"
#include "common/lib/mem.h"
#include "common/memory/memmap.h"

static bool has_field(const struct lintel_framebuffer *fb, uint8_t shift, uint8_t bits)
{
    return bits && shift + bits <= fb->bits_per_pixel;
}

static uint32_t pixel_bytes(const struct lintel_framebuffer *fb)
{
    return (fb->bits_per_pixel + 7u) / 8;
}

/* Less is no screen (claim C25 draws on as much). */
#define WIDTH_LEAST  64
#define HEIGHT_LEAST 32

/* All of it, so that nobody who draws has to. */
static bool is_whole(const struct lintel_framebuffer *fb)
{
    uint8_t bits = fb->bits_per_pixel;

    return (bits == 15 || bits == 16 || bits == 24 || bits == 32) && fb->width >= WIDTH_LEAST &&
           fb->height >= HEIGHT_LEAST && fb->pitch >= (uint64_t)fb->width * pixel_bytes(fb) &&
           fb->bytes >= (uint64_t)fb->pitch * fb->height &&
           has_field(fb, fb->red_shift, fb->red_bits) &&
           has_field(fb, fb->green_shift, fb->green_bits) &&
           has_field(fb, fb->blue_shift, fb->blue_bits);
}

/* What a screen's memory may be for the firmware's map; most say nothing of it. */
static bool may_be_a_screens(enum lintel_memory_type type)
{
    return type == LINTEL_MEMORY_RESERVED || type == LINTEL_MEMORY_MMIO ||
           type == LINTEL_MEMORY_FRAMEBUFFER;
}

static enum err check_place(const struct firmware *firmware, uint64_t first, uint64_t last)
{
    struct raw_map map, busy;

    TRY(firmware->memory_map(&map, &busy));
    for (uint64_t i = 0; i < map.count; i++) {
        const struct raw_range *range = &map.ranges[i];
        if (!may_be_a_screens(range->type) && range->base <= last &&
            (range->base >= first || first - range->base < range->bytes) && range->bytes)
            return fail(ERR_UNSUPPORTED,
                        "the firmware says that it lies at %lXh to %lXh, where its map has %s "
                        "memory from %lXh on",
                        first, last, memmap_type_name(range->type), range->base);
    }
    return OK;
}

static enum err check(const struct firmware *firmware, const struct lintel_framebuffer *fb,
                      uint64_t limit)
{
    uint64_t first = fb->base_physical, last;

    if (!first || !fb->bytes || add_wraps(first, fb->bytes - 1, &last) || last > limit)
        return fail(ERR_UNSUPPORTED, "the firmware says that it lies at %lXh and has %lu bytes",
                    first, fb->bytes);
    TRY(check_place(firmware, first, last));
    if (!is_whole(fb))
        return fail(ERR_UNSUPPORTED,
                    "the firmware describes one of %u x %u pixels of %u bits, %u bytes a line, in "
                    "%lu bytes",
                    fb->width, fb->height, fb->bits_per_pixel, fb->pitch, fb->bytes);
    if (!probe_keeps(first, first + (uint64_t)(fb->height - 1) * fb->pitch +
                                (uint64_t)(fb->width - 1) * pixel_bytes(fb)))
        return fail(ERR_UNSUPPORTED,
                    "the firmware says that it lies at %lXh to %lXh, and nothing there keeps what "
                    "is drawn",
                    first, last);
    return OK;
}

enum err framebuffer_set(const struct firmware *firmware, uint32_t width, uint32_t height,
                         uint64_t last, struct video *video)
{
    TRY(firmware->set_video(width, height, video));
    enum err err = check(firmware, &video->fb, last);
    if (err != OK)
        firmware->set_text();
    return err;
}
