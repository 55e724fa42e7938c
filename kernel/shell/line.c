/* What does a key change in the line that is typed? */
#include "kernel/shell/line.h"
#include "kernel/lib/text.h"

#define CONTROL(letter) ((letter) - 'A' + 1)

static void copy(char *to, const char *from)
{
    do
        *to++ = *from;
    while (*from++);
}

static void set_text(struct line *line, const char *text)
{
    copy(line->text, text);
    line->length = line->cursor = (uint32_t)text_length(text);
}

void line_begin(struct line *line)
{
    set_text(line, "");
    line->back = 0;
}

static void insert(struct line *line, char c)
{
    if (line->length == LINE_MAX)
        return;
    for (uint32_t i = ++line->length; i > line->cursor; i--)
        line->text[i] = line->text[i - 1];
    line->text[line->cursor++] = c;
}

static void remove(struct line *line)
{
    if (line->cursor == line->length)
        return;
    line->length--;
    for (uint32_t i = line->cursor; i <= line->length; i++)
        line->text[i] = line->text[i + 1];
}

static void show_history(struct line *line, uint32_t back)
{
    uint32_t kept = line->remembered < HISTORY_MAX ? line->remembered : HISTORY_MAX;
    if (back > kept)
        return;
    if (line->back == 0)
        copy(line->draft, line->text);
    line->back = back;
    set_text(line, back ? line->history[(line->remembered - back) % HISTORY_MAX] : line->draft);
}

static void remember(struct line *line)
{
    const char *last = line->history[(line->remembered + HISTORY_MAX - 1) % HISTORY_MAX];
    if (line->length && !(line->remembered && text_equal(line->text, last)))
        copy(line->history[line->remembered++ % HISTORY_MAX], line->text);
}

bool line_key(struct line *line, int key)
{
    switch (key) {
    case KEY_ENTER:
        remember(line);
        return true;
    case KEY_LEFT:
        line->cursor -= line->cursor > 0;
        break;
    case KEY_RIGHT:
        line->cursor += line->cursor < line->length;
        break;
    case KEY_HOME:
    case CONTROL('A'):
        line->cursor = 0;
        break;
    case KEY_END:
    case CONTROL('E'):
        line->cursor = line->length;
        break;
    case KEY_BACKSPACE:
        if (line->cursor) {
            line->cursor--;
            remove(line);
        }
        break;
    case KEY_DELETE:
        remove(line);
        break;
    case KEY_UP:
        show_history(line, line->back + 1);
        break;
    case KEY_DOWN:
        show_history(line, line->back ? line->back - 1 : 0);
        break;
    case CONTROL('C'):
    case CONTROL('U'):
        line_begin(line);
        break;
    default:
        if (key >= ' ' && key <= '~')
            insert(line, (char)key);
    }
    return false;
}
