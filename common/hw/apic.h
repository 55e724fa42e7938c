/* The local APIC as a way to reach other CPUs (Intel SDM 3A, 10.4.4, 10.6, 10.12). */
#pragma once

#include "common/lib/err.h"
#include "common/lintel.h"
#include <stdbool.h>

#define APIC_INIT    0x4500u /* delivery mode INIT, level asserted */
#define APIC_STARTUP 0x4600u /* with the number of the page, below 1 MiB, to start in */

#define APIC_BASE_X2APIC  (UINT64_C(1) << 10) /* in MSR_APIC_BASE */
#define APIC_BASE_ENABLED (UINT64_C(1) << 11)

/* Registers, by their offsets in an xAPIC's page (Intel SDM 3A, table 10-1). */
#define APIC_ID       0x020
#define APIC_VERSION  0x030
#define APIC_PRIORITY 0x080
#define APIC_SPURIOUS 0x0f0
#define APIC_CMCI     0x2f0
#define APIC_ICR_LOW  0x300
#define APIC_ICR_HIGH 0x310
#define APIC_TIMER    0x320
#define APIC_THERMAL  0x330
#define APIC_COUNTER  0x340
#define APIC_LINT0    0x350
#define APIC_LINT1    0x360
#define APIC_ERROR    0x370

struct apic {
    bool x2apic;
    uint32_t id;        /* this CPU's, as the APIC itself says */
    uint64_t registers; /* physical; of an xAPIC */
};

/* Finds out how this CPU's APIC is reached. `want_x2apic` turns the x2APIC mode on where the CPU
 * has it and it is off. ERR_UNSUPPORTED: no APIC, or one that is turned off or out of reach (at or
 * above physical `reachable_end`). */
enum err apic_begin(struct apic *apic, const struct lintel_cpu *cpu, bool want_x2apic,
                    uint64_t reachable_end);

/* Whether this CPU's x2APIC mode, which is on, can be turned off: a wide ID needs it, and firmware
 * may have locked it. Doing so leaves the APIC as a reset does. */
bool apic_can_leave_x2apic(const struct apic *apic);
void apic_leave_x2apic(void);

/* Whether a message can name this APIC ID: an xAPIC's has 8 bits, and FFh means all. Not where it
 * would reach this CPU itself, whatever the firmware's tables call it. */
bool apic_reaches(const struct apic *apic, uint32_t id);

/* Sends to one APIC. Waits, within bounds, until the message is on its way. */
void apic_send(const struct apic *apic, uint32_t id, uint32_t command);

/* One register, by its offset. */
uint32_t apic_read(const struct apic *apic, uint32_t offset);
void apic_write(const struct apic *apic, uint32_t offset, uint32_t value);
