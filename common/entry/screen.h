/* Drawing on an 80x25 screen and a serial terminal at once: text and the few ANSI sequences that
 * firmware.put() promises. Rows and columns count from 1. */
#ifndef LINTEL_ENTRY_SCREEN_H
#define LINTEL_ENTRY_SCREEN_H

#include "../firmware.h"

#define SCREEN_COLUMNS 80
#define SCREEN_ROWS    25

void screen_clear(const struct firmware *firmware);
void screen_move(const struct firmware *firmware, uint32_t row, uint32_t column);

/* Formatted text where the cursor is. At most 80 bytes. */
void screen_put(const struct firmware *firmware, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reverse video on or off for what is put from now on. */
void screen_reverse(const struct firmware *firmware, bool on);

/* From the cursor to the end of the row. */
void screen_clear_rest(const struct firmware *firmware);

/* Copies at most `bytes` - 1 columns of text and a final 0. What is not printable ASCII becomes
 * one '?' a character: the fonts of the two firmwares agree on nothing else. */
void screen_text(char *to, uint64_t bytes, const char *text);

/* The length of text's first line when lines may have `columns` columns; lines break at spaces and
 * line ends. *next is where the next line begins. */
uint32_t screen_wrap(const char *text, uint32_t columns, const char **next);

#endif
