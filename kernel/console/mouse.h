/* What a PS/2 mouse reports. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct mouse_state {
    bool wheel; /* reports have a fourth byte */
    uint8_t bytes[4], count;
};

struct mouse_report {
    int32_t x, y, wheel; /* since the last one: right, down, and rows down */
    bool left, right, middle;
};

/* Byte by byte (IBM PS/2 mouse; Microsoft IntelliMouse); true: a report is complete. A byte that
 * can't be the first of one is passed over, so that a lost byte costs one report. */
bool mouse_decode(struct mouse_state *state, uint8_t byte, struct mouse_report *report);
