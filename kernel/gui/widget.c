/* What do buttons, lists and facts look like, and what do they do? */
#include "kernel/gui/widget.h"
#include "kernel/console/keys.h"
#include "kernel/gui/palette.h"
#include "kernel/lib/text.h"

#define NAME_COLUMNS 10

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

static uint32_t rows_of(const struct list *list)
{
    return (uint32_t)(list->place.bottom - list->place.top) / ROW_HEIGHT;
}

void list_draw(struct window *window, struct list *list)
{
    struct canvas *canvas = &window->canvas;
    struct rect place = list->place;
    uint32_t rows = rows_of(list);
    canvas_fill(canvas, place, RGB_PAPER);
    for (uint32_t i = list->first; i < list->count && i < list->first + rows; i++) {
        int32_t y = place.top + (int32_t)(i - list->first) * ROW_HEIGHT;
        if (i == list->chosen)
            canvas_fill(canvas, (struct rect){place.left, y, place.right, y + ROW_HEIGHT},
                        RGB_RAISED);
        list->draw_row(canvas, place.left + 4, y + 1, i);
    }
    if (list->count <= rows)
        return;
    int32_t height = place.bottom - place.top; /* the part that is seen, at the right edge */
    int32_t from = (int32_t)((uint64_t)height * list->first / list->count);
    int32_t to = (int32_t)((uint64_t)height * (list->first + rows) / list->count);
    canvas_fill(canvas, (struct rect){place.right - 4, place.top, place.right, place.bottom},
                RGB_PANEL);
    canvas_fill(canvas,
                (struct rect){place.right - 4, place.top + from, place.right, place.top + to},
                RGB_QUIET);
}

static void scroll(struct list *list, int32_t rows)
{
    int64_t most = (int64_t)list->count - rows_of(list), first = (int64_t)list->first + rows;
    first = first > most ? most : first;
    list->first = first < 0 ? 0 : (uint32_t)first;
}

static void choose(struct list *list, int64_t row)
{
    uint32_t rows = rows_of(list);
    row = row >= list->count ? (int64_t)list->count - 1 : row;
    list->chosen = row < 0 ? 0 : (uint32_t)row;
    if (list->chosen < list->first)
        list->first = list->chosen;
    if (list->chosen >= list->first + rows)
        list->first = list->chosen - rows + 1;
}

static enum list_change on_key(struct list *list, int key)
{
    static const struct {
        int key, rows, pages;
    } moves[] = {{KEY_UP, -1, 0}, {KEY_DOWN, 1, 0}, {KEY_PAGE_UP, 0, -1}, {KEY_PAGE_DOWN, 0, 1}};
    for (uint32_t i = 0; i < sizeof moves / sizeof *moves; i++)
        if (key == moves[i].key) {
            choose(list, (int64_t)(list->chosen < list->count ? list->chosen : 0) + moves[i].rows +
                             moves[i].pages * (int64_t)rows_of(list));
            return LIST_SCROLLED;
        }
    return key == KEY_ENTER && list->chosen < list->count ? LIST_CHOSEN : LIST_SAME;
}

enum list_change list_on_event(struct list *list, const struct event *event)
{
    if (list->count == 0)
        return LIST_SAME;
    if (event->kind == EVENT_KEY)
        return on_key(list, event->key);
    if (event->kind == EVENT_WHEEL) {
        scroll(list, event->wheel * 3);
        return LIST_SCROLLED;
    }
    if (event->kind != EVENT_PRESS || !rect_holds(list->place, event->x, event->y))
        return LIST_SAME;
    uint32_t row = list->first + (uint32_t)(event->y - list->place.top) / ROW_HEIGHT;
    if (row >= list->count || row >= list->first + rows_of(list))
        return LIST_SAME;
    list->chosen = row;
    return LIST_CHOSEN;
}

/* ---- facts ----------------------------------------------------------------------------------- */

void fact_draw(struct window *window, int32_t x, int32_t y, const char *name, const char *format,
               ...)
{
    char text[128];
    va_list list;
    va_start(list, format);
    text_format(text, sizeof text, format, list);
    va_end(list);
    canvas_print(&window->canvas, x, y, RGB_QUIET, "%s", name);
    canvas_print(&window->canvas, x + NAME_COLUMNS * GLYPH_WIDTH, y, RGB_TEXT, "%s", text);
}
