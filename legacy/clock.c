/* What time it is, how fast the time-stamp counter runs, and when a wait is over. */
#include "legacy/clock.h"
#include "common/hw/cpu.h"
#include "common/hw/tsc.h"
#include "common/lib/mem.h"
#include "legacy/bios.h"
#include "legacy/ports.h"

/* ---- the time-stamp counter, against the 8254 interval timer --------------------------------- */

#define PIT_HZ       UINT64_C(1193182)
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND  0x43
#define PIT_START    0xb0 /* channel 2, both bytes, mode 0: one count down */
#define PIT_LATCH    0x80
#define PIT_FULL     0xffffu

#define SPEAKER      0x61
#define SPEAKER_GATE 0x01 /* lets channel 2 count */
#define SPEAKER_ON   0x02
#define SPEAKER_DONE 0x20 /* channel 2 has reached 0 */

#define POLLS_MOST 100000

static struct tsc_moment start;
static uint64_t known_hz;

static struct tsc_moment write_at(uint16_t port, uint8_t value)
{
    uint64_t before = cpu_tsc();
    port_write(port, value);
    return (struct tsc_moment){before, cpu_tsc()};
}

static void start_timer(void)
{
    port_write(SPEAKER, (port_read(SPEAKER) & ~SPEAKER_ON) | SPEAKER_GATE);
    port_write(PIT_COMMAND, PIT_START);
    port_write(PIT_CHANNEL2, (uint8_t)PIT_FULL);
    start = write_at(PIT_CHANNEL2, PIT_FULL >> 8);
}

/* Ticks since start_timer(), and the moment. False when the timer has run out: asked in the end, as
 * that may have been at the last moment. */
static bool read_timer(uint32_t *ticks, struct tsc_moment *now)
{
    *now = write_at(PIT_COMMAND, PIT_LATCH);
    uint32_t left = port_read(PIT_CHANNEL2);
    left |= (uint32_t)port_read(PIT_CHANNEL2) << 8;
    *ticks = PIT_FULL - left;
    return !(port_read(SPEAKER) & SPEAKER_DONE);
}

void clock_begin(void)
{
    known_hz = cpu_stated_tsc_hz();
    if (!known_hz)
        start_timer();
}

/* The bound on polls is for a timer that stands still. */
static uint64_t time_tsc(void)
{
    struct tsc_moment now;
    uint32_t ticks;

    for (uint32_t polls = 0; polls < POLLS_MOST; polls++) {
        if (!read_timer(&ticks, &now)) {
            start_timer();
            continue;
        }
        uint64_t hz = tsc_hz_between(start, now, ticks, PIT_HZ);
        if (hz)
            return hz;
    }
    return 0;
}

uint64_t clock_tsc_hz(void)
{
    if (!known_hz)
        known_hz = time_tsc();
    return known_hz;
}

/* ---- waiting --------------------------------------------------------------------------------- */

#define HZ_GUESS UINT64_C(1000000000)

/* By a guess before clock_tsc_hz(). */
static void spin(uint64_t begin, uint32_t milliseconds)
{
    uint64_t ticks = (known_hz ? known_hz : HZ_GUESS) / 1000 * milliseconds;

    while (cpu_tsc() - begin < ticks)
        __asm__ volatile("pause");
}

/* INT 15h AH=86h halts the CPU between ticks; some BIOSes don't have it, or find it in use, or come
 * back at once. */
void clock_wait(uint32_t milliseconds)
{
    uint64_t begin = cpu_tsc(), microseconds = (uint64_t)milliseconds * 1000;
    struct bios_regs regs = {
        .eax = 0x8600,
        .ecx = (uint32_t)(microseconds >> 16 & 0xffff),
        .edx = (uint32_t)(microseconds & 0xffff),
    };

    bios_call(0x15, &regs);
    spin(begin, milliseconds);
}

/* ---- the real-time clock (Motorola MC146818) ------------------------------------------------- */

#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71

#define STATUS_A          0x0a
#define STATUS_A_UPDATING 0x80
#define STATUS_B          0x0b
#define STATUS_B_24_HOURS 0x02
#define STATUS_B_BINARY   0x04
#define HOUR_PM           0x80

#define UPDATE_POLLS 20000 /* an update takes 2 ms */
#define READ_TRIES   4

struct rtc {
    uint8_t second, minute, hour, day, month, year;
};

static uint8_t cmos(uint8_t index)
{
    port_write(CMOS_INDEX, index);
    return port_read(CMOS_DATA);
}

static struct rtc read_registers(void)
{
    for (uint32_t polls = 0; polls < UPDATE_POLLS && cmos(STATUS_A) & STATUS_A_UPDATING; polls++)
        port_pause();
    return (struct rtc){cmos(0), cmos(2), cmos(4), cmos(7), cmos(8), cmos(9)};
}

static uint8_t from_bcd(uint8_t value)
{
    return (uint8_t)((value >> 4) * 10 + (value & 15));
}

static void decode(struct rtc *rtc)
{
    uint8_t status = cmos(STATUS_B), pm = rtc->hour & HOUR_PM;

    rtc->hour &= (uint8_t)~HOUR_PM;
    if (!(status & STATUS_B_BINARY))
        *rtc = (struct rtc){from_bcd(rtc->second), from_bcd(rtc->minute), from_bcd(rtc->hour),
                            from_bcd(rtc->day),    from_bcd(rtc->month),  from_bcd(rtc->year)};
    if (!(status & STATUS_B_24_HOURS))
        rtc->hour = (uint8_t)(rtc->hour % 12 + (pm ? 12 : 0));
}

/* Days from 1970-01-01 to a date from 2000 to 2099, where every fourth year is a leap year. */
static int64_t days_to(const struct rtc *rtc)
{
    static const uint16_t days_before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t days_before_2000 = 10957;
    int64_t leap_days = (rtc->year + 3) / 4 + (rtc->year % 4 == 0 && rtc->month > 2);

    return days_before_2000 + rtc->year * 365 + leap_days + days_before[rtc->month - 1] + rtc->day -
           1;
}

/* Twice the same means that no update came between. No century: nobody boots in another one. */
int64_t clock_read(void)
{
    struct rtc rtc = read_registers(), again = read_registers();

    for (uint32_t tries = 0; memcmp(&rtc, &again, sizeof rtc) != 0; tries++) {
        if (tries == READ_TRIES)
            return 0;
        rtc = again;
        again = read_registers();
    }
    decode(&rtc);
    if (rtc.second > 59 || rtc.minute > 59 || rtc.hour > 23 || rtc.day < 1 || rtc.day > 31 ||
        rtc.month < 1 || rtc.month > 12 || rtc.year > 99)
        return 0;
    return ((days_to(&rtc) * 24 + rtc.hour) * 60 + rtc.minute) * 60 + rtc.second;
}
