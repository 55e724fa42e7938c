/* The tick: the 8254's channel 0, 100 times a second. */
#ifndef KERNEL_TIMER_H
#define KERNEL_TIMER_H

#include <stdint.h>

#define TIMER_HZ 100

typedef void (*timer_visit)(void);

void timer_open(void); /* after interrupts_open() */
uint64_t timer_ticks(void);

/* Called at every tick, in the interrupt; NULL: nothing is. */
void timer_on_tick(timer_visit visit);

/* Halts until the next interrupt, whichever. */
void wait_for_interrupt(void);

#endif
