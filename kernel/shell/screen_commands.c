/* Keys as they come, a test card, and windows. */
#include "kernel/console/pixels.h"
#include "kernel/gui/desktop.h"
#include "kernel/shell/shell.h"
#include "kernel/threads/thread.h"

#define CONTROL_D 4

static void print_key(const struct input *input)
{
    static const char *const names[] = {"up",  "down",   "left",   "right",   "Home",
                                        "End", "Insert", "Delete", "Page Up", "Page Down"};
    print("%s %02x", input->source == INPUT_KEYBOARD ? "scan code" : "byte     ", input->raw);
    if (input->key >= KEY_UP)
        print("  %s", names[input->key - KEY_UP]);
    else if (input->key > ' ')
        print("  '%c'", input->key);
    else if (input->key)
        print("  control %u", (uint32_t)input->key);
    print("\n");
}

static void echo(void)
{
    for (struct input input = {0}; input.key != CONTROL_D;) {
        input = console_input();
        if (input.source == INPUT_NONE)
            thread_rest(); /* the desktop ends while the shell sleeps */
        else
            print_key(&input);
    }
}

/* ---- the test card --------------------------------------------------------------------------- */

#define BARS      8
#define GRID      64 /* pixels */
#define GRID_GREY 0x404040

static uint32_t min(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Colour bars above, ramps of red, green, blue and grey below, a frame and a grid: what is wrong
 * with a mode (pitch, order of colours, size) shows at once. */
static uint32_t card_colour(uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    static const uint32_t bars[BARS] = {0xffffff, 0xffff00, 0x00ffff, 0x00ff00,
                                        0xff00ff, 0xff0000, 0x0000ff, 0x000000};
    static const uint32_t ramps[] = {0x010000, 0x000100, 0x000001, 0x010101};
    uint32_t edge = min(min(x, y), min(width - 1 - x, height - 1 - y));
    if (edge < 2)
        return 0xffffff;
    if (y < height / 2)
        return bars[x * BARS / width];
    uint32_t band = (y - height / 2) * 8 / height;
    if (x % GRID == 0 || y % GRID == 0)
        return GRID_GREY;
    return ramps[band] * (x * 255 / width);
}

static void draw(void)
{
    const struct lintel_framebuffer *fb = boot->framebuffers;
    if (boot->framebuffer_count == 0) {
        print("There is no framebuffer.\n");
        return;
    }
    if (desktop_runs()) {
        print("Windows are shown; Esc ends them.\n");
        return;
    }
    print("A key brings the text back.\n");
    for (uint32_t y = 0; y < fb->height; y++)
        for (uint32_t x = 0; x < fb->width; x++)
            pixel_write(fb, x, y, pixel_of(fb, card_colour(x, y, fb->width, fb->height)));
    console_key();
    screen_redraw();
}

/* ---- windows --------------------------------------------------------------------------------- */

static void gui(void)
{
    if (desktop_runs() && given.count)
        desktop_time();
    else if (desktop_runs())
        print("The windows are shown already; Esc ends them.\n");
    else if (given.count)
        print("There are no windows; `gui` shows them.\n");
    else
        desktop_start(shell_show_line);
}

const struct command screen_commands[] = {
    {"echo", "", "shows key codes as they come, until Ctrl-D",
     "  From the keyboard scan codes of set 1, from the serial line bytes.\n", echo},
    {"draw", "", "a test card on the framebuffer, until a key", NULL, draw},
    {"gui", "[time]", "windows, with keyboard and mouse, until Esc",
     "  Tab shows the next window, Ctrl and a digit opens one, Ctrl-W closes it, Ctrl and arrows\n"
     "  move it. The shell goes on in one of them.\n"
     "  gui time    how long it takes to draw all anew, and to move a window\n",
     gui},
    {0},
};
