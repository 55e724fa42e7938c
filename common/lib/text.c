/* Are two texts equal, and where does a word or a number end? */
#include "common/lib/text.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"

#define NUMBER_MAX 999999999

void text_guid(char *to, const uint8_t *guid)
{
    fmt(to, TEXT_GUID_BYTES, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", load32(guid),
        load16(guid + 4), load16(guid + 6), guid[8], guid[9], guid[10], guid[11], guid[12],
        guid[13], guid[14], guid[15]);
}

char text_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_equal(const char *a, const char *b)
{
    while (*a && text_lower(*a) == text_lower(*b)) {
        a++;
        b++;
    }
    return text_lower(*a) == text_lower(*b);
}

bool text_same(const char *a, const char *b, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes; i++)
        if (text_lower(a[i]) != text_lower(b[i]))
            return false;
    return true;
}

bool text_ends(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);

    return length >= end_length && text_equal(text + length - end_length, end);
}

/* ---- globs ----------------------------------------------------------------------------------- */

static bool same(char a, char b)
{
    return text_lower(a) == text_lower(b);
}

static bool lies_between(char c, char first, char last)
{
    uint8_t upper = (uint8_t)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    uint8_t lower = (uint8_t)text_lower(c);

    return (lower >= (uint8_t)first && lower <= (uint8_t)last) ||
           (upper >= (uint8_t)first && upper <= (uint8_t)last);
}

/* What stands behind a set's [; a ] at its start is one of its members. NULL: it does not hold c,
 * or has no end. */
static const char *match_set(const char *set, char c)
{
    bool none_of = *set == '!' || *set == '^', found = false;
    const char *member = set + none_of;

    do {
        if (*member == '\\')
            member++;
        if (!*member)
            return NULL;
        char first = *member++, last = first;
        if (member[0] == '-' && member[1] && member[1] != ']') {
            last = member[1];
            member += 2;
        }
        found |= lies_between(c, first, last);
    } while (*member != ']');
    return found != none_of ? member + 1 : NULL;
}

/* What stands behind a glob's first element, which is no *; NULL: that does not match c. */
static const char *match_one(const char *glob, char c)
{
    if (*glob == '[')
        return match_set(glob + 1, c);
    if (*glob == '\\' && glob[1])
        glob++;
    else if (*glob == '?')
        return glob + 1;
    return *glob && same(*glob, c) ? glob + 1 : NULL;
}

/* Only the newest * is ever widened: that suffices, and takes at most length x length steps. */
bool text_matches(const char *glob, const char *text)
{
    const char *star = NULL, *resume = NULL, *rest;

    while (*text) {
        if (*glob == '*') {
            star = ++glob;
            resume = text;
        } else if ((rest = match_one(glob, *text))) {
            glob = rest;
            text++;
        } else if (star) {
            glob = star;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*glob == '*')
        glob++;
    return *glob == '\0';
}

/* ---- the rest -------------------------------------------------------------------------------- */

/* It begins with a mark, or every other byte of its ASCII characters is 0. */
bool text_is_utf16(const char *text, uint64_t bytes)
{
    if (bytes >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
        return true;
    return bytes >= 4 && !text[0] != !text[1] && !text[0] == !text[2] && !text[1] == !text[3];
}

char *text_split_word(char *text)
{
    while (*text && !text_is_blank(*text))
        text++;
    if (*text)
        *text++ = '\0';
    while (text_is_blank(*text))
        text++;
    return text;
}

char *text_last(char *text, char c)
{
    char *last = NULL;

    for (; *text; text++)
        if (*text == c)
            last = text;
    return last;
}

const char *text_number(const char *text, uint64_t *number)
{
    const char *digit = text;

    *number = 0;
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        *number = *number * 10 + (uint64_t)(*digit - '0');
        if (*number > NUMBER_MAX)
            return NULL;
    }
    return digit == text ? NULL : digit;
}
