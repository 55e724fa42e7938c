/* Which glyph shows a character? */
#include "common/lib/font.h"

#define EXTRAS       32u
#define FIRST_EXTRA  0x80u
#define FIRST_LATIN1 0xa0u

/* What the glyphs from FIRST_EXTRA on show. */
extern const uint16_t font_extras[EXTRAS] __attribute__((visibility("hidden")));

bool font_find(uint32_t character, uint8_t *glyph)
{
    *glyph = (uint8_t)character;
    if ((character >= ' ' && character <= '~') ||
        (character >= FIRST_LATIN1 && character < FONT_GLYPHS))
        return true;
    for (uint32_t i = 0; i < EXTRAS; i++)
        if (font_extras[i] == character) {
            *glyph = (uint8_t)(FIRST_EXTRA + i);
            return true;
        }
    return false;
}

uint8_t font_glyph(uint32_t character)
{
    uint8_t glyph;

    return font_find(character, &glyph) ? glyph : '?';
}
