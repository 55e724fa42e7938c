/* Which pixels make a rectangle, and which a glyph? */
#include "common/lib/pixels.h"
#include "common/lib/font.h"

static uint32_t channel(uint32_t level, uint8_t bits, uint8_t shift)
{
    return (bits >= 8 ? level << (bits - 8) : level >> (8 - bits)) << shift;
}

static uint32_t pixel_of(const struct lintel_framebuffer *fb, uint32_t rgb)
{
    return channel(rgb >> 16 & 0xff, fb->red_bits, fb->red_shift) |
           channel(rgb >> 8 & 0xff, fb->green_bits, fb->green_shift) |
           channel(rgb & 0xff, fb->blue_bits, fb->blue_shift);
}

/* Video memory is slow: one write a pixel where its size allows. */
static void write_pixel(volatile uint8_t *at, uint32_t bytes, uint32_t pixel)
{
    if (bytes == 4) {
        *(volatile uint32_t *)at = pixel;
    } else if (bytes == 2) {
        *(volatile uint16_t *)at = (uint16_t)pixel;
    } else {
        at[0] = (uint8_t)pixel;
        at[1] = (uint8_t)(pixel >> 8);
        at[2] = (uint8_t)(pixel >> 16);
    }
}

static void write_pixels(const struct lintel_framebuffer *fb, uint32_t x, uint32_t y,
                         uint32_t count, uint32_t pixel)
{
    uint32_t bytes = (fb->bits_per_pixel + 7u) / 8;
    volatile uint8_t *at =
        (volatile uint8_t *)fb->pixels + (uint64_t)y * fb->pitch + (uint64_t)x * bytes;

    for (; count; count--, at += bytes)
        write_pixel(at, bytes, pixel);
}

void pixels_fill(const struct lintel_framebuffer *fb, uint32_t x, uint32_t y, uint32_t width,
                 uint32_t height, uint32_t rgb)
{
    uint32_t pixel = pixel_of(fb, rgb);

    for (uint32_t row = 0; row < height; row++)
        write_pixels(fb, x, y + row, width, pixel);
}

void pixels_glyph(const struct lintel_framebuffer *fb, uint32_t x, uint32_t y, uint8_t glyph,
                  struct glyph_style style)
{
    uint32_t ink = pixel_of(fb, style.ink), paper = pixel_of(fb, style.paper);

    for (uint32_t row = 0; row < GLYPH_HEIGHT * style.scale; row++) {
        uint8_t line = font[glyph][row / style.scale];
        for (uint32_t i = 0; i < GLYPH_WIDTH; i++)
            write_pixels(fb, x + i * style.scale, y + row, style.scale,
                         line & 0x80 >> i ? ink : paper);
    }
}
