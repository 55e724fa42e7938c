#include "test/kernels/common/text.h"
#include <stdarg.h>

#define COM1            0x3f8
#define LINE_STATUS     5
#define SEND_EMPTY      0x20
#define DEBUG_EXIT_PORT 0xf4

static uint32_t failures;

static void put(char c)
{
    for (uint32_t tries = 0; tries < 100000 && !(in8(COM1 + LINE_STATUS) & SEND_EMPTY); tries++)
        ;
    out8(COM1, (uint8_t)c);
}

static void put_text(const char *text)
{
    for (; *text; text++)
        put(*text);
}

static void put_hexadecimal(uint64_t value)
{
    int shift = 60;
    while (shift && !(value >> shift))
        shift -= 4;
    for (; shift >= 0; shift -= 4) {
        uint32_t digit = (uint32_t)(value >> shift) & 15;
        put((char)(digit < 10 ? '0' + digit : 'a' + digit - 10));
    }
}

static void put_decimal(uint32_t value)
{
    if (value >= 10)
        put_decimal(value / 10);
    put((char)('0' + value % 10));
}

void print(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    for (; *format; format++) {
        if (*format != '%') {
            if (*format == '\n')
                put('\r');
            put(*format);
            continue;
        }
        format++;
        if (*format == 's')
            put_text(va_arg(list, const char *));
        else if (*format == 'u')
            put_decimal(va_arg(list, uint32_t));
        else if (*format == 'x')
            put_hexadecimal(va_arg(list, uint32_t));
        else if (*format == 'X')
            put_hexadecimal(va_arg(list, uint64_t));
        else if (*format == 'c')
            put((char)va_arg(list, int));
    }
    va_end(list);
}

void check(bool holds, const char *claim)
{
    if (holds)
        return;
    failures++;
    print("FAILED: %s\n", claim);
}

void finish(const char *name)
{
    print("%s: %s\n", name, failures ? "failed" : "all checked");
    out32(DEBUG_EXIT_PORT, failures ? 0x11 : 0x10);
    for (;;)
        __asm__ volatile("cli; hlt");
}

void *memset(void *to, int byte, size_t bytes)
{
    for (volatile uint8_t *next = to; bytes; bytes--)
        *next++ = (uint8_t)byte;
    return to;
}

void *memcpy(void *to, const void *from, size_t bytes)
{
    volatile uint8_t *next = to;
    for (const uint8_t *source = from; bytes; bytes--)
        *next++ = *source++;
    return to;
}

bool same(const void *a, const void *b, size_t bytes)
{
    const uint8_t *left = a, *right = b;
    for (; bytes && *left == *right; bytes--)
        left++, right++;
    return !bytes;
}

bool same_text(const char *a, const char *b)
{
    for (; *a && *a == *b; a++)
        b++;
    return *a == *b;
}

bool contains(const char *text, const char *word)
{
    for (; *text; text++) {
        size_t length = 0;
        while (word[length] && text[length] == word[length])
            length++;
        if (!word[length])
            return true;
    }
    return false;
}

bool sums_to_zero(const uint8_t *bytes, uint32_t count)
{
    uint8_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum == 0;
}

uint32_t crc32(const uint8_t *bytes, uint32_t count)
{
    uint32_t sum = 0xffffffffu;
    for (uint32_t i = 0; i < count; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? 0xedb88320u : 0);
    }
    return ~sum;
}
