/* Unicode text: UTF-8 to UTF-16 and back. */
#pragma once

#include <stdint.h>

#define UTF8_REPLACEMENT 0xfffd /* stands for what is no character */

/* Writes one character, at most 4 bytes; returns the place behind it. */
char *utf8_put(char *to, uint32_t character);

/* Reads the character at *text, which is not at its end, and moves *text behind it. What is no
 * UTF-8 becomes the replacement character, one a byte. */
uint32_t utf8_next(const char **text);

/* Converts `length` units, and writes a 0 behind them: at most 3 bytes a unit. A surrogate without
 * its other half becomes the replacement character. */
void utf8_from_utf16(const uint16_t *units, uint32_t length, char *to);

/* Converts text up to its 0, which is written too: at most one unit a byte. What is no UTF-8 (a
 * stray or missing byte, an overlong form, half a surrogate pair) becomes the replacement
 * character, one a byte. Returns the number of units without the 0. */
uint64_t utf8_to_utf16(const char *text, uint16_t *to);
