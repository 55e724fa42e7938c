/* A line of UTF-8 text that keys change. */
#pragma once

#include "common/lib/key.h"
#include <stdint.h>

struct line {
    char *text;      /* ends in a 0 byte */
    uint32_t room;   /* bytes, with the 0 */
    uint32_t cursor; /* byte that the next character goes before */
};

/* Begins at the text's end. */
void line_begin(struct line *line, char *text, uint32_t room);

/* Moves, inserts or erases; other keys and text beyond the room change nothing. */
void line_key(struct line *line, enum key key);

/* Characters before the cursor. */
uint32_t line_column(const struct line *line);

/* The text from its n-th character on, or its end. */
const char *line_from(const struct line *line, uint32_t n);
