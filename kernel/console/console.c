#include "console.h"
#include "keyboard.h"
#include "serial.h"
#include "../lib/text.h"

void console_open(void)
{
    serial_open();
    screen_open();
}

static void print_list(enum colour colour, const char *format, va_list list)
{
    char line[1024];
    text_format(line, sizeof line, format, list);
    for (const char *c = line; *c; c++) {
        serial_put(*c);
        screen_put(*c, colour);
    }
}

void print(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    print_list(COLOUR_PLAIN, format, list);
    va_end(list);
}

void print_colour(enum colour colour, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    print_list(colour, format, list);
    va_end(list);
}

char console_key(void)
{
    for (;;) {
        char key = serial_key();
        if (key == 0)
            key = keyboard_key();
        if (key)
            return key == '\r' ? '\n' : key;
        __asm__ volatile("pause");
    }
}
