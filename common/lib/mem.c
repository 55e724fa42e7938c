/* How are bytes copied, filled and compared? */
#include "common/lib/mem.h"

/* String instructions by quadwords: on old CPUs and under emulation eight times as fast as by
 * bytes, on new ones (ERMS) as fast. They also keep the compiler from turning these loops into
 * calls of themselves. */

static void copy_forward(void *to, const void *from, size_t bytes)
{
    size_t quads = bytes / 8;
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(quads) : : "memory");
    bytes %= 8;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}

static void copy_backward(uint8_t *to, const uint8_t *from, size_t bytes)
{
    to += bytes - 1;
    from += bytes - 1;
    __asm__ volatile("std; rep movsb; cld" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    copy_forward(to, from, bytes);
    return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
    if ((uintptr_t)to - (uintptr_t)from >= bytes)
        copy_forward(to, from, bytes);
    else
        copy_backward(to, from, bytes);
    return to;
}

void *memset(void *to, int byte, size_t bytes)
{
    void *next = to;
    uint64_t pattern = (uint8_t)byte * UINT64_C(0x0101010101010101);
    size_t quads = bytes / 8;
    __asm__ volatile("rep stosq" : "+D"(next), "+c"(quads) : "a"(pattern) : "memory");
    bytes %= 8;
    __asm__ volatile("rep stosb" : "+D"(next), "+c"(bytes) : "a"(pattern) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    const uint8_t *left = a, *right = b;
    for (; bytes; bytes--, left++, right++)
        if (*left != *right)
            return *left - *right;
    return 0;
}

size_t strlen(const char *s)
{
    const char *end = s;
    while (*end)
        end++;
    return (size_t)(end - s);
}

int strcmp(const char *a, const char *b)
{
    for (; *a && *a == *b; a++, b++)
        ;
    return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t bytes)
{
    for (; bytes && *a && *a == *b; bytes--, a++, b++)
        ;
    return bytes ? (uint8_t)*a - (uint8_t)*b : 0;
}

char *strchr(const char *s, int c)
{
    for (; *s != (char)c; s++)
        if (!*s)
            return NULL;
    return (char *)s;
}
