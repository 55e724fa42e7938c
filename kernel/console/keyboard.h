/* A PS/2 keyboard, by interrupt: its controller translates to scan code set 1. */
#ifndef KERNEL_KEYBOARD_H
#define KERNEL_KEYBOARD_H

void keyboard_open(void); /* after interrupts_open(); without a controller the rest finds nothing */
int keyboard_code(void);  /* the next scan code; -1: none */

#endif
