/* Lines of text for the fault reporter: COM1, and the framebuffer or the VGA text screen. */
#ifndef LINTEL_RESIDENT_SCREEN_H
#define LINTEL_RESIDENT_SCREEN_H

#include "common/resident/resident.h"

void screen_begin(const struct resident_state *state);

/* One line, from the top of the screen down; a screen that is full gets no more. */
void screen_line(const char *text);

#endif
