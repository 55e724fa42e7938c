/* Long text, a screen at a time. */
#include "common/lib/mem.h"
#include "common/lib/utf8.h"
#include "common/menu/menu.h"

#define TITLE_ROW 1
#define FIRST_ROW 3
#define ROWS      20
#define KEYS_ROW  24
#define COLUMN    2
#define COLUMNS   77

struct pager {
    struct screen *screen;
    const char *title, *text;
    uint32_t lines; /* of the text */
    uint32_t top;   /* the first line on the screen, from 0 */
};

/* Columns of the row that begins here; what is too long goes on in the next one. */
static uint32_t row_columns(const char **text)
{
    uint32_t columns = 0;

    for (; **text && **text != '\n' && columns < COLUMNS; columns++)
        utf8_next(text);
    *text += **text == '\n';
    return columns;
}

static uint32_t count_lines(const char *text)
{
    uint32_t lines = 0;

    for (; *text; lines++)
        row_columns(&text);
    return lines;
}

static const char *find_line(const char *text, uint32_t line)
{
    while (line--)
        row_columns(&text);
    return text;
}

/* A line that begins with a space is none. */
static bool is_heading(const char *text, const char *row)
{
    return *row != ' ' && (row == text || row[-1] == '\n');
}

static void draw(const struct pager *pager)
{
    struct screen *screen = pager->screen;
    const char *text = find_line(pager->text, pager->top);
    uint32_t end = MIN(pager->top + ROWS, pager->lines);

    screen_erase(screen);
    screen_fill(screen, (struct box){TITLE_ROW, 1, 1, SCREEN_COLUMNS - 1}, COLOURS_STONE);
    screen_at(screen, TITLE_ROW, COLUMN, COLOURS_STONE);
    screen_put(screen, "%s: lines %u to %u of %u", pager->title, pager->top + 1, end, pager->lines);
    for (uint32_t row = FIRST_ROW; row < FIRST_ROW + ROWS && *text; row++) {
        const char *begin = text;
        screen_at(screen, row, COLUMN,
                  is_heading(pager->text, begin) ? COLOURS_STRONG : COLOURS_PLAIN);
        screen_clip(screen, begin, row_columns(&text));
    }
    screen_at(screen, KEYS_ROW, COLUMN, COLOURS_PLAIN);
    screen_put(screen, "Up/Down, PgUp/PgDn or Space, Home/End: move   Esc: back");
    screen_cursor(screen, KEYS_ROW, COLUMN);
    screen_show(screen);
}

static void scroll(struct pager *pager, int64_t by)
{
    int64_t last = MAX((int64_t)pager->lines - ROWS, 0);

    pager->top = (uint32_t)MIN(MAX((int64_t)pager->top + by, 0), last);
}

static void obey(struct pager *pager, enum key key)
{
    switch ((int)key) {
    case KEY_UP:
        scroll(pager, -1);
        break;
    case KEY_DOWN:
        scroll(pager, 1);
        break;
    case KEY_PAGE_UP:
        scroll(pager, -ROWS);
        break;
    case KEY_PAGE_DOWN:
    case ' ':
        scroll(pager, ROWS);
        break;
    case KEY_HOME:
        scroll(pager, -(int64_t)pager->lines);
        break;
    case KEY_END:
        scroll(pager, pager->lines);
        break;
    }
}

void pager_show(struct screen *screen, struct keys *keys, const char *title, const char *text)
{
    struct pager pager = {.screen = screen, .title = title, .text = text};
    enum key key = KEY_NONE;

    pager.lines = count_lines(text);
    while (key != KEY_ESCAPE && key != KEY_ENTER && key != 'q') {
        draw(&pager);
        key = keys_wait(keys);
        obey(&pager, key);
    }
}
