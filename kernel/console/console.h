/* One console: what is printed goes to the serial line and to the screen at once. */
#pragma once

#include "kernel/console/keys.h"
#include "kernel/console/screen.h"

void console_open(void);

/* Cut at 1023 bytes; formats: text.h. "\n" ends a line. */
#define print(...) print_colour(COLOUR_PLAIN, __VA_ARGS__)
void print_colour(enum colour colour, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Takes up keyboard and serial line as inputs, and shows colours on the serial line, too. */
void console_listen(void);

/* Waits for a key on the keyboard or the serial line (keys.h). */
int console_key(void);

/* The next key that was pressed already; KEY_NONE: there is none. `raw`: the byte or scan code,
 * also where it makes no key. */
struct input {
    enum { INPUT_NONE, INPUT_KEYBOARD, INPUT_SERIAL } source;
    uint8_t raw;
    int key;
};
struct input console_input(void);

/* The keyboard is somebody else's from now on, who passes on the scan codes that are meant here. */
void console_take_keyboard(bool taken);
void console_pass_code(uint8_t code);

/* What those who wait for a key do meanwhile; at first wait_for_interrupt(). */
void console_on_wait(void (*wait)(void));

/* From now on waits for a key after so many rows; 0: never. For those who read on the screen. */
void console_pause_after(uint32_t rows);
bool console_at_keyboard(void); /* the last key came from there */
