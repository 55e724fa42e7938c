/* The 8254 interval timer, and the tick: its channel 0, 100 times a second. */
#pragma once

#include <stdint.h>

#define TIMER_HZ 100

#define PIT_HZ        1193182
#define PIT_CHANNEL_0 0x40
#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND   0x43
/* Low byte, then high byte. */
#define PIT_PERIODIC 0x34 /* channel 0, mode 2 */
#define PIT_ONE_SHOT 0xb0 /* channel 2, mode 0: output rises at the end */

typedef void (*timer_visit)(void);

void timer_open(void); /* after interrupts_open() */
uint64_t timer_ticks(void);

/* Called at every tick, in the interrupt; NULL: nothing is. */
void timer_on_tick(timer_visit visit);

/* Halts until the next interrupt, whichever. */
void wait_for_interrupt(void);
