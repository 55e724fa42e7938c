/* How does a framebuffer store a pixel? */
#include "kernel/console/pixels.h"
#include <stdbool.h>

static uint32_t channel(uint32_t level, uint8_t bits, uint8_t shift)
{
    uint32_t scaled = bits >= 8 ? level << (bits - 8) : level >> (8 - bits);
    return scaled << shift;
}

uint32_t pixel_of(const struct lintel_framebuffer *fb, uint32_t rgb)
{
    return channel(rgb >> 16 & 0xff, fb->red_bits, fb->red_shift) |
           channel(rgb >> 8 & 0xff, fb->green_bits, fb->green_shift) |
           channel(rgb & 0xff, fb->blue_bits, fb->blue_shift);
}

void pixel_write(const struct lintel_framebuffer *fb, uint32_t x, uint32_t y, uint32_t value)
{
    volatile uint8_t *at = pixel_at(fb, x, y);
    if (fb->bits_per_pixel == 32) {
        *(volatile uint32_t *)at = value;
    } else if (fb->bits_per_pixel == 24) {
        at[0] = (uint8_t)value;
        at[1] = (uint8_t)(value >> 8);
        at[2] = (uint8_t)(value >> 16);
    } else {
        *(volatile uint16_t *)at = (uint16_t)value;
    }
}

static bool is_plain(const struct lintel_framebuffer *fb)
{
    return fb->bits_per_pixel == 32 && pixel_of(fb, 0x010203) == 0x010203;
}

void pixels_copy(const struct lintel_framebuffer *fb, uint32_t x, uint32_t y, const uint32_t *rgb,
                 uint32_t count)
{
    if (is_plain(fb)) {
        __builtin_memcpy((void *)pixel_at(fb, x, y), rgb, count * sizeof *rgb);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        pixel_write(fb, x + i, y, pixel_of(fb, rgb[i]));
}

uint32_t pixel_read(const struct lintel_framebuffer *fb, uint32_t x, uint32_t y)
{
    const volatile uint8_t *at = pixel_at(fb, x, y);
    if (fb->bits_per_pixel == 32)
        return *(const volatile uint32_t *)at;
    if (fb->bits_per_pixel == 24)
        return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16;
    return *(const volatile uint16_t *)at;
}
