/* The VGA text screen, written to directly: a BIOS call for every byte would cost more than all
 * else that a boot does. */
#ifndef LEGACY_VGA_H
#define LEGACY_VGA_H

/* Sets text mode 3; without a VGA that takes it, the others do nothing. */
void vga_begin(void);

/* A byte of text, of "\n", or of ESC[2J ESC[H ESC[row;colH ESC[7m ESC[0m ESC[K (ECMA-48). Other
 * sequences are passed over. */
void vga_put(char c);

/* Graphics are shown from now on: nothing is drawn until ESC[2J sets text mode again. */
void vga_graphics(void);

/* Moves the hardware cursor to where text goes next; vga_put() doesn't, port writes are slow. */
void vga_show_cursor(void);

#endif
