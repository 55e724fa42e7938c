/* How fast does the time-stamp counter run? */
#include "common/hw/tsc.h"

#define ENOUGH_A_SECOND 1000 /* a millisecond's ticks */

/* Some emulators are slow; nothing is that fast. */
#define HZ_LEAST UINT64_C(1000000)
#define HZ_MOST  UINT64_C(100000000000)

uint64_t tsc_believe(uint64_t hz)
{
    return hz >= HZ_LEAST && hz <= HZ_MOST ? hz : 0;
}

uint64_t tsc_hz_between(struct tsc_moment start, struct tsc_moment end, uint64_t ticks,
                        uint64_t timer_hz)
{
    uint64_t least = end.before - start.after, most = end.after - start.before;

    if (ticks < timer_hz / ENOUGH_A_SECOND || most - least > most / 8)
        return 0;
    return tsc_believe((least + most) / 2 * timer_hz / ticks);
}
