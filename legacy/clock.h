/* Time: the real-time clock's, the time-stamp counter's rate, and waiting. */
#pragma once

#include <stdint.h>

/* Starts timing the TSC; other work may go on until clock_tsc_hz(). */
void clock_begin(void);

/* TSC ticks a second, 0 where it can't be known: as the CPU states it, else timed against channel 2
 * of the interval timer for at least a millisecond since clock_begin(). */
uint64_t clock_tsc_hz(void);

/* Seconds since 1970-01-01, as the real-time clock says; 0 where it says nothing sensible. */
int64_t clock_read(void);

/* firmware.wait */
void clock_wait(uint32_t milliseconds);
