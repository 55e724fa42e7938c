#include "test/kernels/limine/text.h"

#define COM1        0x3f8
#define LINE_STATUS 5
#define LINE_EMPTY  0x20

uint64_t checks, failures;

void put(const char *text)
{
    for (; *text; text++) {
        for (int i = 0; i < 100000 && !(in8(COM1 + LINE_STATUS) & LINE_EMPTY); i++)
            ;
        out8(COM1, (uint8_t)*text);
    }
}

void put_hex(uint64_t value)
{
    char digits[17] = {0};
    for (int i = 15; i >= 0; i--, value >>= 4)
        digits[i] = "0123456789abcdef"[value & 15];
    put(digits);
}

void check_value(bool holds, const char *what, uint64_t value)
{
    checks++;
    if (holds)
        return;
    failures++;
    put("limine: FAILED: ");
    put(what);
    put(": ");
    put_hex(value);
    put("\r\n");
}

bool same_text(const char *a, const char *b)
{
    for (; *a && *a == *b; a++)
        b++;
    return *a == *b;
}

bool begins_with(const char *text, const char *with)
{
    for (; *with && *text == *with; text++)
        with++;
    return !*with;
}
