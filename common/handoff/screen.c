#include "screen.h"

#define COM1             0x3f8
#define COM1_LINE_STATUS (COM1 + 5)
#define LINE_STATUS_FREE 0x20

#define GLYPH_WIDTH  8
#define GLYPH_HEIGHT 16

#define VGA_COLUMNS   80
#define VGA_ROWS      25
#define VGA_ATTRIBUTE 0x4f00 /* white on red */

extern const uint8_t font[256][GLYPH_HEIGHT] __attribute__((visibility("hidden")));

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

static uint32_t colour(const struct lintel_framebuffer *fb, uint8_t red, uint8_t green,
                       uint8_t blue)
{
    return (uint32_t)(red >> (8 - fb->red_bits)) << fb->red_shift |
           (uint32_t)(green >> (8 - fb->green_bits)) << fb->green_shift |
           (uint32_t)(blue >> (8 - fb->blue_bits)) << fb->blue_shift;
}

static void put_pixel(const struct lintel_framebuffer *fb, uint32_t x, uint32_t y, uint32_t value)
{
    volatile uint8_t *pixel = (volatile uint8_t *)fb->pixels + (uint64_t)y * fb->pitch +
                              (uint64_t)x * ((fb->bits_per_pixel + 7) / 8);
    for (uint32_t bits = 0; bits < fb->bits_per_pixel; bits += 8)
        *pixel++ = (uint8_t)(value >> bits);
}

static void draw_line(const struct lintel_framebuffer *fb, const char *text)
{
    uint32_t ink = colour(fb, 255, 255, 255), paper = colour(fb, 128, 0, 0);
    for (uint32_t y = 0; y < GLYPH_HEIGHT; y++) {
        const char *c = text;
        for (uint32_t x = 0; x + GLYPH_WIDTH <= fb->width; x += GLYPH_WIDTH) {
            uint8_t line = *c ? font[(uint8_t)*c++][y] : 0;
            for (uint32_t bit = 0; bit < GLYPH_WIDTH; bit++)
                put_pixel(fb, x + bit, row * GLYPH_HEIGHT + y, line & 0x80 >> bit ? ink : paper);
        }
    }
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
