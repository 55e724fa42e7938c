/* How does the shell's console look in a window? */
#include "kernel/console/console.h"
#include "kernel/gui/window.h"
#include "kernel/machine/interrupts.h"
#include <stddef.h>

#define COLUMNS 80
#define ROWS    25

static struct canvas *shown_on;

/* In the thread of whoever prints. */
static void draw_cell(uint32_t row, uint32_t column, uint8_t character, uint32_t ink,
                      uint32_t paper)
{
    int32_t x = (int32_t)column * GLYPH_WIDTH, y = (int32_t)row * GLYPH_HEIGHT;
    uint64_t flags = interrupts_off();
    canvas_fill(shown_on, rect_of(x, y, GLYPH_WIDTH, GLYPH_HEIGHT), paper);
    canvas_glyph(shown_on, x, y, character, ink);
    interrupts_restore(flags);
}

void console_window_begin(struct canvas *canvas)
{
    static const struct screen_device device = {COLUMNS, ROWS, draw_cell};
    shown_on = canvas;
    screen_use(&device);
    console_take_keyboard(true);
}

void console_window_end(void)
{
    console_take_keyboard(false);
    screen_use(NULL);
}

/* Its canvas holds the console also while the window is closed. */
const struct window_program console_program = {
    .title = "Console", .width = COLUMNS * GLYPH_WIDTH, .height = ROWS * GLYPH_HEIGHT};
