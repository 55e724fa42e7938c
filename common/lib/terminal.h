/* What text terminals obey and send (ECMA-48, and xterm's and VT220's keys): for front ends that
 * play one, and for those that have one on a serial line. */
#pragma once

#include "common/lib/key.h"
#include <stdbool.h>
#include <stdint.h>

/* ---- what comes through firmware.put --------------------------------------------------------- */

enum terminal_order {
    TERMINAL_WAIT,       /* for more bytes */
    TERMINAL_CHARACTER,  /* show `character`, or obey \n, \r, \b */
    TERMINAL_MOVE,       /* the cursor, to `row` and `column`, from 1 */
    TERMINAL_ERASE,      /* the whole screen */
    TERMINAL_ERASE_REST, /* from the cursor to the end of its row */
    TERMINAL_COLOUR,     /* to `attribute` from now on */
};

#define TERMINAL_PLAIN 0x07 /* light grey on black */

struct terminal { /* zeroed: a new one, with attribute TERMINAL_PLAIN to be set */
    uint32_t character;
    uint32_t row, column;
    uint8_t attribute; /* as VGA and UEFI have it: ink in bits 0 to 3, paper in bits 4 to 6 */

    enum { TERMINAL_TEXT, TERMINAL_AFTER_ESCAPE, TERMINAL_IN_SEQUENCE } state;
    uint32_t numbers[4], number;
    uint32_t bytes_left; /* of a UTF-8 character */
};

/* Takes one byte and says what to do. */
enum terminal_order terminal_read(struct terminal *terminal, char c);

/* ---- keys ------------------------------------------------------------------------------------ */

/* The key that begins with the byte `first`. `get` fetches another byte, and is false while none
 * has come: then `wait` lets a tenth of a second pass in steps. A byte that comes by then belongs
 * to the sequence; where none does, a lone ESC is the key Esc. KEY_UNKNOWN: noise. */
enum key terminal_key(char first, bool (*get)(char *c), void (*wait)(uint32_t milliseconds));
