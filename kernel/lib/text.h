/* Text: formatting, and the few functions of the C library that a compiler calls by itself. */
#ifndef KERNEL_TEXT_H
#define KERNEL_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

/* Understands %s %c %u %d %x %%, the modifier l, the flags # - 0, and a width. Cuts at bytes - 1
 * and ends with 0. */
void text_format(char *to, size_t bytes, const char *format, va_list list)
    __attribute__((format(printf, 3, 0)));

bool text_equal(const char *a, const char *b);

#endif
