/* Small questions about text, without regard to case where said. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

static inline bool text_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* What ends a noun behind a number: "%u disk%s". Where one would change more than the noun, the
 * sentence is told in another way. */
static inline const char *text_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* Room for a GUID's digits, 8-4-4-4-12, and a 0. */
#define TEXT_GUID_BYTES 37

/* Writes a GUID as GPT and UEFI have it in memory: its first three fields are little-endian (UEFI
 * 2.10, appendix A). */
void text_guid(char *to, const uint8_t *guid);

char text_lower(char c);

/* Without regard to case in ASCII: FAT's short names lose it. */
bool text_equal(const char *a, const char *b);
bool text_same(const char *a, const char *b, uint64_t bytes);
bool text_ends(const char *text, const char *end);

/* * stands for any text, ? for one byte, [a-z_] for one of these and [!a-z_] for one of all others;
 * \ takes what follows as it is. Without regard to case in ASCII. */
bool text_matches(const char *glob, const char *text);

/* Is it UTF-16, in either order? */
bool text_is_utf16(const char *text, uint64_t bytes);

/* Ends the first word with a 0 and returns what follows behind white space: "" when nothing. */
char *text_split_word(char *text);

/* The last place of c in text, or NULL. */
char *text_last(char *text, char c);

/* Reads decimal digits up to 999,999,999. Returns what stands behind them; NULL: no number, or a
 * larger one. */
const char *text_number(const char *text, uint64_t *number);
