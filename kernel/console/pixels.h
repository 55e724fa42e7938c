/* Pixels of a framebuffer, in any of the formats that lintel.h allows. */
#pragma once

#include "common/lintel.h"

/* The pixel value that shows 0xRRGGBB. */
uint32_t pixel_of(const struct lintel_framebuffer *fb, uint32_t rgb);

static inline volatile uint8_t *pixel_at(const struct lintel_framebuffer *fb, uint32_t x,
                                         uint32_t y)
{
    uint32_t bytes = (fb->bits_per_pixel + 7u) / 8;
    return (volatile uint8_t *)fb->pixels + (uint64_t)y * fb->pitch + (uint64_t)x * bytes;
}

/* A piece of a row, from 0xRRGGBB. */
void pixels_copy(const struct lintel_framebuffer *fb, uint32_t x, uint32_t y, const uint32_t *rgb,
                 uint32_t count);

void pixel_write(const struct lintel_framebuffer *fb, uint32_t x, uint32_t y, uint32_t value);
uint32_t pixel_read(const struct lintel_framebuffer *fb, uint32_t x, uint32_t y);
