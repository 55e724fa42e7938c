/* The font of screens: Latin-1, with some others in the place of its control characters. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define FONT_GLYPHS  256
#define GLYPH_WIDTH  8
#define GLYPH_HEIGHT 16

/* Rows from the top; a row's leftmost pixel is bit 7. */
extern const uint8_t font[FONT_GLYPHS][GLYPH_HEIGHT] __attribute__((visibility("hidden")));

/* False: there is none for this Unicode character. */
bool font_find(uint32_t character, uint8_t *glyph);

/* The same, "?" where there is none. */
uint8_t font_glyph(uint32_t character);
