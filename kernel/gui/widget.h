/* What several windows are made of. */
#pragma once

#include "kernel/gui/window.h"

#define ROW_HEIGHT (GLYPH_HEIGHT + 2) /* pixels, of a line of text */

struct button {
    struct rect place;
    const char *label;
};
void button_draw(struct window *window, const struct button *button);
bool button_pressed(const struct button *button, const struct event *event);

/* Rows of text, one of them chosen by mouse or arrow keys; the wheel scrolls. */
struct list {
    struct rect place;
    uint32_t count, first, chosen; /* first: that is seen */
    void (*draw_row)(struct canvas *canvas, int32_t x, int32_t y, uint32_t index);
};
void list_draw(struct window *window, const struct list *list);

/* What an event does to a list. A row that was chosen already may be chosen again. */
enum list_change { LIST_SAME, LIST_MOVED, LIST_CHOSEN };
enum list_change list_on_event(struct list *list, const struct event *event);
