/* The screen as a grid of characters: on a framebuffer, or in VGA text mode where there is none. */
#ifndef KERNEL_SCREEN_H
#define KERNEL_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

enum colour { COLOUR_PLAIN, COLOUR_QUIET, COLOUR_TITLE, COLOUR_GOOD, COLOUR_BAD, COLOURS };

void screen_open(void); /* clears it; where there is no screen at all, the rest does nothing */
bool screen_put(char c, enum colour colour); /* true: a row is full, or ended */
void screen_cursor(bool shown);              /* where the next character goes */
uint32_t screen_rows(void);
void screen_redraw(void); /* after others have drawn */

#endif
