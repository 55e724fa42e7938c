/* The first serial port, COM1: 115,200 baud, 8 data bits, no parity, 1 stop bit. */
#ifndef KERNEL_SERIAL_H
#define KERNEL_SERIAL_H

void serial_open(void);   /* without a port all else does nothing */
void serial_put(char c);  /* "\n" goes out as CR LF */
void serial_listen(void); /* from now on received bytes are kept, by interrupt */
int serial_byte(void);    /* the next byte received; -1: none */

#endif
