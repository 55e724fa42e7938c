#include "utf8.h"
#include <stdbool.h>

char *utf8_put(char *to, uint32_t character)
{
    if (character < 0x80) {
        *to++ = (char)character;
    } else if (character < 0x800) {
        *to++ = (char)(0xc0 | character >> 6);
        *to++ = (char)(0x80 | (character & 0x3f));
    } else if (character < 0x10000) {
        *to++ = (char)(0xe0 | character >> 12);
        *to++ = (char)(0x80 | (character >> 6 & 0x3f));
        *to++ = (char)(0x80 | (character & 0x3f));
    } else {
        *to++ = (char)(0xf0 | character >> 18);
        *to++ = (char)(0x80 | (character >> 12 & 0x3f));
        *to++ = (char)(0x80 | (character >> 6 & 0x3f));
        *to++ = (char)(0x80 | (character & 0x3f));
    }
    return to;
}

static bool is_high_surrogate(uint32_t unit)
{
    return unit >> 10 == 0xd800 >> 10;
}

static bool is_low_surrogate(uint32_t unit)
{
    return unit >> 10 == 0xdc00 >> 10;
}

void utf8_from_utf16(const uint16_t *units, uint32_t length, char *to)
{
    for (uint32_t i = 0; i < length; i++) {
        uint32_t character = units[i];
        if (is_high_surrogate(character) && i + 1 < length && is_low_surrogate(units[i + 1]))
            character = 0x10000 + ((character & 0x3ff) << 10 | (units[++i] & 0x3ff));
        else if (is_high_surrogate(character) || is_low_surrogate(character))
            character = UTF8_REPLACEMENT;
        to = utf8_put(to, character);
    }
    *to = 0;
}
