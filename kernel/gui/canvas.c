/* How do shapes and text become pixels in memory? */
#include "kernel/gui/canvas.h"
#include "kernel/lib/text.h"

static int32_t lower(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t higher(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

bool rect_is_empty(struct rect rect)
{
    return rect.right <= rect.left || rect.bottom <= rect.top;
}

bool rect_holds(struct rect rect, int32_t x, int32_t y)
{
    return x >= rect.left && x < rect.right && y >= rect.top && y < rect.bottom;
}

struct rect rect_of(int32_t left, int32_t top, int32_t width, int32_t height)
{
    return (struct rect){left, top, left + width, top + height};
}

struct rect rect_common(struct rect a, struct rect b)
{
    return (struct rect){higher(a.left, b.left), higher(a.top, b.top), lower(a.right, b.right),
                         lower(a.bottom, b.bottom)};
}

struct rect rect_around(struct rect a, struct rect b)
{
    if (rect_is_empty(a) || rect_is_empty(b))
        return rect_is_empty(a) ? b : a;
    return (struct rect){lower(a.left, b.left), lower(a.top, b.top), higher(a.right, b.right),
                         higher(a.bottom, b.bottom)};
}

void canvas_begin(struct canvas *canvas, uint32_t *pixels, int32_t width, int32_t height)
{
    *canvas = (struct canvas){pixels, width, height, rect_of(0, 0, width, height), {0}};
}

static uint32_t *pixel_of_canvas(const struct canvas *canvas, int32_t x, int32_t y)
{
    return canvas->pixels + (int64_t)y * canvas->width + x;
}

/* What of it will be drawn. */
static struct rect touch(struct canvas *canvas, struct rect rect)
{
    rect = rect_common(rect, canvas->clip);
    canvas->damage = rect_around(canvas->damage, rect);
    return rect;
}

void canvas_fill(struct canvas *canvas, struct rect rect, uint32_t rgb)
{
    rect = touch(canvas, rect);
    for (int32_t y = rect.top; y < rect.bottom; y++) {
        uint32_t *row = pixel_of_canvas(canvas, 0, y);
        for (int32_t x = rect.left; x < rect.right; x++)
            row[x] = rgb;
    }
}

void canvas_frame(struct canvas *canvas, struct rect rect, uint32_t rgb)
{
    canvas_fill(canvas, (struct rect){rect.left, rect.top, rect.right, rect.top + 1}, rgb);
    canvas_fill(canvas, (struct rect){rect.left, rect.bottom - 1, rect.right, rect.bottom}, rgb);
    canvas_fill(canvas, (struct rect){rect.left, rect.top, rect.left + 1, rect.bottom}, rgb);
    canvas_fill(canvas, (struct rect){rect.right - 1, rect.top, rect.right, rect.bottom}, rgb);
}

/* Bresenham's, with a square pen. Both ends lie on or near the canvas: its length is work. */
void canvas_line(struct canvas *canvas, int32_t x, int32_t y, int32_t to_x, int32_t to_y,
                 int32_t width, uint32_t rgb)
{
    int32_t step_x = x < to_x ? 1 : -1, step_y = y < to_y ? 1 : -1;
    int32_t dx = (to_x - x) * step_x, dy = (y - to_y) * step_y, error = dx + dy;
    for (;;) {
        canvas_fill(canvas, rect_of(x - width / 2, y - width / 2, width, width), rgb);
        if (x == to_x && y == to_y)
            return;
        bool along_x = 2 * error >= dy, along_y = 2 * error <= dx;
        x += along_x ? step_x : 0;
        y += along_y ? step_y : 0;
        error += (along_x ? dy : 0) + (along_y ? dx : 0);
    }
}

void canvas_glyph(struct canvas *canvas, int32_t x, int32_t y, uint8_t character, uint32_t rgb)
{
    struct rect rect = touch(canvas, rect_of(x, y, GLYPH_WIDTH, GLYPH_HEIGHT));
    for (int32_t row = rect.top; row < rect.bottom; row++)
        for (int32_t column = rect.left; column < rect.right; column++)
            if (font[character][row - y] & 0x80 >> (column - x))
                *pixel_of_canvas(canvas, column, row) = rgb;
}

void canvas_print(struct canvas *canvas, int32_t x, int32_t y, uint32_t rgb, const char *format,
                  ...)
{
    char line[256];
    va_list list;
    va_start(list, format);
    text_format(line, sizeof line, format, list);
    va_end(list);
    for (const char *c = line; *c; c++, x += GLYPH_WIDTH)
        canvas_glyph(canvas, x, y, (uint8_t)*c, rgb);
}

void canvas_copy(struct canvas *to, int32_t x, int32_t y, const struct canvas *from)
{
    struct rect rect = touch(to, rect_of(x, y, from->width, from->height));
    for (int32_t row = rect.top; row < rect.bottom && rect.left < rect.right; row++)
        __builtin_memcpy(pixel_of_canvas(to, rect.left, row),
                         pixel_of_canvas(from, rect.left - x, row - y),
                         (uint32_t)(rect.right - rect.left) * sizeof(uint32_t));
}
