/* Claim C25: framebuffers, by drawing a test card and reading it back. */
#include "kernel/claims/claims.h"
#include "kernel/console/pixels.h"

#define CARD_WIDTH  64
#define CARD_HEIGHT 32

static bool check_shape(const struct lintel_framebuffer *fb)
{
    uint64_t pixel_bytes = (fb->bits_per_pixel + 7u) / 8;
    uint64_t needed =
        fb->height ? (fb->height - 1) * (uint64_t)fb->pitch + fb->width * pixel_bytes : 0;
    return must(fb->bits_per_pixel >= 15 && fb->bits_per_pixel <= 32 && pixel_bytes >= 2,
                "%u bits per pixel, wanted 15, 16, 24 or 32", fb->bits_per_pixel) &&
           must(fb->width >= CARD_WIDTH && fb->height >= CARD_HEIGHT &&
                    fb->pitch >= fb->width * pixel_bytes && needed <= fb->bytes,
                "%u x %u pixels with pitch %u do not make %lu bytes", fb->width, fb->height,
                fb->pitch, fb->bytes) &&
           must(fb->pixels == direct(fb->base_physical), "pixels at %#lx, physical %#lx",
                address_of(fb->pixels), fb->base_physical);
}

static bool check_type(const struct lintel_framebuffer *fb)
{
    uint64_t end;
    uint32_t type = memory_stretch_at(fb->base_physical, &end);
    return must(type == LINTEL_MEMORY_FRAMEBUFFER && end - fb->base_physical >= fb->bytes,
                "%lu bytes at %#lx are %s up to %#lx, wanted framebuffer", fb->bytes,
                fb->base_physical, memory_type_name(type), end);
}

/* Bars of the three colours, brighter from left to right, changing from line to line. */
static uint32_t card_pixel(const struct lintel_framebuffer *fb, uint32_t x, uint32_t y)
{
    uint32_t level = (x * 4 + y) & 0xff;
    return pixel_of(fb, level << 8 * (y / 4 % 3));
}

static bool draw_and_read(const struct lintel_framebuffer *fb, uint32_t left, uint32_t top)
{
    for (uint32_t y = 0; y < CARD_HEIGHT; y++)
        for (uint32_t x = 0; x < CARD_WIDTH; x++)
            pixel_write(fb, left + x, top + y, card_pixel(fb, x, y));
    uint32_t colours = pixel_of(fb, 0xffffff);
    for (uint32_t y = 0; y < CARD_HEIGHT; y++)
        for (uint32_t x = 0; x < CARD_WIDTH; x++) {
            uint32_t found = pixel_read(fb, left + x, top + y) & colours;
            if (found != card_pixel(fb, x, y))
                return violated("pixel %u, %u reads %#x after %#x was drawn", left + x, top + y,
                                found, card_pixel(fb, x, y));
        }
    return true;
}

/* What was there comes back. */
static bool check_corner(const struct lintel_framebuffer *fb, uint32_t left, uint32_t top)
{
    static uint32_t saved[CARD_HEIGHT][CARD_WIDTH];
    for (uint32_t y = 0; y < CARD_HEIGHT; y++)
        for (uint32_t x = 0; x < CARD_WIDTH; x++)
            saved[y][x] = pixel_read(fb, left + x, top + y);
    bool same = draw_and_read(fb, left, top);
    for (uint32_t y = 0; y < CARD_HEIGHT; y++)
        for (uint32_t x = 0; x < CARD_WIDTH; x++)
            pixel_write(fb, left + x, top + y, saved[y][x]);
    return same;
}

bool framebuffers_can_be_drawn(void)
{
    for (uint64_t i = 0; i < boot->framebuffer_count; i++) {
        const struct lintel_framebuffer *fb = &boot->framebuffers[i];
        if (!check_shape(fb) || !check_type(fb) || !check_corner(fb, 0, 0) ||
            !check_corner(fb, fb->width - CARD_WIDTH, fb->height - CARD_HEIGHT))
            return false;
    }
    return boot->framebuffer_count || remark("there are none");
}
