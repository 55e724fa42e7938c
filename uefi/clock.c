/* What time it is, how fast the time-stamp counter runs, and when a wait is over. */
#include "uefi/clock.h"
#include "common/hw/acpi.h"
#include "common/hw/cpu.h"
#include "common/hw/tsc.h"
#include "common/lib/mem.h"
#include "uefi/console.h"
#include "uefi/uefi.h"

static uint64_t known_hz;

/* ---- the time-stamp counter ------------------------------------------------------------------ */

/* The power management timer (ACPI 6.5, 4.8.3.3), and what the FADT says of it (5.2.9). */
#define PM_HZ            UINT64_C(3579545)
#define PM_MASK          0xffffffu
#define PM_POLLS_MOST    100000 /* for one that stands still */
#define FADT_PM_PORT     76
#define FADT_PM_BYTES    91
#define FADT_FLAGS       112
#define FADT_FLAGS_END   116
#define FADT_NO_PM_TIMER (1u << 20) /* HW_REDUCED_ACPI */

/* 0: there is none. */
static uint16_t find_pm_timer(const struct facts *facts)
{
    const struct acpi acpi = {.rsdp = facts->rsdp, .first = 0, .end = facts->reachable_end};
    struct acpi_table fadt;

    if (acpi_find(&acpi, "FACP", &fadt) != OK || fadt.length < FADT_FLAGS_END ||
        load32(fadt.bytes + FADT_FLAGS) & FADT_NO_PM_TIMER || fadt.bytes[FADT_PM_BYTES] != 4 ||
        load32(fadt.bytes + FADT_PM_PORT) > UINT16_MAX)
        return 0;
    return (uint16_t)load32(fadt.bytes + FADT_PM_PORT);
}

static uint32_t read_pm_timer(uint16_t port, struct tsc_moment *now)
{
    uint32_t value;

    now->before = cpu_tsc();
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    now->after = cpu_tsc();
    return value;
}

/* 0: it stands still. */
static uint64_t measure_by_pm_timer(uint16_t port)
{
    struct tsc_moment start, now;
    uint32_t first = read_pm_timer(port, &start);

    for (int polls = 0; polls < PM_POLLS_MOST; polls++) {
        uint32_t ticks = (read_pm_timer(port, &now) - first) & PM_MASK;
        uint64_t hz = tsc_hz_between(start, now, ticks, PM_HZ);
        if (hz)
            return hz;
    }
    return 0;
}

#define STALL_MICROSECONDS 250
#define STALLS             4
#define STALLS_MOST        40

/* No CPU with long mode is slower: then Stall() did not wait. */
#define HZ_BY_STALL_LEAST 100000000

/* Stall() is late when a timer's handler or another virtual machine takes its turn: the shortest of
 * some measurements is right, once another one comes close to it. */
static uint64_t measure_by_stall(void)
{
    uint64_t shortest = UINT64_MAX, second = UINT64_MAX;

    for (int i = 0; i < STALLS_MOST; i++) {
        uint64_t before = cpu_tsc();
        uefi_boot->Stall(STALL_MICROSECONDS);
        uint64_t ticks = cpu_tsc() - before;
        second = MIN(second, MAX(ticks, shortest));
        shortest = MIN(shortest, ticks);
        if (i + 1 >= STALLS && second - shortest < shortest / 8)
            break;
    }
    uint64_t hz = shortest * (1000000 / STALL_MICROSECONDS);
    return hz >= HZ_BY_STALL_LEAST ? hz : 0;
}

/* The timer is hardware; Stall() is firmware's word. */
uint64_t clock_tsc_hz(const struct facts *facts)
{
    uint16_t port = find_pm_timer(facts);

    known_hz = cpu_stated_tsc_hz();
    if (!known_hz && port)
        known_hz = measure_by_pm_timer(port);
    if (!known_hz)
        known_hz = measure_by_stall();
    known_hz = tsc_believe(known_hz);
    return known_hz;
}

/* ---- waiting --------------------------------------------------------------------------------- */

#define HZ_GUESS           UINT64_C(4000000000) /* rather too long a wait than too short a one */
#define LIVELY             60                   /* milliseconds; a slow timer ticks every 55 */
#define INTERRUPTS_ENABLED 0x200                /* in RFLAGS */

bool clock_is_over(uint64_t begin, uint32_t milliseconds)
{
    return cpu_tsc() - begin >= (known_hz ? known_hz : HZ_GUESS) / 1000 * milliseconds;
}

/* Of the TSC, when an interrupt came while nobody called firmware: one that polls has no others. */
static volatile uint64_t last_tick;
static volatile bool waits;

static void EFIAPI take_tick(EFI_EVENT event, void *context)
{
    (void)event, (void)context;
    if (waits)
        last_tick = cpu_tsc();
}

/* Only the TSC can't stop: the CPU is halted just as long as firmware's timer has shown itself to
 * be alive. WaitForEvent() would halt it for ever once that fails. */
static void idle(void)
{
    uint64_t flags;

    __asm__ volatile("pushfq; popq %0" : "=r"(flags));
    if (flags & INTERRUPTS_ENABLED && last_tick && !clock_is_over(last_tick, LIVELY))
        __asm__ volatile("hlt");
    else
        __asm__ volatile("pause");
}

static bool no_timers;

void clock_wait(uint32_t milliseconds)
{
    uint64_t begin = cpu_tsc();
    EFI_EVENT timer;

    console_flush();
    bool ticks =
        !no_timers && !EFI_ERROR(uefi_boot->CreateEvent(EVT_TIMER | EVT_NOTIFY_SIGNAL, TPL_CALLBACK,
                                                        take_tick, NULL, &timer));
    if (ticks)
        uefi_boot->SetTimer(timer, TimerPeriodic, 0); /* with each of firmware's ticks */
    waits = true;
    while (!clock_is_over(begin, milliseconds))
        idle();
    waits = false;
    if (ticks)
        uefi_boot->CloseEvent(timer);
}

void clock_without_timers(void)
{
    no_timers = true;
    last_tick = 0;
}

/* ---- the time of day ------------------------------------------------------------------------- */

#define TIMEZONE_MOST 1440 /* minutes (UEFI 2.10, 8.3) */

/* Days from 1970-01-01, in years that begin in March so that a leap day comes last. */
static int64_t days_since_1970(int64_t year, int64_t month, int64_t day)
{
    if (month <= 2) {
        year--;
        month += 12;
    }
    int64_t leap_days = year / 4 - year / 100 + year / 400;
    return 365 * year + leap_days + (153 * (month - 3) + 2) / 5 + day - 1 - 719468;
}

int64_t clock_wall_time(void)
{
    EFI_TIME now;

    if (EFI_ERROR(uefi_system->RuntimeServices->GetTime(&now, NULL)))
        return 0;
    if (now.Year < 1970 || now.Month < 1 || now.Month > 12 || now.Day < 1 || now.Day > 31 ||
        now.Hour > 23 || now.Minute > 59 || now.Second > 59)
        return 0;
    int64_t minutes = (days_since_1970(now.Year, now.Month, now.Day) * 24 + now.Hour) * 60;
    minutes += now.Minute;
    /* UTC = local time + TimeZone; EFI_UNSPECIFIED_TIMEZONE and what is none lie outside. */
    if (now.TimeZone >= -TIMEZONE_MOST && now.TimeZone <= TIMEZONE_MOST)
        minutes += now.TimeZone;
    return minutes * 60 + now.Second;
}
