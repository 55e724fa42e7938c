/* The screen as a grid of characters: on a framebuffer, in VGA text mode where there is none, or in
 * somebody's window. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum colour { COLOUR_PLAIN, COLOUR_QUIET, COLOUR_TITLE, COLOUR_GOOD, COLOUR_BAD, COLOURS };

void screen_open(void); /* clears it; where there is no screen at all, the rest does nothing */
bool screen_put(char c, enum colour colour); /* true: a row is full, or ended */
void screen_cursor(bool shown);              /* where the next character goes */
uint32_t screen_rows(void);
void screen_redraw(void); /* after others have drawn */

/* Where cells are drawn, in colours 0xRRGGBB. */
struct screen_device {
    uint32_t columns, rows;
    void (*draw)(uint32_t row, uint32_t column, uint8_t character, uint32_t ink, uint32_t paper);
};

/* An empty screen of that size, from now on; NULL: the own one, as it was. */
void screen_use(const struct screen_device *device);
