/* A grid of character cells that looks the same everywhere: on a framebuffer, on the firmware's
 * text screen, and on a terminal at the serial line. Drawing changes cells; screen_show() sends
 * what has changed. Rows and columns count from 1. */
#pragma once

#include "common/entries/entry.h"

/* The last row stays empty: terminals have 24. Nothing should be drawn in the last column, where a
 * terminal may wrap. */
#define SCREEN_COLUMNS 80
#define SCREEN_ROWS    25

enum colours {
    COLOURS_PLAIN,
    COLOURS_QUIET,
    COLOURS_STRONG,
    COLOURS_STONE, /* the doorway */
    COLOURS_CHOSEN,
    COLOURS_ALERT,
    COLOURS_COUNT,
};

struct cell {
    uint32_t character : 24; /* Unicode */
    uint32_t colours : 8;
};

struct screen {
    const struct firmware *firmware;
    struct cell cells[SCREEN_ROWS][SCREEN_COLUMNS]; /* as drawn */
    struct cell shown[SCREEN_ROWS][SCREEN_COLUMNS]; /* as sent */
    uint32_t row, column;                           /* where text goes next */
    enum colours colours;                           /* of text */
    uint32_t cursor_row, cursor_column;
    struct lintel_framebuffer fb; /* pixels NULL: the firmware's text screen shows the cells */
    uint32_t scale, left, top;    /* pixels of the framebuffer */
};

/* A rectangle of cells. */
struct box {
    uint32_t row, column, rows, columns;
};

/* Shows an empty screen. Without a framebuffer that is large enough it is the text screen, and the
 * log says why. */
void screen_open(struct screen *screen, const struct firmware *firmware, enum console console);

/* The firmware's text screen, empty, for what is said from now on. */
void screen_close(struct screen *screen);

/* ---- drawing --------------------------------------------------------------------------------- */

void screen_erase(struct screen *screen);
void screen_fill(struct screen *screen, struct box box, enum colours colours);

/* Text goes here from now on, in these colours. */
void screen_at(struct screen *screen, uint32_t row, uint32_t column, enum colours colours);

/* At most `columns` columns of UTF-8; text that is longer ends in "...". Control characters are
 * shown as '?', so that no title or message can steer a terminal. */
void screen_text(struct screen *screen, const char *text, uint32_t columns);

/* The same, but what is longer just ends. */
void screen_clip(struct screen *screen, const char *text, uint32_t columns);

/* As screen_text(), with spaces to the full width. */
void screen_field(struct screen *screen, const char *text, uint32_t columns);

/* Formatted text of at most 255 bytes. */
void screen_put(struct screen *screen, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Text in lines that break at spaces and line ends. Returns how many rows it took. */
uint32_t screen_wrap(struct screen *screen, struct box box, const char *text);

/* Gives a cell other colours. */
void screen_paint(struct screen *screen, uint32_t row, uint32_t column, enum colours colours);

/* The columns that text takes, up to a limit. */
uint32_t screen_columns(const char *text, uint32_t limit);

/* Where the terminal's cursor is to rest: a reader follows it. */
void screen_cursor(struct screen *screen, uint32_t row, uint32_t column);

/* ---- showing --------------------------------------------------------------------------------- */

void screen_show(struct screen *screen);

/* The same with all cells: a terminal may have been attached just now. */
void screen_show_again(struct screen *screen);

/* ---- screen_send.c: one cell more on the framebuffer; a row's changed words to the terminal ---
 */

bool screen_same(struct cell a, struct cell b);
bool screen_take_framebuffer(struct screen *screen);
void screen_draw_pixels(const struct screen *screen, uint32_t row);
void screen_send_row(const struct screen *screen, uint32_t row);
void screen_send_clear(const struct firmware *firmware);
void screen_send_cursor(const struct screen *screen);
