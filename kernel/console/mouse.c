/* What does the mouse say, byte by byte? */
#include "kernel/console/mouse.h"

#define LEFT       0x01
#define RIGHT      0x02
#define MIDDLE     0x04
#define FIRST      0x08 /* always set in a report's first byte */
#define X_SIGN     0x10
#define Y_SIGN     0x20
#define X_OVERFLOW 0x40
#define Y_OVERFLOW 0x80

/* Nine bits, one of them in the first byte. What has overflown is anything. */
static int32_t moved(uint8_t first, uint8_t byte, uint8_t sign, uint8_t overflow)
{
    if (first & overflow)
        return 0;
    return first & sign ? byte - 256 : byte;
}

bool mouse_decode(struct mouse_state *state, uint8_t byte, struct mouse_report *report)
{
    uint8_t *bytes = state->bytes, first;
    if (state->count == 0 && !(byte & FIRST))
        return false;
    bytes[state->count++] = byte;
    if (state->count < (state->wheel ? 4 : 3))
        return false;
    state->count = 0;
    first = bytes[0];
    *report = (struct mouse_report){.x = moved(first, bytes[1], X_SIGN, X_OVERFLOW),
                                    .y = -moved(first, bytes[2], Y_SIGN, Y_OVERFLOW),
                                    .wheel = state->wheel ? (int8_t)bytes[3] : 0,
                                    .left = first & LEFT,
                                    .right = first & RIGHT,
                                    .middle = first & MIDDLE};
    return true;
}
