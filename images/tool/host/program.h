/* Other people's programs: fdisk, mkfs.fat, mtools, xorriso. */
#pragma once

#include "common/lib/err.h"
#include <stddef.h>

/* Once, before the first run: an environment in which equal calls give equal bytes (time zone,
 * language, SOURCE_DATE_EPOCH, no personal configuration), and a PATH with the sbin folders, where
 * Debian keeps partitioning programs out of an ordinary user's sight. */
void programs_prepare(void);

/* Runs a program to its end, in the scratch folder where there is one: name files there by their
 * last names, for what a whole path may hold means something to one program or the other ("@@" to
 * mtools). `arguments` end with NULL; the first is its name, looked up in PATH. `input` (NULL:
 * none) is a text for its standard input. ERR_NOT_FOUND: it is not installed; the message names the
 * Debian package. ERR_IO: it failed; the message quotes its last words. */
enum err program_run(const char *const arguments[], const char *input);

/* The same, and gives what it wrote to standard output and standard error, in order; to be freed.
 */
enum err program_read(const char *const arguments[], const char *input, char **output);

/* A call without an input, its arguments listed in place. */
#define RUN(...) program_run((const char *const[]){__VA_ARGS__, NULL}, NULL)
