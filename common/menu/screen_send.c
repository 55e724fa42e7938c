/* The two ways on which cells reach a person: as pixels, and as a terminal's orders. */
#include "common/hw/framebuffer.h"
#include "common/lib/fmt.h"
#include "common/lib/font.h"
#include "common/lib/mem.h"
#include "common/lib/pixels.h"
#include "common/lib/utf8.h"
#include "common/menu/screen.h"

static const struct {
    uint32_t ink, paper;   /* RGB */
    const char orders[14]; /* SGR (ECMA-48, 8.3.117) */
} palette[COLOURS_COUNT] = {
    [COLOURS_PLAIN] = {0xd8dee9, 0x101820, "\033[0m"},
    [COLOURS_QUIET] = {0x8593a8, 0x101820, "\033[0;36m"},
    [COLOURS_STRONG] = {0xe8b45a, 0x101820, "\033[0;1;33m"},
    [COLOURS_STONE] = {0x101820, 0xb9b2a4, "\033[0;30;47m"},
    [COLOURS_CHOSEN] = {0x101820, 0xe8b45a, "\033[0;30;43m"},
    [COLOURS_ALERT] = {0xffffff, 0xa32a22, "\033[0;1;37;41m"},
};

/* ---- pixels ---------------------------------------------------------------------------------- */

#define WIDTH  (SCREEN_COLUMNS * GLYPH_WIDTH)
#define HEIGHT (SCREEN_ROWS * GLYPH_HEIGHT)

bool screen_take_framebuffer(struct screen *screen)
{
    struct video video;
    struct lintel_framebuffer *fb = &screen->fb;

    if (framebuffer_set(screen->firmware, 0, 0, UINT64_MAX, &video) != OK)
        return false;
    if (video.fb.width < WIDTH || video.fb.height < HEIGHT) {
        fail(ERR_UNSUPPORTED, "its %u x %u pixels are less than %u x %u", video.fb.width,
             video.fb.height, WIDTH, HEIGHT);
        return false;
    }
    *fb = video.fb;
    fb->pixels = at_physical(fb->base_physical);
    screen->scale = MIN(fb->width / WIDTH, fb->height / HEIGHT);
    screen->left = (fb->width - WIDTH * screen->scale) / 2;
    screen->top = (fb->height - HEIGHT * screen->scale) / 2;
    pixels_fill(fb, 0, 0, fb->width, fb->height, palette[COLOURS_PLAIN].paper);
    return true;
}

void screen_draw_pixels(const struct screen *screen, uint32_t row)
{
    uint32_t scale = screen->scale;

    for (uint32_t column = 0; column < SCREEN_COLUMNS; column++) {
        struct cell cell = screen->cells[row][column];
        struct glyph_style style = {palette[cell.colours].ink, palette[cell.colours].paper, scale};

        if (!screen_same(cell, screen->shown[row][column]))
            pixels_glyph(&screen->fb, screen->left + column * GLYPH_WIDTH * scale,
                         screen->top + row * GLYPH_HEIGHT * scale, font_glyph(cell.character),
                         style);
    }
}

/* ---- orders ---------------------------------------------------------------------------------- */

/* Fewer blanks than this are sent rather than jumped over. */
#define GAP 8

static void send(const struct firmware *firmware, const char *text)
{
    while (*text)
        firmware->put(*text++);
}

static void send_move(const struct firmware *firmware, uint32_t row, uint32_t column)
{
    char text[32];

    fmt(text, sizeof text, "\033[%u;%uH", row, column);
    send(firmware, text);
}

/* Without ESC[H, which would be the key Home if it came back. */
void screen_send_clear(const struct firmware *firmware)
{
    send(firmware, "\033[0m\033[2J\033[1;1H");
}

void screen_send_cursor(const struct screen *screen)
{
    send_move(screen->firmware, screen->cursor_row, screen->cursor_column);
}

static bool is_blank(const struct screen *screen, uint32_t row, uint32_t column)
{
    static const struct cell blank = {' ', COLOURS_PLAIN};

    return screen_same(screen->cells[row][column], blank) &&
           screen_same(screen->shown[row][column], blank);
}

/* The end of the words that begin at `column`: a gap follows, or the row's end. */
static uint32_t find_end(const struct screen *screen, uint32_t row, uint32_t column)
{
    uint32_t end = column;

    for (; column < SCREEN_COLUMNS && column < end + GAP; column++)
        if (!is_blank(screen, row, column))
            end = column + 1;
    return end;
}

static bool differs(const struct screen *screen, uint32_t row, uint32_t from, uint32_t to)
{
    while (from < to && screen_same(screen->cells[row][from], screen->shown[row][from]))
        from++;
    return from < to;
}

/* Terminals don't agree on the width of all that our font lacks: what follows is placed anew. */
static void send_cells(const struct screen *screen, uint32_t row, uint32_t from, uint32_t to)
{
    const struct firmware *firmware = screen->firmware;
    uint32_t colours = COLOURS_COUNT;
    bool placed = false;
    uint8_t glyph;

    for (uint32_t column = from; column < to; column++) {
        struct cell cell = screen->cells[row][column];
        char text[5] = "";

        if (!placed)
            send_move(firmware, row + 1, column + 1);
        if (cell.colours != colours)
            send(firmware, palette[cell.colours].orders);
        colours = cell.colours;
        utf8_put(text, cell.character);
        send(firmware, text);
        placed = font_find(cell.character, &glyph);
    }
    send(firmware, palette[COLOURS_PLAIN].orders);
}

/* Whole words, though only some of their letters have changed: who reads or hears a terminal's
 * output as it comes understands it. */
void screen_send_row(const struct screen *screen, uint32_t row)
{
    for (uint32_t column = 0; column < SCREEN_COLUMNS; column++) {
        if (is_blank(screen, row, column))
            continue;
        uint32_t end = find_end(screen, row, column);
        if (differs(screen, row, column, end))
            send_cells(screen, row, column, end);
        column = end;
    }
}
