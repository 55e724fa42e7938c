/* The menu: a doorway with the entries in it.
 *
 * Rows: 2 the beam, 3 to 22 the posts, with the error, the list and the chosen entry's details
 * between them; 23 the keys; 24 the countdown. Nothing reaches row 25, so that nothing scrolls. */
#include "entry.h"
#include "screen.h"
#include "../lib/fmt.h"
#include "../lib/mem.h"

#define BEAM_ROW      2
#define BEAM_COLUMN   3
#define BEAM_COLUMNS  76
#define POST_LAST_ROW 22
#define POST_LEFT     5
#define POST_RIGHT    75
#define KEYS_ROW      23
#define COUNTDOWN_ROW 24

#define FIRST_ROW       4 /* of what stands between the posts */
#define LIST_LAST_ROW   18
#define COLUMN          10
#define COLUMNS         62
#define VERSION_COLUMNS 24

#define POLL_MILLISECONDS 20

struct menu {
    const struct config *config;
    const struct firmware *firmware;
    uint32_t selected;
    uint32_t top;         /* index of the first entry on the screen */
    uint32_t row, rows;   /* where the list lies, and how many entries it can show */
    int64_t milliseconds; /* left of the countdown; negative: there is none */
};

/* A rectangle that text is wrapped into. */
struct area {
    uint32_t row, column, rows, columns;
};

static const struct area error_area = {FIRST_ROW, COLUMN + 9, 8, COLUMNS - 9};
static const struct area details_area = {LIST_LAST_ROW + 2, COLUMN, 2, COLUMNS};

/* Returns how many rows it took. */
static uint32_t draw_wrapped(const struct firmware *firmware, struct area area, const char *text)
{
    char printable[512];
    const char *line = printable;
    uint32_t rows = 0;

    screen_text(printable, sizeof printable, text);
    while (*line && rows < area.rows) {
        const char *next;
        uint32_t length = screen_wrap(line, area.columns, &next);

        screen_move(firmware, area.row + rows++, area.column);
        screen_put(firmware, "%.*s", (int)length, line);
        line = next;
    }
    return rows;
}

static void draw_doorway(const struct firmware *firmware)
{
    screen_clear(firmware);
    screen_reverse(firmware, true);
    screen_move(firmware, BEAM_ROW, BEAM_COLUMN);
    screen_put(firmware, "%*s%*s", BEAM_COLUMNS / 2 + 3, "Lintel", BEAM_COLUMNS / 2 - 3, "");
    for (uint32_t row = BEAM_ROW + 1; row <= POST_LAST_ROW; row++) {
        screen_move(firmware, row, POST_LEFT);
        screen_put(firmware, "  ");
        screen_move(firmware, row, POST_RIGHT);
        screen_put(firmware, "  ");
    }
    screen_reverse(firmware, false);
    screen_move(firmware, KEYS_ROW, COLUMN);
    screen_put(firmware, "Up/Down: move   Enter: boot   1-9: boot at once   Esc: give up");
}

/* Returns the rows that the error takes, with an empty one behind it. */
static uint32_t draw_error(const struct firmware *firmware, const char *error)
{
    if (!error)
        return 0;
    screen_move(firmware, FIRST_ROW, COLUMN);
    screen_reverse(firmware, true);
    screen_put(firmware, " Error ");
    screen_reverse(firmware, false);
    return MAX(draw_wrapped(firmware, error_area, error), 1U) + 1;
}

/* Marks text that does not fit. */
static void cut_text(char *text, size_t columns)
{
    if (strlen(text) > columns)
        memcpy(text + columns - 3, "...", 4);
}

static void draw_entry(const struct menu *menu, uint32_t index)
{
    const struct entry *entry = &menu->config->entries[index];
    char version[VERSION_COLUMNS + 1], title[COLUMNS + 1];
    char digit = index < 9 ? (char)('1' + index) : ' ';

    screen_text(version, sizeof version, entry->problem ? "(can't boot)" : entry->version);
    screen_text(title, sizeof title, entry->title);
    int columns = COLUMNS - 7 - (int)strlen(version);
    cut_text(title, (size_t)columns);

    screen_move(menu->firmware, menu->row + index - menu->top, COLUMN);
    screen_reverse(menu->firmware, index == menu->selected);
    screen_put(menu->firmware, " %c  %-*.*s  %s ", digit, columns, columns, title, version);
    screen_reverse(menu->firmware, false);
}

/* Says how many entries lie beyond an end of the list. */
static void draw_beyond(const struct menu *menu, uint32_t row, const char *where, uint32_t count)
{
    char text[COLUMNS + 1] = "";

    if (count)
        fmt(text, sizeof text, "    ... %u more %s", count, where);
    screen_move(menu->firmware, row, COLUMN);
    screen_put(menu->firmware, "%-*s", COLUMNS, text);
}

static void draw_list(const struct menu *menu)
{
    uint32_t count = menu->config->count;
    uint32_t end = MIN(menu->top + menu->rows, count);

    for (uint32_t i = menu->top; i < end; i++)
        draw_entry(menu, i);
    if (count > menu->rows) {
        draw_beyond(menu, menu->row - 1, "above", menu->top);
        draw_beyond(menu, menu->row + menu->rows, "below", count - end);
    }
}

