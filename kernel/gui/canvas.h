/* A picture in memory, and what is drawn on it. Pure. */
#pragma once

#include "kernel/console/font.h"
#include <stdbool.h>
#include <stdint.h>

struct rect { /* pixels, half-open; nothing where right <= left or bottom <= top */
    int32_t left, top, right, bottom;
};

struct canvas {
    uint32_t *pixels; /* 0xRRGGBB, row by row */
    int32_t width, height;
    struct rect clip;   /* within the canvas; what lies outside is not drawn */
    struct rect damage; /* around all that was drawn since its owner last looked */
};

/* Where `most` is below `least`: `least`. */
static inline int32_t between(int32_t value, int32_t least, int32_t most)
{
    value = value < most ? value : most;
    return value > least ? value : least;
}

bool rect_is_empty(struct rect rect);
bool rect_holds(struct rect rect, int32_t x, int32_t y);
struct rect rect_of(int32_t left, int32_t top, int32_t width, int32_t height);
struct rect rect_common(struct rect a, struct rect b);
struct rect rect_around(struct rect a, struct rect b); /* of an empty one and another: the other */

/* Nothing is clipped, and nothing drawn yet. */
void canvas_begin(struct canvas *canvas, uint32_t *pixels, int32_t width, int32_t height);

void canvas_fill(struct canvas *canvas, struct rect rect, uint32_t rgb);
void canvas_frame(struct canvas *canvas, struct rect rect, uint32_t rgb); /* one pixel wide */
void canvas_line(struct canvas *canvas, int32_t x, int32_t y, int32_t to_x, int32_t to_y,
                 int32_t width, uint32_t rgb);
void canvas_glyph(struct canvas *canvas, int32_t x, int32_t y, uint8_t character, uint32_t rgb);
void canvas_print(struct canvas *canvas, int32_t x, int32_t y, uint32_t rgb, const char *format,
                  ...) __attribute__((format(printf, 5, 6))); /* formats: text.h; no paper */
void canvas_copy(struct canvas *to, int32_t x, int32_t y, const struct canvas *from);
