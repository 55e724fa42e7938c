/* A bar for files that take longer than a second to read. One at a time. */
#pragma once

#include <stdint.h>

/* Bars go through `put`, as text and the sequences of firmware.put. hz 0: there are none, as the
 * clock does not say what a second is. */
void progress_attach(void (*put)(char c), uint64_t (*clock)(void), uint64_t hz);

/* Before the first byte of a file is read; `name` must live until progress_end(). */
void progress_begin(const char *name, uint64_t bytes);

/* After each part: how many bytes are there in all. */
void progress_update(uint64_t done);

/* When no more is read, also after an error. The bar, where there was one, stays as a line. */
void progress_end(void);
