/* What the kernels of the boot tests share: a serial line, a verdict, a way out. Freestanding,
 * 32-bit and 64-bit, and free of absolute addresses. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* %s, %u (decimal), %x (hexadecimal, no leading zeros), %c; and %X for a uint64_t. */
void print(const char *format, ...);

/* Says so when `holds` is false; finish() fails then. */
void check(bool holds, const char *claim);

/* Prints the verdict and ends QEMU through isa-debug-exit: 33 passed, 35 failed. */
void finish(const char *name) __attribute__((noreturn));

void *memset(void *to, int byte, size_t bytes);
void *memcpy(void *to, const void *from, size_t bytes);
bool same(const void *a, const void *b, size_t bytes);
bool same_text(const char *a, const char *b);
bool contains(const char *text, const char *word);

/* True when the bytes sum up to 0, as in the firmware's tables. */
bool sums_to_zero(const uint8_t *bytes, uint32_t count);

/* As in zip files. */
uint32_t crc32(const uint8_t *bytes, uint32_t count);

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

static inline void out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

/* A physical address, where memory is mapped one to one or not at all. */
static inline void *at(uint64_t physical)
{
    return (void *)(uintptr_t)physical;
}
