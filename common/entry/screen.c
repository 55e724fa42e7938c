#include "screen.h"
#include "../lib/fmt.h"
#include "../lib/mem.h"

static void put_text(const struct firmware *firmware, const char *text)
{
    while (*text)
        firmware->put(*text++);
}

void screen_clear(const struct firmware *firmware)
{
    put_text(firmware, "\033[0m\033[2J\033[H");
}

void screen_move(const struct firmware *firmware, uint32_t row, uint32_t column)
{
    char text[32];

    fmt(text, sizeof text, "\033[%u;%uH", row, column);
    put_text(firmware, text);
}

void screen_clear_rest(const struct firmware *firmware)
{
    put_text(firmware, "\033[K");
}

void screen_put(const struct firmware *firmware, const char *format, ...)
{
    char text[SCREEN_COLUMNS + 1];
    va_list list;

    va_start(list, format);
    fmt_list(text, sizeof text, format, list);
    va_end(list);
    put_text(firmware, text);
}

void screen_reverse(const struct firmware *firmware, bool on)
{
    put_text(firmware, on ? "\033[7m" : "\033[0m");
}

static bool continues_utf8(char c)
{
    return ((uint8_t)c & 0xc0) == 0x80;
}

void screen_text(char *to, uint64_t bytes, const char *text)
{
    uint64_t length = 0;

    while (*text && length + 1 < bytes) {
        char c = *text++;

        to[length++] = (c >= ' ' && c <= '~') || c == '\n' ? c : '?';
        while ((uint8_t)c >= 0x80 && continues_utf8(*text))
            text++;
    }
    to[length] = '\0';
}

uint32_t screen_wrap(const char *text, uint32_t columns, const char **next)
{
    uint32_t length = 0, last_space = 0;

    while (text[length] && text[length] != '\n' && length < columns) {
        if (text[length] == ' ')
            last_space = length;
        length++;
    }
    bool inside_word = text[length] && text[length] != '\n' && text[length] != ' ';
    if (inside_word && last_space)
        length = last_space;

    *next = text + length;
    if (**next == ' ' || **next == '\n')
        ++*next;
    return length;
}
