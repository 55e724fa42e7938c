/* The font of screens (font.asm): a byte a row of pixels, bit 7 leftmost; Latin-1. */
#pragma once

#include <stdint.h>

#define GLYPH_WIDTH  8 /* pixels */
#define GLYPH_HEIGHT 16

extern const uint8_t font[256][GLYPH_HEIGHT];
