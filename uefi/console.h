/* Text out to firmware's console and keys in from it; the serial line beside it. */
#pragma once

#include "common/firmware.h"

void console_begin(void);

/* firmware.put: shown by the line, or with console_flush(). */
void console_put(char c);
void console_flush(void);

/* The screen shows graphics from now on: text goes to the serial line alone. */
void console_graphics(void);

/* firmware.set_text */
void console_text(void);

/* firmware.key */
enum key console_key(bool marked);
