/* Everything that the boot information points to, one thing after the other. */
#ifndef KERNEL_HANDED_OVER_H
#define KERNEL_HANDED_OVER_H

#include <stdbool.h>
#include <stdint.h>

#define STRING_BYTES_MAX 65536

/* `bytes` counts a string's final 0; STRING_BYTES_MAX: it has none. False ends the round. */
typedef bool (*handed_over_visit)(const char *what, const void *at, uint64_t bytes);

bool handed_over_each(handed_over_visit visit);

#endif
