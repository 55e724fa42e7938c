/* A picture in memory, and what is drawn on it. Pure. */
#ifndef KERNEL_CANVAS_H
#define KERNEL_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

#define GLYPH_WIDTH  8 /* pixels, of the font's characters */
#define GLYPH_HEIGHT 16

struct rect { /* pixels, half-open; nothing where right <= left or bottom <= top */
    int32_t left, top, right, bottom;
};

struct canvas {
    uint32_t *pixels; /* 0xRRGGBB, row by row */
    int32_t width, height;
    struct rect damage; /* around all that was drawn since its owner last looked */
};

bool rect_is_empty(struct rect rect);
bool rect_holds(struct rect rect, int32_t x, int32_t y);
struct rect rect_common(struct rect a, struct rect b);
struct rect rect_around(struct rect a, struct rect b); /* of an empty one and another: the other */
struct rect rect_moved(struct rect rect, int32_t x, int32_t y);

/* Whatever lies outside of the canvas is not drawn. */
void canvas_fill(struct canvas *canvas, struct rect rect, uint32_t rgb);
void canvas_frame(struct canvas *canvas, struct rect rect, uint32_t rgb); /* one pixel wide */
void canvas_line(struct canvas *canvas, int32_t x0, int32_t y0, int32_t x1, int32_t y1,
                 uint32_t rgb);
void canvas_print(struct canvas *canvas, int32_t x, int32_t y, uint32_t rgb, const char *format,
                  ...) __attribute__((format(printf, 5, 6))); /* formats: text.h; no paper */

#endif
