#include "vga.h"
#include "bios.h"
#include "common/lib/mem.h"

#define COLUMNS 80u
#define ROWS    25u

#define TEXT_MODE 3u

#define NORMAL  0x0700u /* light grey on black, in the cell's high byte */
#define REVERSE 0x7000u

#define CRTC_INDEX       0x3d4
#define CRTC_DATA        0x3d5
#define CRTC_CURSOR_HIGH 0x0e
#define CRTC_CURSOR_LOW  0x0f

#define PARAMETERS      2
#define PARAMETER_LIMIT 1000u

static struct {
    bool present, graphics;
    uint32_t row, column;
    uint16_t attribute;
    enum { TEXT, AFTER_ESCAPE, IN_SEQUENCE } state;
    uint32_t parameters[PARAMETERS], parameter;
} screen;

static volatile uint16_t *cell(uint32_t row, uint32_t column)
{
    volatile uint16_t *cells = at_physical(0xb8000);
    return cells + row * COLUMNS + column;
}

static void clear_row(uint32_t row, uint32_t from)
{
    for (uint32_t column = from; column < COLUMNS; column++)
        *cell(row, column) = NORMAL | ' ';
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
    screen.graphics = false;
    screen.attribute = NORMAL;
    screen.row = screen.column = 0;
}

void vga_graphics(void)
{
    screen.graphics = true;
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

static void put_text(char c)
{
    switch (c) {
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
        if (screen.column == COLUMNS)
            begin_line();
        *cell(screen.row, screen.column++) = screen.attribute | (uint8_t)c;
    }
}

static void end_sequence(char final)
{
    uint32_t first = screen.parameters[0], second = screen.parameters[1];

    switch (final) {
    case 'H': /* cursor position, from 1 */
        screen.row = MIN(MAX(first, 1), ROWS) - 1;
        screen.column = MIN(MAX(second, 1), COLUMNS) - 1;
        break;
    case 'J':
        if (screen.graphics)
            vga_begin();
        if (first == 2)
            clear();
        break;
    case 'K':
        clear_row(screen.row, screen.column);
        break;
    case 'm':
        screen.attribute = first == 7 ? REVERSE : NORMAL;
        break;
    }
}

static void put_in_sequence(char c)
{
    uint32_t *parameter = &screen.parameters[screen.parameter];

    if (c >= '0' && c <= '9') {
        *parameter = MIN(*parameter * 10 + (uint32_t)(c - '0'), PARAMETER_LIMIT);
    } else if (c == ';') {
        screen.parameter = MIN(screen.parameter + 1, PARAMETERS - 1u);
    } else {
        screen.state = TEXT;
        end_sequence(c);
    }
}

void vga_put(char c)
{
    if (!screen.present)
        return;
    if (c == 0x1b) {
        screen.state = AFTER_ESCAPE;
    } else if (screen.state == AFTER_ESCAPE) {
        screen.state = c == '[' ? IN_SEQUENCE : TEXT;
        screen.parameter = 0;
        memset(screen.parameters, 0, sizeof screen.parameters);
    } else if (screen.state == IN_SEQUENCE) {
        put_in_sequence(c);
    } else if (!screen.graphics) {
        put_text(c);
    }
}
