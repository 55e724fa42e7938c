/* What does the command line ask for? */
#include "kernel/handover/handover.h"

static bool ends_word(char c)
{
    return c == ' ' || c == 0;
}

const char *option_next(const char *at)
{
    while (!ends_word(*at))
        at++;
    while (*at == ' ')
        at++;
    return at;
}

bool option_same(const char *at, const char *word)
{
    while (*word && *at == *word)
        at++, word++;
    return *word == 0 && ends_word(*at);
}

bool option_given(const char *word)
{
    for (const char *at = boot->command_line; *at; at = option_next(at))
        if (option_same(at, word))
            return true;
    return false;
}

bool option_split(const char *text, const char *name, const char **value)
{
    while (*name && *text == *name)
        text++, name++;
    if (*name || *text != '=')
        return false;
    *value = text + 1;
    return true;
}

bool option_value(const char *name, const char **value)
{
    for (const char *at = boot->command_line; *at; at = option_next(at))
        if (option_split(at, name, value))
            return true;
    return false;
}

static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c |= 'a' ^ 'A';
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

uint64_t option_number(const char *text, unsigned base, const char **end)
{
    uint64_t number = 0, next;
    for (; digit_of(*text) < base; text++, number = next)
        if (__builtin_mul_overflow(number, base, &next) ||
            __builtin_add_overflow(next, digit_of(*text), &next))
            break;
    *end = text;
    return number;
}
