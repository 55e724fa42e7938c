/* The VGA text screen, written to directly: a BIOS call for every byte would cost more than all
 * else that a boot does. */
#pragma once

/* Sets text mode 3, empty; without a VGA that takes it, the others do nothing. */
void vga_begin(void);

/* A byte for firmware.put. */
void vga_put(char c);

/* Graphics are shown from now on, and nothing is drawn until vga_text() sets text mode 3 again. */
void vga_graphics(void);
void vga_text(void);

/* The characters of a text screen are the BIOS's own again. */
void vga_quiet(void);

/* Moves the hardware cursor to where text goes next; vga_put() doesn't, port writes are slow. */
void vga_show_cursor(void);
