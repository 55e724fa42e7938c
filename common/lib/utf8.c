/* Which character do these bytes stand for? */
#include "common/lib/utf8.h"
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

/* How many bytes a character that begins with this one has; 0: none does. */
static uint32_t length_of(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc2) /* continues one, or begins an overlong form */
        return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
}

/* RFC 3629 */
uint32_t utf8_next(const char **from)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const char *text = *from;
    uint32_t length = length_of((uint8_t)*text);
    uint32_t value = length > 1 ? (uint8_t)*text & (0x7fu >> length) : (uint8_t)*text;

    for (uint32_t i = 1; i < length; i++) {
        if (((uint8_t)text[i] & 0xc0) != 0x80)
            length = 0;
        else
            value = value << 6 | ((uint8_t)text[i] & 0x3f);
    }
    bool valid = length && value >= smallest[length] && value <= 0x10ffff &&
                 !is_high_surrogate(value) && !is_low_surrogate(value);
    *from += valid ? length : 1;
    return valid ? value : UTF8_REPLACEMENT;
}

uint64_t utf8_to_utf16(const char *text, uint16_t *to)
{
    uint16_t *next = to;

    while (*text) {
        uint32_t character = utf8_next(&text);
        if (character >= 0x10000) {
            *next++ = (uint16_t)(0xd7c0 + (character >> 10));
            *next++ = (uint16_t)(0xdc00 | (character & 0x3ff));
        } else {
            *next++ = (uint16_t)character;
        }
    }
    *next = 0;
    return (uint64_t)(next - to);
}
