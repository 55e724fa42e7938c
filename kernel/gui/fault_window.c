/* What happens to the others when the code of one window faults? Nothing. */
#include "kernel/gui/palette.h"
#include "kernel/gui/widget.h"

#define WIDTH  380
#define HEIGHT 130

static const struct button fault = {{16, 80, 180, 112}, "Read page 0"};

static void draw(struct window *window)
{
    canvas_fill(&window->canvas, rect_of(0, 0, WIDTH, HEIGHT), RGB_PAPER);
    canvas_print(&window->canvas, 16, 16, RGB_TEXT, "This button's code reads a null pointer.");
    canvas_print(&window->canvas, 16, 40, RGB_TEXT, "It ends this window, and nothing else.");
    button_draw(window, &fault);
}

static void on_event(struct window *window, const struct event *event)
{
    static const volatile int *volatile null;
    if (button_pressed(&fault, event))
        canvas_print(&window->canvas, 16, 40, RGB_BAD, "Page 0 holds %d.", *null);
}

const struct window_program fault_program = {"Fault", WIDTH, HEIGHT, draw, on_event};
