/* What the VGA text screen shows, without a BIOS call for every byte. */
#include "legacy/vga.h"
#include "common/lib/font.h"
#include "common/lib/mem.h"
#include "common/lib/terminal.h"
#include "legacy/bios.h"
#include "legacy/ports.h"

#define COLUMNS 80u
#define ROWS    25u

#define TEXT_MODE 3u

#define CRTC_INDEX       0x3d4
#define CRTC_DATA        0x3d5
#define CRTC_CURSOR_HIGH 0x0e
#define CRTC_CURSOR_LOW  0x0f

static struct {
    bool present, graphics;
    bool has_own_font;
    uint32_t row, column;
    struct terminal terminal;
} screen;

static volatile uint16_t *cell(uint32_t row, uint32_t column)
{
    volatile uint16_t *cells = at_physical(0xb8000);
    return cells + row * COLUMNS + column;
}

static void clear_row(uint32_t row, uint32_t from)
{
    for (uint32_t column = from; column < COLUMNS; column++)
        *cell(row, column) = TERMINAL_PLAIN << 8 | ' ';
}

static void clear(void)
{
    for (uint32_t row = 0; row < ROWS; row++)
        clear_row(row, 0);
}

void vga_begin(void)
{
    struct bios_regs regs = {.eax = TEXT_MODE};

    bios_call(0x10, &regs);
    regs = (struct bios_regs){.eax = 0x0f00}; /* AL = mode now */
    bios_call(0x10, &regs);
    screen.present = (regs.eax & 0x7f) == TEXT_MODE;
    screen.graphics = screen.has_own_font = false;
    screen.terminal = (struct terminal){.attribute = TERMINAL_PLAIN};
    screen.row = screen.column = 0;
}

void vga_graphics(void)
{
    screen.graphics = true;
}

void vga_text(void)
{
    if (screen.graphics)
        vga_begin();
}

/* Code page 437 and our font agree on ASCII only, so most boots never need this. */
static void load_font(void)
{
    struct bios_regs regs = {.eax = 0x1110, .ebx = GLYPH_HEIGHT << 8, .ecx = FONT_GLYPHS};

    memcpy(bounce, font, sizeof font);
    regs.es = segment_of(bounce); /* ES:BP */
    bios_call(0x10, &regs);
    screen.has_own_font = true;
}

void vga_quiet(void)
{
    struct bios_regs regs = {.eax = 0x1114}; /* the ROM's 8 x 16 font */

    if (screen.present && !screen.graphics && screen.has_own_font)
        bios_call(0x10, &regs);
    screen.has_own_font = false;
}

void vga_show_cursor(void)
{
    uint32_t at = screen.row * COLUMNS + screen.column;

    if (!screen.present || screen.graphics)
        return;
    port_write(CRTC_INDEX, CRTC_CURSOR_HIGH);
    port_write(CRTC_DATA, (uint8_t)(at >> 8));
    port_write(CRTC_INDEX, CRTC_CURSOR_LOW);
    port_write(CRTC_DATA, (uint8_t)at);
}

static void begin_line(void)
{
    screen.column = 0;
    if (++screen.row < ROWS)
        return;
    screen.row = ROWS - 1;
    memmove((void *)cell(0, 0), (const void *)cell(1, 0), (ROWS - 1) * COLUMNS * 2);
    clear_row(ROWS - 1, 0);
}

static void put_glyph(uint32_t character)
{
    uint8_t glyph = font_glyph(character);

    if (glyph >= 0x80 && !screen.has_own_font)
        load_font();
    if (screen.column == COLUMNS)
        begin_line();
    *cell(screen.row, screen.column++) = (uint16_t)(screen.terminal.attribute << 8 | glyph);
}

static void put_character(uint32_t character)
{
    switch (character) {
    case '\n':
        begin_line();
        break;
    case '\r':
        screen.column = 0;
        break;
    case '\b':
        screen.column -= screen.column > 0;
        break;
    default:
        put_glyph(character);
    }
}

static void obey(enum terminal_order order)
{
    switch (order) {
    case TERMINAL_CHARACTER:
        put_character(screen.terminal.character);
        break;
    case TERMINAL_MOVE:
        screen.row = MIN(screen.terminal.row, ROWS) - 1;
        screen.column = MIN(screen.terminal.column, COLUMNS) - 1;
        break;
    case TERMINAL_ERASE:
        clear();
        break;
    case TERMINAL_ERASE_REST:
        clear_row(screen.row, screen.column);
        break;
    default:
        break;
    }
}

void vga_put(char c)
{
    if (!screen.present)
        return;
    enum terminal_order order = terminal_read(&screen.terminal, c);
    if (!screen.graphics)
        obey(order);
}
