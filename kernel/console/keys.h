/* Keys, as the keyboard and the serial line's terminal send them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum key {
    KEY_NONE = 0, /* characters: their ASCII code; Ctrl with a letter: 1 to 26 */
    KEY_BACKSPACE = '\b',
    KEY_TAB = '\t',
    KEY_ENTER = '\n',
    KEY_ESCAPE = 0x1b,
    KEY_UP = 0x100,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_HOME,
    KEY_END,
    KEY_INSERT,
    KEY_DELETE,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
};

#define SCAN_RELEASED 0x80 /* or'ed to a key's code: it was let go */

/* Scan code set 1, US layout, byte by byte. */
struct scan_state {
    bool shift, control, caps, extended;
};
int scan_decode(struct scan_state *state, uint8_t code); /* enum key; KEY_NONE: no key yet */

/* What a terminal sends (ECMA-48, 5.4; xterm's keys), byte by byte. A lone ESC is not told from the
 * start of a sequence: it counts once another byte shows it. */
struct terminal_state {
    uint8_t stage; /* bytes of a sequence so far: 0; 1: ESC; 2: ESC [ or ESC O */
    uint8_t number;
};
int terminal_decode(struct terminal_state *state, uint8_t byte);
