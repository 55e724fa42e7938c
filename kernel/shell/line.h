/* A line being typed, with the lines before it: no input or output of its own. */
#pragma once

#include "kernel/console/keys.h"

#define LINE_MAX    71 /* characters: with the prompt they fit on a row of 80 */
#define HISTORY_MAX 16

struct line {
    char text[LINE_MAX + 1];
    uint32_t length, cursor;
    char draft[LINE_MAX + 1];                /* what was being typed before the history was shown */
    char history[HISTORY_MAX][LINE_MAX + 1]; /* a ring */
    uint32_t remembered;                     /* lines ever put into it */
    uint32_t back; /* how many lines before the newest is shown; 0: what is being typed */
};

/* Forgets the text, keeps the history. */
void line_begin(struct line *line);

/* True when the line is finished. */
bool line_key(struct line *line, int key);
