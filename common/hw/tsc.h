/* The time-stamp counter against a timer whose speed is known. */
#pragma once

#include <stdint.h>

/* A timer was read, or set, between two readings of the TSC. They lie far apart where a virtual
 * machine's host paused it just then. */
struct tsc_moment {
    uint64_t before, after;
};

/* Ticks a second, when the timer has done `ticks` of its `timer_hz` a second between the moments;
 * 0: that is too few, or the moments are too vague. */
uint64_t tsc_hz_between(struct tsc_moment start, struct tsc_moment end, uint64_t ticks,
                        uint64_t timer_hz);

/* The same when a machine's counter may run like that; else 0. */
uint64_t tsc_believe(uint64_t hz);
