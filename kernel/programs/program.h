/* What a user program includes: system calls, and text. */
#pragma once

#include "kernel/user/calls.h"
#include "kernel/vm/vm.h"

static inline int64_t call(enum call number, uint64_t a, uint64_t b, uint64_t c)
{
    int64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"((uint64_t)number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}

static inline void say(const char *text)
{
    uint64_t bytes = 0;
    while (text[bytes])
        bytes++;
    call(CALL_WRITE, (uint64_t)text, bytes, 0);
}

static inline void say_number(uint64_t number)
{
    char digits[21], *at = digits + 20;
    *at = 0;
    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    say(at);
}

/* Every program's beginning; its value is the status that it ends with. */
int64_t program(void);

void start(void) __attribute__((noreturn));
void start(void)
{
    call(CALL_EXIT, (uint64_t)program(), 0, 0);
    __builtin_unreachable();
}
