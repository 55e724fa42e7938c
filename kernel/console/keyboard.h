/* A PS/2 keyboard, polled: its controller translates to scan code set 1. */
#ifndef KERNEL_KEYBOARD_H
#define KERNEL_KEYBOARD_H

char keyboard_key(void); /* the next key pressed as ASCII, without shift; 0: none */

#endif
