/* The command line: words separated by spaces, some of them name=value. */
#ifndef KERNEL_OPTIONS_H
#define KERNEL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

bool option_given(const char *word);

/* True when `text` starts with `name` and '='; *value is then what follows. */
bool option_split(const char *text, const char *name, const char **value);

/* The value of a word name=value on the command line; it ends at a space or at 0. */
bool option_value(const char *name, const char **value);

/* True when the word that begins at `at`, up to a space or 0, is `word`. */
bool option_same(const char *at, const char *word);

/* Digits at the start of text in base 10 or 16; *end is behind them. */
uint64_t option_number(const char *text, unsigned base, const char **end);

#endif
