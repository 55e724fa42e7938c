/* Text out to the VGA screen and COM1 at once, keys in from the keyboard and COM1. */
#pragma once

#include "common/firmware.h"

/* Sets 80 x 25 text where there is a VGA, and 115200 8N1 where COM1 answers. */
void console_begin(void);

/* firmware.put. Costs no BIOS call. */
void console_put(char c);

/* The screen shows graphics from now on: text goes to COM1 alone. */
void console_graphics(void);

/* firmware.set_text */
void console_text(void);

/* firmware.key */
enum key console_key(bool marked);
