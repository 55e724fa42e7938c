/* The screen as a grid of characters: on a framebuffer, or in VGA text mode where there is none. */
#ifndef KERNEL_SCREEN_H
#define KERNEL_SCREEN_H

enum colour { COLOUR_PLAIN, COLOUR_QUIET, COLOUR_TITLE, COLOUR_GOOD, COLOUR_BAD, COLOURS };

void screen_open(void); /* clears it; where there is no screen at all, the rest does nothing */
void screen_put(char c, enum colour colour);

#endif
