/* Does the mouse do what the hand does? A drawing pad. */
#include "kernel/gui/palette.h"
#include "kernel/gui/widget.h"

#define WIDTH   440
#define HEIGHT  320
#define PAPER   36 /* where it begins: above are the button and what the mouse says */
#define PEN_MAX 24

static const struct button clear = {{8, 6, 72, 30}, "Clear"};
static struct {
    int32_t x, y; /* where the pen is */
    int32_t width;
    bool down;
} pen;

static void draw_state(struct window *window)
{
    canvas_fill(&window->canvas, (struct rect){80, 0, WIDTH, PAPER}, RGB_PANEL);
    canvas_print(&window->canvas, 88, 10, RGB_TEXT, "x %4d  y %4d  pen %2d  %s", pen.x, pen.y,
                 pen.width, pen.down ? "down" : "up");
}

static void draw(struct window *window)
{
    canvas_fill(&window->canvas, rect_of(0, 0, WIDTH, PAPER), RGB_PANEL);
    canvas_fill(&window->canvas, (struct rect){0, PAPER, WIDTH, HEIGHT}, RGB_PAPER);
    button_draw(window, &clear);
    draw_state(window);
}

static void open(struct window *window)
{
    pen.width = 3;
    pen.down = false;
    draw(window);
}

/* A pen that leaves the pad goes on at its edge. */
static void on_event(struct window *window, const struct event *event)
{
    int32_t x = between(event->x, 0, WIDTH - 1), y = between(event->y, PAPER, HEIGHT - 1);
    bool draws = event->kind == EVENT_DRAG && pen.down;
    if (button_pressed(&clear, event)) {
        draw(window);
        return;
    }
    if (event->kind == EVENT_KEY || event->kind == EVENT_TICK)
        return;
    if (event->kind == EVENT_PRESS)
        pen.down = draws = event->y >= PAPER;
    if (event->kind == EVENT_WHEEL)
        pen.width = between(pen.width - event->wheel, 1, PEN_MAX);
    if (draws && event->kind == EVENT_DRAG)
        canvas_line(&window->canvas, pen.x, pen.y, x, y, pen.width, RGB_TITLE);
    else if (draws)
        canvas_line(&window->canvas, x, y, x, y, pen.width, RGB_TITLE);
    if (event->kind == EVENT_RELEASE)
        pen.down = false;
    pen.x = x;
    pen.y = y;
    draw_state(window);
}

const struct window_program pad_program = {"Pad", WIDTH, HEIGHT, open, on_event};
