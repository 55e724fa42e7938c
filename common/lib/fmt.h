/* Formatted text. Understands %s %c %d %i %u %x %X %p %%, the length modifiers l ll z (and j), the
 * flags - and 0, a width and a precision (also as *). Standard meanings, so the compiler checks
 * calls. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/* Write at most `bytes` bytes with the final 0 (none when bytes is 0). Return the length, in bytes
 * without the final 0, that the whole text has. */
size_t fmt(char *to, size_t bytes, const char *format, ...) __attribute__((format(printf, 3, 4)));
size_t fmt_list(char *to, size_t bytes, const char *format, va_list list)
    __attribute__((format(printf, 3, 0)));

/* The same for what people are shown: of %s and %c, which may come from a disk, a server or a
 * firmware, each byte of a control character (C0, C1 and DEL), and of what is no UTF-8, becomes a
 * ?, so that no name steers a terminal or makes a line of its own. */
size_t fmt_shown(char *to, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
size_t fmt_shown_list(char *to, size_t bytes, const char *format, va_list list)
    __attribute__((format(printf, 3, 0)));
