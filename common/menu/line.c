/* What does a key do to a line of text? */
#include "common/menu/line.h"
#include "common/lib/mem.h"

#define CONTROL(letter) ((letter)&0x1f) /* what terminals without Home and End offer */

static bool begins_character(char c)
{
    return ((uint8_t)c & 0xc0) != 0x80;
}

void line_begin(struct line *line, char *text, uint32_t room)
{
    *line = (struct line){.text = text, .room = room, .cursor = (uint32_t)strlen(text)};
}

static void go_left(struct line *line)
{
    while (line->cursor && !begins_character(line->text[--line->cursor]))
        ;
}

static void go_right(struct line *line)
{
    while (line->text[line->cursor] && !begins_character(line->text[++line->cursor]))
        ;
}

static void erase(struct line *line, uint32_t from, uint32_t to)
{
    memmove(line->text + from, line->text + to, strlen(line->text + to) + 1);
    line->cursor = from;
}

static void erase_left(struct line *line)
{
    uint32_t end = line->cursor;

    go_left(line);
    erase(line, line->cursor, end);
}

static void erase_right(struct line *line)
{
    uint32_t begin = line->cursor;

    go_right(line);
    erase(line, begin, line->cursor);
}

static void insert(struct line *line, char c)
{
    char *at = line->text + line->cursor;
    size_t length = strlen(line->text);

    if (length + 1 >= line->room)
        return;
    memmove(at + 1, at, length - line->cursor + 1);
    *at = c;
    line->cursor++;
}

void line_key(struct line *line, enum key key)
{
    switch ((int)key) {
    case KEY_LEFT:
        go_left(line);
        break;
    case KEY_RIGHT:
        go_right(line);
        break;
    case KEY_HOME:
    case CONTROL('A'):
        line->cursor = 0;
        break;
    case KEY_END:
    case CONTROL('E'):
        line->cursor = (uint32_t)strlen(line->text);
        break;
    case KEY_BACKSPACE:
        erase_left(line);
        break;
    case KEY_DELETE:
    case CONTROL('D'):
        erase_right(line);
        break;
    case CONTROL('K'):
        line->text[line->cursor] = 0;
        break;
    case CONTROL('U'):
        erase(line, 0, line->cursor);
        break;
    case ' ' ... '~':
        insert(line, (char)key);
        break;
    }
}

uint32_t line_column(const struct line *line)
{
    uint32_t column = 0;

    for (uint32_t i = 0; i < line->cursor; i++)
        column += begins_character(line->text[i]);
    return column;
}

const char *line_from(const struct line *line, uint32_t n)
{
    const char *at = line->text;

    while (*at && n--)
        while (*++at && !begins_character(*at))
            ;
    return at;
}
