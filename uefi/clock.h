/* Time: of day, passing, and in ticks of the time-stamp counter. */
#pragma once

#include "common/firmware.h"

/* firmware.wait */
void clock_wait(uint32_t milliseconds);

/* Whether so much time has passed since `begin`, of the TSC. */
bool clock_is_over(uint64_t begin, uint32_t milliseconds);

/* From now on no timer of firmware's is used: it may have stopped them. */
void clock_without_timers(void);

uint64_t clock_tsc_hz(const struct facts *facts); /* 0: unknown. The facts tell of ACPI. */
int64_t clock_wall_time(void);                    /* seconds since 1970-01-01 UTC; 0: unknown */
