/* Where input comes from and characters go to: PS/2 keyboard and mouse, the first serial port. */
#pragma once

#include <stdint.h>

/* By interrupt; the controller translates to scan code set 1. */
void keyboard_open(void); /* after interrupts_open(); without a controller the rest finds nothing */
int keyboard_code(void);  /* the next scan code; -1: none */

enum mouse { MOUSE_NONE, MOUSE_PLAIN, MOUSE_WITH_WHEEL };
enum mouse mouse_open(void); /* after keyboard_open(); from now on its bytes are kept (mouse.h) */
void mouse_close(void);
int mouse_byte(void); /* -1: none */

/* COM1: 115,200 baud, 8 data bits, no parity, 1 stop bit. */
void serial_open(void);   /* without a port all else does nothing */
void serial_put(char c);  /* "\n" goes out as CR LF */
void serial_listen(void); /* from now on received bytes are kept, by interrupt */
int serial_byte(void);    /* the next byte received; -1: none */

/* Bytes from an interrupt to those who wait for them: one writer, one reader. */
struct queue {
    volatile uint8_t bytes[256];
    volatile uint8_t in, out; /* they wrap by themselves */
};

/* A full queue drops the byte. */
static inline void queue_put(struct queue *queue, uint8_t byte)
{
    if ((uint8_t)(queue->in + 1) == queue->out)
        return;
    queue->bytes[queue->in] = byte;
    queue->in++;
}

static inline int queue_get(struct queue *queue) /* -1: empty */
{
    return queue->in == queue->out ? -1 : queue->bytes[queue->out++];
}
