/* Text: formatting and comparing. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Understands %s %c %u %d %x %%, the modifier l, the flags # - 0, and a width. Cuts at bytes - 1
 * and ends with 0. */
void text_format(char *to, size_t bytes, const char *format, va_list list)
    __attribute__((format(printf, 3, 0)));

void text_print(char *to, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What ends a noun behind a number. */
static inline const char *text_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

size_t text_length(const char *text);
bool text_equal(const char *a, const char *b);
