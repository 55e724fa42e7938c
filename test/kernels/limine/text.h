/* Words on COM1, and the count of what failed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

void put(const char *text);
void put_hex(uint64_t value);

/* Says what failed, with a value that tells more. */
void check_value(bool holds, const char *what, uint64_t value);
#define CHECK(condition)        check_value(condition, #condition, 0)
#define CHECK_EQUAL(is, should) check_value((is) == (should), #is " is " #should, (is))

bool same_text(const char *a, const char *b);
bool begins_with(const char *text, const char *with);

extern uint64_t checks, failures;

static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
