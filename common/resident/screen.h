/* Lines of text for the fault reporter: COM1, and the framebuffer or the VGA text screen. */
#pragma once

#include "common/resident/resident.h"

void screen_begin(const struct resident_state *state);

/* One line, from the top of the screen down; a screen that is full gets no more. */
void screen_line(const char *text);
