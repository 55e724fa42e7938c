/* The loader's log: everything said is kept for the kernel, and shown when a console is
 * attached. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define LOG_BYTES 16384 /* the newest lines win; the kernel receives what is kept */

/* Show further text through `put`, one byte a call ("\n" alone ends a line); NULL detaches. */
void log_attach(void (*put)(char c));
bool log_is_shown(void);

/* Shown and kept. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Kept, not shown: details that only the kernel's `log` asks for. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Copies the kept text, oldest first, always ending in a 0 byte. Returns its length in bytes
 * without the 0. `bytes` of LOG_BYTES + 1 always suffice. */
size_t log_copy(char *to, size_t bytes);
