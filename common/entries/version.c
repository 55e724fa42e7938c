/* Order of versions: UAPI.10 Version Format Specification. */
#include "common/entries/entry.h"
#include "common/lib/mem.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Characters outside the version alphabet count for nothing. */
static const char *skip_unknown(const char *text)
{
    while (*text && !is_digit(*text) && !is_letter(*text) && !strchr("~-^.", *text))
        text++;
    return text;
}

static int order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* The first `separator` that only one side has makes that side the older one; one that both have is
 * passed over. */
static int compare_separator(const char **a, const char **b, char separator)
{
    bool in_a = **a == separator, in_b = **b == separator;

    if (in_a && in_b) {
        ++*a;
        ++*b;
    }
    return order(in_b, in_a);
}

static const char *end_of_run(const char *text, bool (*belongs)(char c))
{
    while (belongs(*text))
        text++;
    return text;
}

/* Numbers of any length by value; no number at all is 0. */
static int compare_numbers(const char **a, const char **b)
{
    const char *from_a = *a, *from_b = *b;

    *a = end_of_run(from_a, is_digit);
    *b = end_of_run(from_b, is_digit);
    while (*from_a == '0')
        from_a++;
    while (*from_b == '0')
        from_b++;
    int result = order(*a - from_a, *b - from_b);
    return result ? result : strncmp(from_a, from_b, (size_t)(*a - from_a));
}

/* Words in ASCII order, so that capitals are older; a word is newer than its own beginning. */
static int compare_words(const char **a, const char **b)
{
    const char *from_a = *a, *from_b = *b;

    *a = end_of_run(from_a, is_letter);
    *b = end_of_run(from_b, is_letter);
    int result = strncmp(from_a, from_b, (size_t)MIN(*a - from_a, *b - from_b));
    return result ? result : order(*a - from_a, *b - from_b);
}

/* Separators that, after the end of text has had its say, make a version older: in this order. */
static int compare_separators(const char **a, const char **b)
{
    static const char separators[] = "-^.";
    int result = 0;

    for (const char *separator = separators; *separator && !result; separator++)
        result = compare_separator(a, b, *separator);
    return result;
}

int version_compare(const char *a, const char *b)
{
    for (;;) {
        a = skip_unknown(a);
        b = skip_unknown(b);

        int result = compare_separator(&a, &b, '~');
        if (result)
            return result;
        if (!*a || !*b)
            return order(*a != '\0', *b != '\0');
        result = compare_separators(&a, &b);
        if (!result)
            result = is_digit(*a) || is_digit(*b) ? compare_numbers(&a, &b) : compare_words(&a, &b);
        if (result)
            return result;
    }
}
