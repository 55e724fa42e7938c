/* Unicode text: UTF-16 in, UTF-8 out. */
#ifndef LINTEL_LIB_UTF8_H
#define LINTEL_LIB_UTF8_H

#include <stdint.h>

#define UTF8_REPLACEMENT 0xfffd /* stands for what is no character */

/* Writes one character, at most 4 bytes; returns the place behind it. */
char *utf8_put(char *to, uint32_t character);

/* Converts `length` units, and writes a 0 behind them: at most 3 bytes a unit. A surrogate without
 * its other half becomes the replacement character. */
void utf8_from_utf16(const uint16_t *units, uint32_t length, char *to);

#endif
