/* What stands in each cell of the screen, and how is it drawn? */
#include "kernel/console/screen.h"
#include "kernel/console/font.h"
#include "kernel/console/pixels.h"
#include "kernel/handover/handover.h"
#include "kernel/machine/instructions.h"
#include "kernel/machine/interrupts.h"

#define COLUMNS_MAX    240
#define ROWS_MAX       100
#define VGA_TEXT       0xb8000 /* physical: 80 x 25 pairs of character and attribute */
#define READABLE_WIDTH 1280    /* pixels a glyph's width is made for; wider screens enlarge it */
#define BACKGROUND     0x101820

struct cell {
    char character;
    uint8_t colour; /* enum colour */
};

static struct screen {
    const struct screen_device *device; /* NULL: the machine's */
    uint32_t columns, rows;             /* 0: no screen */
    uint32_t column, row;               /* of the next character */
    struct cell cells[ROWS_MAX][COLUMNS_MAX];
} screen, own; /* `own`: kept while somebody else's device is in use */

static const struct lintel_framebuffer *fb; /* NULL: VGA text */
static uint32_t scale;

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

static void draw_glyph(uint32_t row, uint32_t column, uint8_t character, uint32_t ink,
                       uint32_t paper)
{
    uint32_t left = column * GLYPH_WIDTH * scale, top = row * GLYPH_HEIGHT * scale;
    ink = pixel_of(fb, ink);
    paper = pixel_of(fb, paper);
    for (uint32_t y = 0; y < GLYPH_HEIGHT * scale; y++) {
        uint8_t line = font[character][y / scale];
        for (uint32_t x = 0; x < GLYPH_WIDTH * scale; x++)
            pixel_write(fb, left + x, top + y, line & 0x80 >> x / scale ? ink : paper);
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
    uint32_t colour = rgb_of[cell.colour];
    uint32_t ink = inverse ? BACKGROUND : colour, paper = inverse ? colour : BACKGROUND;
    if (screen.device)
        screen.device->draw(row, column, (uint8_t)cell.character, ink, paper);
    else if (fb)
        draw_glyph(row, column, (uint8_t)cell.character, ink, paper);
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

static void wipe(void)
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

static void put(char c, enum colour colour)
{
    if (c == '\n') {
        end_line();
    } else if (c == '\b') {
        screen.column -= screen.column > 0;
    } else {
        if (screen.column == screen.columns)
            end_line();
        set_cell(screen.row, screen.column++, (struct cell){c, (uint8_t)colour});
    }
}

/* Whole, whichever thread prints meanwhile. */
bool screen_put(char c, enum colour colour)
{
    uint64_t flags = interrupts_off();
    bool ends = screen.rows && (screen.column == screen.columns || c == '\n');
    if (screen.rows)
        put(c, colour);
    interrupts_restore(flags);
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
    if (fb && !screen.device)
        wipe();
    for (uint32_t row = 0; row < screen.rows; row++)
        for (uint32_t column = 0; column < screen.columns; column++)
            draw_cell(row, column, false);
}

static uint32_t lower(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void open_framebuffer(void)
{
    fb = &boot->framebuffers[0];
    scale = fb->width / READABLE_WIDTH ? fb->width / READABLE_WIDTH : 1;
    screen.columns = lower(fb->width / (GLYPH_WIDTH * scale), COLUMNS_MAX);
    screen.rows = lower(fb->height / (GLYPH_HEIGHT * scale), ROWS_MAX);
    wipe();
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

static void clear_cells(void)
{
    for (uint32_t row = 0; row < ROWS_MAX; row++)
        for (uint32_t column = 0; column < COLUMNS_MAX; column++)
            screen.cells[row][column] = (struct cell){' ', COLOUR_PLAIN};
}

void screen_open(void)
{
    clear_cells();
    if (boot->framebuffer_count)
        open_framebuffer();
    else if (boot->firmware == LINTEL_FIRMWARE_BIOS)
        open_vga_text();
}

void screen_use(const struct screen_device *device)
{
    uint64_t flags = interrupts_off();
    if (device && !screen.device)
        own = screen;
    else if (!device && screen.device)
        screen = own;
    if (device) {
        screen =
            (struct screen){.device = device, .columns = device->columns, .rows = device->rows};
        clear_cells();
    }
    screen_redraw();
    interrupts_restore(flags);
}
