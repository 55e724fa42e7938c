/* What do buttons and lists look like, and what do they do? */
#include "kernel/gui/widget.h"
#include "kernel/console/keys.h"
#include "kernel/gui/palette.h"
#include "kernel/lib/text.h"

void button_draw(struct window *window, const struct button *button)
{
    struct rect place = button->place;
    int32_t text = (int32_t)text_length(button->label) * GLYPH_WIDTH;
    canvas_fill(&window->canvas, place, RGB_RAISED);
    canvas_frame(&window->canvas, place, RGB_EDGE);
    canvas_print(&window->canvas, (place.left + place.right - text) / 2,
                 (place.top + place.bottom - GLYPH_HEIGHT) / 2, RGB_TEXT, "%s", button->label);
}

bool button_pressed(const struct button *button, const struct event *event)
{
    bool by_key = event->kind == EVENT_KEY && event->key == KEY_ENTER;
    return by_key || (event->kind == EVENT_PRESS && rect_holds(button->place, event->x, event->y));
}

/* ---- lists ----------------------------------------------------------------------------------- */

#define WHEEL_ROWS 3

static int32_t rows_of(const struct list *list)
{
    return (list->place.bottom - list->place.top) / ROW_HEIGHT;
}

/* At the right edge: which part is seen. */
void list_draw(struct window *window, const struct list *list)
{
    struct rect place = list->place, mark = {place.right - 4, 0, place.right, 0};
    uint32_t height = (uint32_t)(place.bottom - place.top), rows = (uint32_t)rows_of(list);
    canvas_fill(&window->canvas, place, RGB_PAPER);
    for (uint32_t i = list->first; i < list->count && i < list->first + rows; i++) {
        int32_t y = place.top + (int32_t)(i - list->first) * ROW_HEIGHT;
        if (i == list->chosen)
            canvas_fill(&window->canvas, (struct rect){place.left, y, place.right, y + ROW_HEIGHT},
                        RGB_RAISED);
        list->draw_row(&window->canvas, place.left + 4, y + 1, i);
    }
    mark.top = place.top + (int32_t)(height * list->first / list->count);
    mark.bottom = mark.top + (int32_t)(height * rows / list->count);
    if (rows < list->count)
        canvas_fill(&window->canvas, mark, RGB_QUIET);
}

enum list_change list_on_event(struct list *list, const struct event *event)
{
    int32_t rows = rows_of(list), last = (int32_t)list->count - 1, first = (int32_t)list->first;
    int32_t chosen = (int32_t)list->chosen;
    if (event->kind == EVENT_WHEEL) {
        list->first = (uint32_t)between(first + event->wheel * WHEEL_ROWS, 0, last + 1 - rows);
        return LIST_MOVED;
    }
    if (event->kind == EVENT_KEY && (event->key == KEY_UP || event->key == KEY_DOWN)) {
        chosen = between(chosen + (event->key == KEY_UP ? -1 : 1), 0, last);
        list->chosen = (uint32_t)chosen;
        list->first = (uint32_t)between(first, chosen - rows + 1, chosen);
        return LIST_MOVED;
    }
    if (event->kind == EVENT_PRESS && rect_holds(list->place, event->x, event->y)) {
        int32_t row = (event->y - list->place.top) / ROW_HEIGHT;
        if (row >= rows || first + row > last)
            return LIST_SAME;
        list->chosen = (uint32_t)(first + row);
        return LIST_CHOSEN;
    }
    return event->kind == EVENT_KEY && event->key == KEY_ENTER ? LIST_CHOSEN : LIST_SAME;
}
