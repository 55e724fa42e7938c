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

bool text_ends(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);

    return length >= end_length && text_equal(text + length - end_length, end);
}

/* Only the newest * is ever widened: that suffices, and takes at most length x length steps. */
bool text_matches(const char *glob, const char *text)
{
    const char *star = NULL, *resume = NULL;

    while (*text) {
        if (*glob == '*') {
            star = ++glob;
            resume = text;
        } else if (*glob && (*glob == '?' || text_lower(*glob) == text_lower(*text))) {
            glob++;
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
