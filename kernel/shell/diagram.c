/* How are the bits of a number drawn? */
#include "kernel/lib/text.h"
#include "kernel/shell/shell.h"

#define COLUMNS     79
#define BINARY_MOST 16 /* bits; wider fields are written in hexadecimal */
#define TEXT_BYTES  80

enum part { EDGE, BITS, NAME, VALUE };

static uint32_t text_of(const struct bit_field *field, enum part part, char text[TEXT_BYTES])
{
    text_print(text, TEXT_BYTES, "%s", part == NAME ? field->name : "");
    if (part == BITS && field->count == 1)
        text_print(text, TEXT_BYTES, "%u", field->first);
    else if (part == BITS)
        text_print(text, TEXT_BYTES, "%u-%u", field->first + field->count - 1, field->first);
    else if (part == VALUE && field->count > BINARY_MOST)
        text_print(text, TEXT_BYTES, "%lx", field->value);
    else if (part == VALUE)
        for (uint32_t i = 0; i < field->count; i++)
            text_print(text + i, 2, "%lu", field->value >> (field->count - 1 - i) & 1);
    return (uint32_t)text_length(text);
}

static uint32_t width_of(const struct bit_field *field)
{
    char text[TEXT_BYTES];
    uint32_t bits = text_of(field, BITS, text), name = text_of(field, NAME, text);
    uint32_t value = text_of(field, VALUE, text), most = bits > name ? bits : name;
    return most > value ? most : value;
}

/* The fields in front of `end`, down to `first`. */
static void draw_line(const struct bit_field *fields, uint32_t first, uint32_t end, enum part part)
{
    const char *border = part == EDGE ? "+" : part == BITS ? " " : "|";
    print("  ");
    for (uint32_t i = end; i-- > first;) {
        char text[TEXT_BYTES];
        uint32_t length = text_of(&fields[i], part, text);
        print("%s%s", border, text);
        for (; length < width_of(&fields[i]); length++)
            print(part == EDGE ? "-" : " ");
    }
    print("%s\n", border);
}

static void tell_meanings(const struct bit_field *fields, uint32_t count)
{
    uint32_t column = 0;
    for (uint32_t i = count; i-- > 0;) {
        char text[TEXT_BYTES];
        if (!fields[i].meaning[0])
            continue;
        text_print(text, sizeof text, "%s: %s", fields[i].name, fields[i].meaning);
        uint32_t columns = (uint32_t)text_length(text) + 2;
        bool fits = column + columns < COLUMNS;
        print("%s%s", column == 0 ? "  " : fits ? "; " : ";\n  ", text);
        column = fits ? column + columns : columns;
    }
    print(column ? "\n" : "");
}

void diagram_draw(const struct bit_field *fields, uint32_t count)
{
    static const enum part lines[] = {BITS, EDGE, NAME, VALUE, EDGE};
    for (uint32_t end = count, first; end > 0; end = first) {
        uint32_t columns = 3;
        for (first = end; first > 0; first--)
            if ((columns += 1 + width_of(&fields[first - 1])) > COLUMNS)
                break;
        for (uint32_t i = 0; i < sizeof lines / sizeof *lines; i++)
            draw_line(fields, first, end, lines[i]);
    }
    tell_meanings(fields, count);
}
