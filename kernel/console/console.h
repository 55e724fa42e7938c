/* One console: what is printed goes to the serial line and to the screen at once. */
#ifndef KERNEL_CONSOLE_H
#define KERNEL_CONSOLE_H

#include "screen.h"

void console_open(void);

/* Cut at 1023 bytes; formats: text.h. "\n" ends a line. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void print_colour(enum colour colour, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Waits for a key on the keyboard or the serial line: ASCII, '\n' for Enter. */
char console_key(void);

#endif
