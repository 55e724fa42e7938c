/* What time it is, how fast the time-stamp counter runs, and when a wait is over. */
#include "uefi/clock.h"
#include "common/hw/cpu.h"
#include "common/lib/mem.h"
#include "uefi/console.h"
#include "uefi/uefi.h"

#define CALIBRATION_MICROSECONDS 250
#define CALIBRATIONS             4
#define CALIBRATIONS_MOST        40

/* Waits for a timer event, in which firmware halts the CPU; Stall() would spin. */
void clock_wait(uint32_t milliseconds)
{
    EFI_EVENT timer;
    UINTN index;

    console_flush();
    if (EFI_ERROR(uefi_boot->CreateEvent(EVT_TIMER, TPL_APPLICATION, NULL, NULL, &timer))) {
        uefi_boot->Stall((UINTN)milliseconds * 1000);
        return;
    }
    uint64_t hundred_nanoseconds = (uint64_t)milliseconds * 10000;
    if (EFI_ERROR(uefi_boot->SetTimer(timer, TimerRelative, hundred_nanoseconds)) ||
        EFI_ERROR(uefi_boot->WaitForEvent(1, &timer, &index)))
        uefi_boot->Stall((UINTN)milliseconds * 1000);
    uefi_boot->CloseEvent(timer);
}

/* Stall() never returns early, but late when a timer's handler or another virtual machine takes its
 * turn: the shortest of some measurements is right, once another one comes close to it. */
static uint64_t measure_tsc_hz(void)
{
    uint64_t shortest = UINT64_MAX, second = UINT64_MAX;

    for (int i = 0; i < CALIBRATIONS_MOST; i++) {
        uint64_t before = cpu_tsc();
        uefi_boot->Stall(CALIBRATION_MICROSECONDS);
        uint64_t ticks = cpu_tsc() - before;
        second = MIN(second, MAX(ticks, shortest));
        shortest = MIN(shortest, ticks);
        if (i + 1 >= CALIBRATIONS && second - shortest < shortest / 8)
            break;
    }
    return shortest * (1000000 / CALIBRATION_MICROSECONDS);
}

uint64_t clock_tsc_hz(void)
{
    uint64_t stated = cpu_stated_tsc_hz();

    return stated ? stated : measure_tsc_hz();
}

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
    if (now.TimeZone != EFI_UNSPECIFIED_TIMEZONE) /* UTC = local time + TimeZone */
        minutes += now.TimeZone;
    return minutes * 60 + now.Second;
}
