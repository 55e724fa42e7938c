/* The memory and string functions that a freestanding compiler may call, and the few others we use.
 * Names and contracts are the C standard's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t bytes);
char *strchr(const char *s, int c);

#define MIN(a, b)       ((a) < (b) ? (a) : (b))
#define MAX(a, b)       ((a) > (b) ? (a) : (b))
#define ARRAY_LENGTH(a) (sizeof(a) / sizeof *(a))

#define KIB        UINT64_C(1024)
#define MIB        (1024 * KIB)
#define GIB        (1024 * MIB)
#define PAGE_BYTES UINT64_C(4096)

/* Alignments are powers of two. align_up() saturates at the highest aligned value, never wraps. */
static inline uint64_t align_down(uint64_t value, uint64_t alignment)
{
    return value & ~(alignment - 1);
}

static inline uint64_t align_up(uint64_t value, uint64_t alignment)
{
    return value > ~(alignment - 1) ? ~(alignment - 1)
                                    : align_down(value + alignment - 1, alignment);
}

static inline bool is_power_of_two(uint64_t value)
{
    return value && !(value & (value - 1));
}

/* Whole pages that hold `bytes` bytes. */
static inline uint64_t pages_of(uint64_t bytes)
{
    return bytes / PAGE_BYTES + (bytes % PAGE_BYTES != 0);
}

/* True when a + b, or a * b, does not fit 64 bits; *sum or *product is then not to be used. */
static inline bool add_wraps(uint64_t a, uint64_t b, uint64_t *sum)
{
    return __builtin_add_overflow(a, b, sum);
}

static inline bool mul_wraps(uint64_t a, uint64_t b, uint64_t *product)
{
    return __builtin_mul_overflow(a, b, product);
}

/* Little-endian loads from unaligned bytes, for on-disk structures: what an x86 does in one
 * instruction. */
static inline uint16_t load16(const void *p)
{
    uint16_t value;
    __builtin_memcpy(&value, p, sizeof value);
    return value;
}

static inline uint32_t load32(const void *p)
{
    uint32_t value;
    __builtin_memcpy(&value, p, sizeof value);
    return value;
}

static inline uint64_t load64(const void *p)
{
    uint64_t value;
    __builtin_memcpy(&value, p, sizeof value);
    return value;
}

/* The same as stores, of the lowest `bytes` bytes. */
static inline void store_bytes(void *p, uint64_t value, unsigned bytes)
{
    uint8_t *b = p;
    for (unsigned i = 0; i < bytes; i++)
        b[i] = (uint8_t)(value >> 8 * i);
}

/* A physical address that the loader can reach, as a pointer: both firmwares (and the host tests)
 * run the core with every address that it touches mapped one to one. */
static inline void *at_physical(uint64_t physical)
{
    return (void *)(uintptr_t)physical;
}
