/* What a window is, to the program that fills it. */
#pragma once

#include "kernel/gui/canvas.h"
#include <stddef.h>

struct window;

struct event {
    enum { EVENT_TICK, EVENT_KEY, EVENT_PRESS, EVENT_DRAG, EVENT_RELEASE, EVENT_WHEEL } kind;
    int32_t x, y;  /* of the mouse's: pixels of the window's canvas; of a drag and a release perhaps
                    * outside of it */
    int32_t wheel; /* rows, down is positive */
    int key;       /* enum key (keys.h) */
};

/* A row of the desktop's table: a program that shows itself in one window. Its functions run in the
 * thread of the desktop; a fault in one of them closes the window, and nothing else. */
struct window_program {
    const char *title;
    int32_t width, height; /* pixels of the canvas; at most 640 x 400 */
    /* All of it, anew: after it has been opened. NULL: what was there stays. */
    void (*draw)(struct window *);
    void (*on_event)(struct window *, const struct event *); /* NULL: none matters */
};

/* A tick comes four times a second. Whoever draws outside of draw() just draws: the canvas knows
 * what has to be shown. */
struct window {
    const struct window_program *program;
    struct canvas canvas;
    int32_t left, top; /* of the canvas, on the screen */
    bool is_open;
};

/* console_window.c: from now on the console is on a canvas, whether its window is open or not. */
void console_window_begin(struct canvas *canvas);
void console_window_end(void);

extern const struct window_program memory_program, tables_program, timeline_program,
    threads_program, console_program, pad_program, fault_program;
