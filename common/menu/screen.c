/* What stands in each cell of the screen? */
#include "common/menu/screen.h"
#include "common/lib/fmt.h"
#include "common/lib/font.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/utf8.h"

#define WHOLE ((struct box){1, 1, SCREEN_ROWS, SCREEN_COLUMNS})

static void forget_shown(struct screen *screen)
{
    for (uint32_t row = 0; row < SCREEN_ROWS; row++)
        for (uint32_t column = 0; column < SCREEN_COLUMNS; column++)
            screen->shown[row][column] = (struct cell){' ', COLOURS_PLAIN};
}

void screen_open(struct screen *screen, const struct firmware *firmware, enum console console)
{
    screen->firmware = firmware;
    screen->fb.pixels = NULL;
    screen->cursor_row = screen->cursor_column = 1;
    forget_shown(screen);
    screen_erase(screen);
    bool wanted = console != CONSOLE_TEXT, drawn = wanted && screen_take_framebuffer(screen);
    if (!drawn)
        firmware->set_text();
    if (wanted && !drawn)
        note("menu: no framebuffer: %s\n", err_message());
    screen_send_clear(firmware);
}

void screen_close(struct screen *screen)
{
    screen->firmware->set_text();
    screen_send_clear(screen->firmware);
}

/* ---- drawing --------------------------------------------------------------------------------- */

void screen_erase(struct screen *screen)
{
    screen_fill(screen, WHOLE, COLOURS_PLAIN);
}

void screen_fill(struct screen *screen, struct box box, enum colours colours)
{
    for (uint32_t row = box.row; row < box.row + box.rows && row <= SCREEN_ROWS; row++)
        for (uint32_t column = box.column;
             column < box.column + box.columns && column <= SCREEN_COLUMNS; column++)
            screen->cells[row - 1][column - 1] = (struct cell){' ', colours};
}

void screen_at(struct screen *screen, uint32_t row, uint32_t column, enum colours colours)
{
    screen->row = row;
    screen->column = column;
    screen->colours = colours;
}

/* A terminal knows more characters than our font, but of these no font draws one cell. */
static bool is_drawable(uint32_t character)
{
    static const struct {
        uint32_t first, last;
    } never[] = {
        {0, 0xff},        /* that our font lacks: control characters */
        {0x300, 0x36f},   /* combining */
        {0x2000, 0x206f}, /* spaces of many widths, writing directions */
        {0xd800, 0xf8ff}, /* halves of pairs, private use */
        {0xfeff, 0xfeff}, /* byte order mark */
        {UTF8_REPLACEMENT, 0xffff},
        {0xe0000, UINT32_MAX}, /* tags, private use */
    };
    uint8_t glyph;

    if (font_find(character, &glyph))
        return true;
    for (uint32_t i = 0; i < ARRAY_LENGTH(never); i++)
        if (character >= never[i].first && character <= never[i].last)
            return false;
    return true;
}

static void put_character(struct screen *screen, uint32_t character)
{
    if (screen->row - 1 < SCREEN_ROWS && screen->column - 1 < SCREEN_COLUMNS)
        screen->cells[screen->row - 1][screen->column - 1] =
            (struct cell){is_drawable(character) ? character : '?', screen->colours};
    screen->column++;
}

uint32_t screen_columns(const char *text, uint32_t limit)
{
    uint32_t count = 0;

    for (; *text && count < limit; count++)
        utf8_next(&text);
    return count;
}

void screen_clip(struct screen *screen, const char *text, uint32_t columns)
{
    for (; *text && columns; columns--)
        put_character(screen, utf8_next(&text));
}

void screen_text(struct screen *screen, const char *text, uint32_t columns)
{
    bool cut = screen_columns(text, columns + 1) > columns;
    uint32_t dots = cut ? MIN(columns, 3u) : 0;

    screen_clip(screen, text, columns - dots);
    screen_clip(screen, "...", dots);
}

void screen_field(struct screen *screen, const char *text, uint32_t columns)
{
    uint32_t end = screen->column + columns;

    screen_text(screen, text, columns);
    while (screen->column < end)
        put_character(screen, ' ');
}

void screen_put(struct screen *screen, const char *format, ...)
{
    char text[256];
    const char *next = text;
    va_list list;

    va_start(list, format);
    fmt_list(text, sizeof text, format, list);
    va_end(list);
    while (*next)
        put_character(screen, utf8_next(&next));
}

/* Where the first line of text ends when lines have `columns` columns at most. */
static const char *find_line_end(const char *text, uint32_t columns)
{
    const char *last_space = NULL, *at = text;

    for (uint32_t i = 0; *at && *at != '\n' && i < columns; i++) {
        if (*at == ' ' && at > text)
            last_space = at;
        utf8_next(&at);
    }
    bool inside_word = *at && *at != '\n' && *at != ' ';
    return inside_word && last_space ? last_space : at;
}

uint32_t screen_wrap(struct screen *screen, struct box box, const char *text)
{
    enum colours colours = screen->colours;
    uint32_t rows = 0;

    while (*text && rows < box.rows) {
        const char *end = find_line_end(text, box.columns);

        screen_at(screen, box.row + rows++, box.column, colours);
        while (text < end)
            put_character(screen, utf8_next(&text));
        if (*text == ' ' || *text == '\n')
            text++;
    }
    return rows;
}

void screen_paint(struct screen *screen, uint32_t row, uint32_t column, enum colours colours)
{
    screen->cells[row - 1][column - 1].colours = colours;
}

void screen_cursor(struct screen *screen, uint32_t row, uint32_t column)
{
    screen->cursor_row = row;
    screen->cursor_column = column;
}

/* ---- showing --------------------------------------------------------------------------------- */

bool screen_same(struct cell a, struct cell b)
{
    return a.character == b.character && a.colours == b.colours;
}

static bool has_changed(const struct screen *screen, uint32_t row)
{
    for (uint32_t column = 0; column < SCREEN_COLUMNS; column++)
        if (!screen_same(screen->cells[row][column], screen->shown[row][column]))
            return true;
    return false;
}

void screen_show(struct screen *screen)
{
    for (uint32_t row = 0; row < SCREEN_ROWS; row++) {
        if (!has_changed(screen, row))
            continue;
        if (screen->fb.pixels)
            screen_draw_pixels(screen, row);
        screen_send_row(screen, row);
        memcpy(screen->shown[row], screen->cells[row], sizeof screen->shown[row]);
    }
    screen_send_cursor(screen);
}

void screen_show_again(struct screen *screen)
{
    screen_send_clear(screen->firmware);
    forget_shown(screen);
    screen_show(screen);
}
