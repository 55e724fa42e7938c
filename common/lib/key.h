/* A key that was pressed. */
#pragma once

enum key {
    KEY_NONE = 0, /* nothing pressed */
    KEY_BACKSPACE = '\b',
    KEY_ENTER = '\r',
    KEY_ESCAPE = 0x1b,   /* other characters: their ASCII code */
    KEY_UNKNOWN = 0x100, /* something came, but no key that is known */
    KEY_UP,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_HOME,
    KEY_END,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_DELETE,
};
