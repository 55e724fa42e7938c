/* A key that was pressed, and where: over a serial line comes what was meant. A keyboard sends
 * places of keys, and firmware takes each for a US one: what it makes of them is marked, for
 * whoever knows the layout (format/keymap.h) to correct. */
#pragma once

enum key {
    KEY_NONE = 0, /* nothing pressed */
    KEY_BACKSPACE = '\b',
    KEY_ENTER = '\r',
    KEY_ESCAPE = 0x1b,      /* other characters: their Unicode code point */
    KEY_UNKNOWN = 0x110000, /* something came, but no key that is known */
    KEY_UP,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_HOME,
    KEY_END,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_DELETE,

    /* Bits beside a character. */
    KEY_FROM_KEYBOARD = 1 << 24, /* as a US keyboard has it, in ASCII; not from a number pad, where
                                    the firmware tells that */
    KEY_WITH_ALT = 1 << 25,      /* Alt or AltGr was held */
    KEY_102ND = 1 << 26,         /* from the key beside the left Shift that US keyboards lack */
};
