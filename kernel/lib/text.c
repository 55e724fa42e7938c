/* How are values written as text? */
#include "kernel/lib/text.h"

size_t text_length(const char *text)
{
    size_t bytes = 0;
    while (text[bytes])
        bytes++;
    return bytes;
}

bool text_equal(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

struct output {
    char *to;
    size_t room; /* bytes left, the final 0 not counted */
};

/* One conversion: %[flags][width][l]letter. */
struct conversion {
    bool alternate, left, zeroes, is_long;
    size_t width;
};

static void put(struct output *out, char c)
{
    if (out->room == 0)
        return;
    *out->to++ = c;
    out->room--;
}

static void put_padded(struct output *out, const char *text, size_t bytes,
                       const struct conversion *how)
{
    size_t padding = how->width > bytes ? how->width - bytes : 0;
    for (size_t i = 0; !how->left && i < padding; i++)
        put(out, how->zeroes ? '0' : ' ');
    for (size_t i = 0; i < bytes; i++)
        put(out, text[i]);
    for (size_t i = 0; how->left && i < padding; i++)
        put(out, ' ');
}

static void put_number(struct output *out, uint64_t value, unsigned base, bool negative,
                       const struct conversion *how)
{
    char digits[24];
    char *end = digits + sizeof digits, *first = end;
    do {
        *--first = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    if (negative)
        *--first = '-';
    if (how->alternate && base == 16) {
        put(out, '0');
        put(out, 'x');
    }
    put_padded(out, first, (size_t)(end - first), how);
}

static void put_string(struct output *out, const char *text, const struct conversion *how)
{
    put_padded(out, text, text_length(text), how);
}

static const char *read_conversion(const char *format, struct conversion *how)
{
    *how = (struct conversion){0};
    for (;; format++) {
        if (*format == '#')
            how->alternate = true;
        else if (*format == '-')
            how->left = true;
        else if (*format == '0')
            how->zeroes = true;
        else
            break;
    }
    for (; *format >= '0' && *format <= '9'; format++)
        how->width = how->width * 10 + (size_t)(*format - '0');
    for (; *format == 'l'; format++)
        how->is_long = true;
    return format;
}

void text_format(char *to, size_t bytes, const char *format, va_list list)
{
    struct output out = {to, bytes - 1};
    for (; *format; format++) {
        if (*format != '%') {
            put(&out, *format);
            continue;
        }
        struct conversion how;
        format = read_conversion(format + 1, &how);
        if (*format == 's') {
            put_string(&out, va_arg(list, const char *), &how);
        } else if (*format == 'c') {
            put(&out, (char)va_arg(list, int));
        } else if (*format == 'd') {
            int64_t value = how.is_long ? va_arg(list, long) : va_arg(list, int);
            uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
            put_number(&out, magnitude, 10, value < 0, &how);
        } else if (*format == 'u' || *format == 'x') {
            uint64_t value = how.is_long ? va_arg(list, unsigned long) : va_arg(list, unsigned);
            put_number(&out, value, *format == 'x' ? 16 : 10, false, &how);
        } else if (*format) {
            put(&out, *format);
        } else {
            break;
        }
    }
    *out.to = 0;
}

void text_print(char *to, size_t bytes, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    text_format(to, bytes, format, list);
    va_end(list);
}
