/* What stands in each cell of the screen, and how is it drawn? */
#include "kernel/console/screen.h"
#include "kernel/console/pixels.h"
#include "kernel/handover/handover.h"
#include "kernel/machine/instructions.h"

#define GLYPH_WIDTH    8
#define GLYPH_HEIGHT   16
#define COLUMNS_MAX    240
#define ROWS_MAX       100
#define VGA_TEXT       0xb8000 /* physical: 80 x 25 pairs of character and attribute */
#define READABLE_WIDTH 1280    /* pixels a glyph's width is made for; wider screens enlarge it */
#define BACKGROUND     0x101820

extern const uint8_t font[256][GLYPH_HEIGHT]; /* font.asm */

struct cell {
    char character;
    uint8_t colour; /* enum colour */
};

static struct screen {
    const struct lintel_framebuffer *fb; /* NULL: VGA text */
    uint32_t scale;
    uint32_t columns, rows; /* 0: no screen */
    uint32_t column, row;   /* of the next character */
    struct cell cells[ROWS_MAX][COLUMNS_MAX];
} screen;

static const uint32_t rgb_of[COLOURS] = {[COLOUR_PLAIN] = 0xd8dee9,
                                         [COLOUR_QUIET] = 0x8593a8,
                                         [COLOUR_TITLE] = 0xe8b45a,
                                         [COLOUR_GOOD] = 0x86c06c,
                                         [COLOUR_BAD] = 0xff5c57};
static const uint8_t vga_of[COLOURS] = {[COLOUR_PLAIN] = 0x07,
                                        [COLOUR_QUIET] = 0x08,
                                        [COLOUR_TITLE] = 0x0e,
                                        [COLOUR_GOOD] = 0x0a,
                                        [COLOUR_BAD] = 0x0c};

static void draw_glyph(uint32_t row, uint32_t column, struct cell cell, bool inverse)
{
    const uint8_t *glyph = font[(uint8_t)cell.character];
    uint32_t ink = pixel_of(screen.fb, inverse ? BACKGROUND : rgb_of[cell.colour]);
    uint32_t paper = pixel_of(screen.fb, inverse ? rgb_of[cell.colour] : BACKGROUND);
    uint32_t left = column * GLYPH_WIDTH * screen.scale;
    uint32_t top = row * GLYPH_HEIGHT * screen.scale;
    for (uint32_t y = 0; y < GLYPH_HEIGHT * screen.scale; y++) {
        uint8_t line = glyph[y / screen.scale];
        for (uint32_t x = 0; x < GLYPH_WIDTH * screen.scale; x++) {
            bool is_ink = line & 0x80 >> x / screen.scale;
            pixel_write(screen.fb, left + x, top + y, is_ink ? ink : paper);
        }
    }
}

static void draw_vga(uint32_t row, uint32_t column, struct cell cell, bool inverse)
{
    volatile uint16_t *text = direct(VGA_TEXT);
    uint8_t attribute = inverse ? (uint8_t)(vga_of[cell.colour] << 4 & 0x70) : vga_of[cell.colour];
    text[row * screen.columns + column] = (uint16_t)(attribute << 8 | (uint8_t)cell.character);
}

static void draw_cell(uint32_t row, uint32_t column, bool inverse)
{
    struct cell cell = screen.cells[row][column];
    if (screen.fb)
        draw_glyph(row, column, cell, inverse);
    else
        draw_vga(row, column, cell, inverse);
}

static void set_cell(uint32_t row, uint32_t column, struct cell cell)
{
    struct cell *old = &screen.cells[row][column];
    if (old->character == cell.character && old->colour == cell.colour)
        return;
    *old = cell;
    draw_cell(row, column, false);
}

static void wipe(const struct lintel_framebuffer *fb)
{
    uint32_t paper = pixel_of(fb, BACKGROUND);
    for (uint32_t y = 0; y < fb->height; y++)
        for (uint32_t x = 0; x < fb->width; x++)
            pixel_write(fb, x, y, paper);
}

/* Makes room for a quarter of the screen at once: video memory is slow, and only cells that change
 * are drawn anew. */
static void scroll(void)
{
    uint32_t lines = screen.rows / 4;
    for (uint32_t row = 0; row < screen.rows; row++)
        for (uint32_t column = 0; column < screen.columns; column++)
            set_cell(row, column,
                     row + lines < screen.rows ? screen.cells[row + lines][column]
                                               : (struct cell){' ', COLOUR_PLAIN});
    screen.row -= lines;
}

static void end_line(void)
{
    screen.column = 0;
    if (++screen.row == screen.rows)
        scroll();
}

bool screen_put(char c, enum colour colour)
{
    bool ends = screen.column == screen.columns || c == '\n';
    if (screen.rows == 0)
        return false;
    if (c == '\n') {
        end_line();
    } else if (c == '\b') {
        screen.column -= screen.column > 0;
    } else {
        if (screen.column == screen.columns)
            end_line();
        set_cell(screen.row, screen.column++, (struct cell){c, (uint8_t)colour});
    }
    return ends;
}

void screen_cursor(bool shown)
{
    if (screen.rows && screen.column < screen.columns)
        draw_cell(screen.row, screen.column, shown);
}

uint32_t screen_rows(void)
{
    return screen.rows;
}

void screen_redraw(void)
{
    if (screen.fb)
        wipe(screen.fb);
    for (uint32_t row = 0; row < screen.rows; row++)
        for (uint32_t column = 0; column < screen.columns; column++)
            draw_cell(row, column, false);
}

static uint32_t lower(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void open_framebuffer(const struct lintel_framebuffer *fb)
{
    screen.fb = fb;
    screen.scale = fb->width / READABLE_WIDTH ? fb->width / READABLE_WIDTH : 1;
    screen.columns = lower(fb->width / (GLYPH_WIDTH * screen.scale), COLUMNS_MAX);
    screen.rows = lower(fb->height / (GLYPH_HEIGHT * screen.scale), ROWS_MAX);
    wipe(fb);
}

static void open_vga_text(void)
{
    screen.columns = 80;
    screen.rows = 25;
    out8(0x3d4, 0x0a); /* CRT controller: cursor start register, bit 5 hides the cursor */
    out8(0x3d5, 0x20);
    volatile uint16_t *text = direct(VGA_TEXT);
    for (uint32_t i = 0; i < screen.columns * screen.rows; i++)
        text[i] = (uint16_t)(vga_of[COLOUR_PLAIN] << 8 | ' ');
}

void screen_open(void)
{
    for (uint32_t row = 0; row < ROWS_MAX; row++)
        for (uint32_t column = 0; column < COLUMNS_MAX; column++)
            screen.cells[row][column] = (struct cell){' ', COLOUR_PLAIN};
    if (boot->framebuffer_count)
        open_framebuffer(&boot->framebuffers[0]);
    else if (boot->firmware == LINTEL_FIRMWARE_BIOS)
        open_vga_text();
}
