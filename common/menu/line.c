/* What does a key do to a line of text? */
#include "common/menu/line.h"
#include "common/lib/mem.h"
#include "common/lib/utf8.h"

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

static void insert(struct line *line, uint32_t character)
{
    char *at = line->text + line->cursor, utf8[4];
    size_t length = strlen(line->text), bytes = (size_t)(utf8_put(utf8, character) - utf8);

    if (length + bytes >= line->room)
        return;
    memmove(at + bytes, at, length - line->cursor + 1);
    memcpy(at, utf8, bytes);
    line->cursor += (uint32_t)bytes;
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
    case 0xa0 ... KEY_UNKNOWN - 1:
        insert(line, key);
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