static void draw_details(const struct menu *menu)
{
    const struct entry *entry = &menu->config->entries[menu->selected];
    char text[512];

    for (uint32_t row = 0; row < details_area.rows; row++) {
        screen_move(menu->firmware, details_area.row + row, COLUMN);
        screen_put(menu->firmware, "%*s", COLUMNS, "");
    }
    if (entry->problem)
        fmt(text, sizeof text, "%s %s", entry->id, entry->problem);
    else
        fmt(text, sizeof text, "%s: %s %s", entry->id, entry->kernel_key, entry->kernel);
    draw_wrapped(menu->firmware, details_area, text);
}

static void draw_countdown(const struct menu *menu)
{
    int64_t seconds = (menu->milliseconds + 999) / 1000;

    screen_move(menu->firmware, COUNTDOWN_ROW, COLUMN);
    if (menu->milliseconds >= 0)
        screen_put(menu->firmware, "Boots in %ld second%s. Any key stops the countdown.", seconds,
                   seconds == 1 ? "" : "s");
    screen_clear_rest(menu->firmware);
}

/* The cursor stays on the selected entry: a terminal reader follows it. */
static void park_cursor(const struct menu *menu)
{
    screen_move(menu->firmware, menu->row + menu->selected - menu->top, COLUMN + 1);
}

/* Scrolls by as little as shows the selected entry. */
static bool scroll(struct menu *menu)
{
    uint32_t old = menu->top;

    if (menu->selected < menu->top)
        menu->top = menu->selected;
    else if (menu->selected >= menu->top + menu->rows)
        menu->top = menu->selected - menu->rows + 1;
    return menu->top != old;
}

static void draw_all(struct menu *menu, const char *error)
{
    draw_doorway(menu->firmware);
    menu->row = FIRST_ROW + 1 + draw_error(menu->firmware, error);
    menu->rows = LIST_LAST_ROW + 1 - menu->row;
    scroll(menu);
    draw_list(menu);
    draw_details(menu);
    draw_countdown(menu);
    park_cursor(menu);
}

static void select_entry(struct menu *menu, uint32_t index)
{
    uint32_t old = menu->selected;

    if (index == old || index >= menu->config->count)
        return;
    menu->selected = index;
    if (scroll(menu)) {
        draw_list(menu);
    } else {
        draw_entry(menu, old);
        draw_entry(menu, index);
    }
    draw_details(menu);
    park_cursor(menu);
}

static void stop_countdown(struct menu *menu)
{
    if (menu->milliseconds < 0)
        return;
    menu->milliseconds = -1;
    draw_countdown(menu);
    park_cursor(menu);
}

/* Waits a little; true when the countdown has run out. */
static bool tick(struct menu *menu)
{
    int64_t before = menu->milliseconds;

    if (before == 0)
        return true;
    menu->firmware->wait(POLL_MILLISECONDS);
    if (before < 0)
        return false;
    menu->milliseconds = MAX(before - POLL_MILLISECONDS, 0);
    if ((before + 999) / 1000 != (menu->milliseconds + 999) / 1000) {
        draw_countdown(menu);
        park_cursor(menu);
    }
    return false;
}

/* True when the key ends the menu; *choice is then what was chosen. */
static bool handle_key(struct menu *menu, enum key key, uint32_t *choice)
{
    uint32_t count = menu->config->count;

    *choice = menu->selected;
    switch ((int)key) {
    case KEY_ENTER:
        return true;
    case KEY_ESCAPE:
        *choice = count;
        return true;
    case KEY_UP:
        select_entry(menu, menu->selected - 1);
        return false;
    case KEY_DOWN:
        select_entry(menu, menu->selected + 1);
        return false;
    case KEY_HOME:
        select_entry(menu, 0);
        return false;
    case KEY_END:
        select_entry(menu, count - 1);
        return false;
    case '1' ... '9':
        *choice = (uint32_t)key - '1';
        return *choice < count;
    default:
        return false;
    }
}

static uint32_t run(struct menu *menu)
{
    uint32_t choice = menu->selected;

    for (;;) {
        enum key key = menu->firmware->key();

        if (key == KEY_NONE) {
            if (tick(menu))
                return choice;
            continue;
        }
        stop_countdown(menu);
        if (handle_key(menu, key, &choice))
            return choice;
    }
}

uint32_t menu_choose(const struct config *config, const char *error,
                     const struct firmware *firmware)
{
    struct menu menu = {
        .config = config,
        .firmware = firmware,
        .selected = config->chosen,
        .milliseconds = error || config->timeout < 0 ? -1 : config->timeout * INT64_C(1000),
    };

    if (config->count == 0)
        return config->count;
    if (config->timeout == 0 && !error)
        return config->chosen;
    draw_all(&menu, error);
    uint32_t choice = run(&menu);
    screen_clear(firmware);
    return choice;
}
