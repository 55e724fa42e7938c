/* How do values become text? */
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "common/lib/utf8.h"

struct output {
    char *to;
    size_t room, length; /* length: of the whole text, written or not */
    bool shown;          /* to people: text that is put in is cleaned */
};

struct spec {
    bool left, zero;
    int width, precision; /* -1: none */
    int longs;            /* l, ll, z and j all mean 64 bits here */
    char conversion;
};

static void emit(struct output *out, char c)
{
    if (out->length + 1 < out->room)
        out->to[out->length] = c;
    out->length++;
}

/* Of the character that begins here; 0: a control character, or no UTF-8. */
static size_t harmless_bytes(const char *text, size_t bytes)
{
    char start[5] = "";
    const char *next = start;

    memcpy(start, text, MIN(bytes, sizeof start - 1));
    uint32_t character = *next ? utf8_next(&next) : 0;
    bool harmless = character >= ' ' && (character < 0x7f || character > 0x9f) &&
                    (character != UTF8_REPLACEMENT || next > start + 1);
    return harmless ? (size_t)(next - start) : 0;
}

static void emit_bytes(struct output *out, const char *text, size_t bytes)
{
    while (bytes) {
        size_t next = out->shown ? harmless_bytes(text, bytes) : 1;

        emit(out, next ? *text : '?');
        for (size_t i = 1; i < next; i++)
            emit(out, text[i]);
        next = MAX(next, 1);
        text += next;
        bytes -= next;
    }
}

static void emit_padded(struct output *out, const struct spec *spec, const char *text, size_t bytes)
{
    size_t padding =
        spec->width > 0 && (size_t)spec->width > bytes ? (size_t)spec->width - bytes : 0;
    if (!spec->left)
        for (; padding; padding--)
            emit(out, ' ');
    emit_bytes(out, text, bytes);
    for (; padding; padding--)
        emit(out, ' ');
}

static void emit_number(struct output *out, const struct spec *spec, uint64_t value, bool negative)
{
    char text[72];
    char *first = text + sizeof text;
    const char *digits = spec->conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    unsigned base =
        spec->conversion == 'x' || spec->conversion == 'X' || spec->conversion == 'p' ? 16 : 10;
    int wanted = spec->precision >= 0        ? spec->precision
                 : spec->zero && !spec->left ? spec->width - negative
                                             : 1;
    if (wanted > 64)
        wanted = 64;
    for (; value || wanted > 0; value /= base, wanted--)
        *--first = digits[value % base];
    if (negative)
        *--first = '-';
    emit_padded(out, spec, first, (size_t)(text + sizeof text - first));
}

static int parse_number(const char **format, va_list *list)
{
    int number = 0;
    if (**format == '*') {
        ++*format;
        return va_arg(*list, int);
    }
    for (; **format >= '0' && **format <= '9'; ++*format)
        if (number < 1000)
            number = number * 10 + (**format - '0');
    return number;
}

static struct spec parse_spec(const char **format, va_list *list)
{
    struct spec spec = {.precision = -1};
    for (;; ++*format) {
        if (**format == '-')
            spec.left = true;
        else if (**format == '0')
            spec.zero = true;
        else
            break;
    }
    spec.width = parse_number(format, list);
    if (**format == '.') {
        ++*format;
        spec.precision = parse_number(format, list);
    }
    for (; **format == 'l' || **format == 'z' || **format == 'j'; ++*format)
        spec.longs++;
    spec.conversion = **format;
    return spec;
}

static void emit_text(struct output *out, const struct spec *spec, const char *text)
{
    size_t bytes = 0;
    if (!text)
        text = "(null)";
    while ((spec->precision < 0 || bytes < (size_t)spec->precision) && text[bytes])
        bytes++;
    emit_padded(out, spec, text, bytes);
}

static void emit_conversion(struct output *out, const struct spec *spec, va_list *list)
{
    switch (spec->conversion) {
    case 'd':
    case 'i': {
        int64_t value = spec->longs ? va_arg(*list, int64_t) : va_arg(*list, int);
        emit_number(out, spec, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0);
        break;
    }
    case 'u':
    case 'x':
    case 'X':
        emit_number(out, spec, spec->longs ? va_arg(*list, uint64_t) : va_arg(*list, unsigned),
                    false);
        break;
    case 'p':
        emit_number(out, spec, (uintptr_t)va_arg(*list, void *), false);
        break;
    case 'c':
        emit_padded(out, spec, &(char){(char)va_arg(*list, int)}, 1);
        break;
    case 's':
        emit_text(out, spec, va_arg(*list, const char *));
        break;
    default:
        emit(out, '%');
        if (spec->conversion && spec->conversion != '%')
            emit(out, spec->conversion);
    }
}

static size_t format_all(struct output out, const char *format, va_list list)
{
    va_list rest;
    va_copy(rest, list);
    while (*format) {
        if (*format != '%') {
            emit(&out, *format++);
            continue;
        }
        format++;
        struct spec spec = parse_spec(&format, &rest);
        emit_conversion(&out, &spec, &rest);
        if (*format)
            format++;
    }
    va_end(rest);
    if (out.room)
        out.to[MIN(out.length, out.room - 1)] = 0;
    return out.length;
}

size_t fmt_list(char *to, size_t bytes, const char *format, va_list list)
{
    return format_all((struct output){to, bytes, 0, false}, format, list);
}

size_t fmt_shown_list(char *to, size_t bytes, const char *format, va_list list)
{
    return format_all((struct output){to, bytes, 0, true}, format, list);
}

size_t fmt(char *to, size_t bytes, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    size_t length = fmt_list(to, bytes, format, list);
    va_end(list);
    return length;
}

size_t fmt_shown(char *to, size_t bytes, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    size_t length = fmt_shown_list(to, bytes, format, list);
    va_end(list);
    return length;
}
