/* How does text reach a person when neither firmware nor kernel can show it? */
#include "common/resident/screen.h"
#include "common/lib/font.h"
#include "common/lib/pixels.h"

#define COM1             0x3f8
#define COM1_LINE_STATUS (COM1 + 5)
#define LINE_STATUS_FREE 0x20

#define INK   0xffffff
#define PAPER 0x800000

#define VGA_COLUMNS   80
#define VGA_ROWS      25
#define VGA_ATTRIBUTE 0x4f00 /* white on red */

static const struct resident_state *machine;
static uint32_t row;

static void serial_put(char c)
{
    /* A port that is not there reads FFh and is never waited for; a wedged one costs a bounded
     * wait. */
    uint8_t status = 0;
    for (uint32_t tries = 0; tries < 100000 && !(status & LINE_STATUS_FREE); tries++)
        __asm__ volatile("inb %1, %0" : "=a"(status) : "Nd"((uint16_t)COM1_LINE_STATUS));
    __asm__ volatile("outb %0, %1" : : "a"(c), "Nd"((uint16_t)COM1));
}

static void serial_line(const char *text)
{
    for (; *text; text++)
        serial_put(*text);
    serial_put('\r');
    serial_put('\n');
}

static void draw_line(const struct lintel_framebuffer *fb, const char *text)
{
    static const struct glyph_style style = {INK, PAPER, 1};
    uint32_t y = row * GLYPH_HEIGHT, columns = fb->width / GLYPH_WIDTH;

    for (uint32_t column = 0; column < columns; column++)
        pixels_glyph(fb, column * GLYPH_WIDTH, y, (uint8_t)(*text ? *text++ : ' '), style);
}

static void write_line(volatile uint16_t *screen, const char *text)
{
    for (uint32_t column = 0; column < VGA_COLUMNS; column++)
        screen[row * VGA_COLUMNS + column] = VGA_ATTRIBUTE | (uint8_t)(*text ? *text++ : ' ');
}

void screen_begin(const struct resident_state *state)
{
    machine = state;
    row = 0;
}

void screen_line(const char *text)
{
    const struct lintel_framebuffer *fb = &machine->framebuffer;
    serial_line(text);
    if (fb->pixels && (row + 1) * GLYPH_HEIGHT <= fb->height)
        draw_line(fb, text);
    else if (!fb->pixels && machine->vga_text && row < VGA_ROWS)
        write_line((volatile uint16_t *)machine->vga_text, text);
    row++;
}
