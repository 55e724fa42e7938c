/* Claim C31: when the loader did what, and the clock that it tells time by. */
#include "kernel/claims/claims.h"
#include "kernel/machine/timer.h"

/* The interval timer's channel 2 is started by, and seen through, port 61h. */
#define GATE_PORT   0x61
#define GATE_ON     0x01
#define SPEAKER_ON  0x02
#define GATE_OUTPUT 0x20
#define PIT_TICKS   2386 /* 2 ms: shorter than what a busy host gives at once */
#define PATIENCE    1000000
#define TRIES       100

/* TSC ticks that pass in PIT_TICKS; 0: the timer does not run. */
static uint64_t time_one_shot(void)
{
    uint8_t gate = in8(GATE_PORT) & (uint8_t) ~(GATE_ON | SPEAKER_ON);
    out8(GATE_PORT, gate | GATE_ON);
    out8(PIT_COMMAND, PIT_ONE_SHOT);
    out8(PIT_CHANNEL_2, PIT_TICKS & 0xff);
    uint64_t start = read_tsc();
    out8(PIT_CHANNEL_2, PIT_TICKS >> 8);
    int patience = PATIENCE;
    while (!(in8(GATE_PORT) & GATE_OUTPUT) && patience > 0)
        patience--;
    uint64_t ticks = read_tsc() - start;
    out8(GATE_PORT, gate);
    return patience ? ticks : 0;
}

static bool agree(uint64_t a, uint64_t b)
{
    return a >= b / 2 && a / 2 <= b;
}

/* A virtual machine's host may pause it for longer than the measurement. That only ever lengthens
 * it: the shortest is the best, and the first that agrees with what the loader says will do. */
static uint64_t measure_tsc_hz(void)
{
    uint64_t shortest = UINT64_MAX / PIT_HZ;
    for (int i = 0; i < TRIES && !agree(boot->tsc_hz, shortest * PIT_HZ / PIT_TICKS); i++) {
        uint64_t ticks = time_one_shot();
        shortest = ticks < shortest ? ticks : shortest;
    }
    return shortest * PIT_HZ / PIT_TICKS;
}

static bool check_frequency(void)
{
    if (boot->tsc_hz == 0)
        return remark("the TSC's frequency is unknown");
    uint64_t measured = measure_tsc_hz();
    if (measured == 0)
        return remark("no interval timer to compare tsc_hz with");
    return must(agree(boot->tsc_hz, measured), "tsc_hz is %lu, the interval timer says %lu",
                boot->tsc_hz, measured);
}

bool timeline_is_ordered(void)
{
    uint64_t before = 0;
    if (boot->stage_count == 0)
        return violated("there are no stages");
    for (uint64_t i = 0; i < boot->stage_count; i++) {
        uint64_t tsc = boot->stages[i].tsc;
        if (tsc < before)
            return violated("stage %s begins at %lu, before %lu", boot->stages[i].name, tsc,
                            before);
        before = tsc;
    }
    return must(before <= initial_state.tsc,
                "the last stage begins at %lu, but the kernel ran from %lu on", before,
                initial_state.tsc) &&
           check_frequency();
}
