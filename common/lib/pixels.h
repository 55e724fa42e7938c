/* Drawing into a linear framebuffer, whose `pixels` must be set. Colours are 0xRRGGBB; nobody
 * checks that what is drawn lies inside. */
#pragma once

#include "common/lintel.h"

void pixels_fill(const struct lintel_framebuffer *fb, uint32_t x, uint32_t y, uint32_t width,
                 uint32_t height, uint32_t rgb);

struct glyph_style {
    uint32_t ink, paper; /* RGB */
    uint32_t scale;      /* pixels of the screen for one of the font, in each direction */
};

/* One glyph of lib/font.h, with its left upper corner at x, y. */
void pixels_glyph(const struct lintel_framebuffer *fb, uint32_t x, uint32_t y, uint8_t glyph,
                  struct glyph_style style);
