/* Time: of day, passing, and in ticks of the time-stamp counter. */
#ifndef UEFI_CLOCK_H
#define UEFI_CLOCK_H

#include <stdint.h>

/* firmware.wait */
void clock_wait(uint32_t milliseconds);

uint64_t clock_tsc_hz(void);   /* 0: unknown */
int64_t clock_wall_time(void); /* seconds since 1970-01-01 UTC; 0: unknown */

#endif
