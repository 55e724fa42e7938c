/* Text made on the fly. */
#pragma once

#include <stdint.h>

/* A new text, to be freed; ends the program when there is no memory for it. */
char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Appends to a text that text_of() made, or to NULL. */
void text_add(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A number in decimal digits: `decimal(n).text` lives to the end of the expression it stands in. */
struct decimal {
    char text[21];
};
struct decimal decimal(uint64_t number);

/* "64 KiB": the largest unit that divides the number. `size_text(n).text` lives to the end of the
 * expression it stands in. */
struct size_text {
    char text[32];
};
struct size_text size_text(uint64_t bytes);

/* What stands behind the last "/" of a path. */
const char *text_base(const char *path);
