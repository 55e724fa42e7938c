/* Bytes from an interrupt to those who wait for them: one writer, one reader. */
#ifndef KERNEL_QUEUE_H
#define KERNEL_QUEUE_H

#include <stdint.h>

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

#endif
