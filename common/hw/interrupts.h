/* Interrupt controllers and IOMMUs as a kernel likes to find them. To be called when the firmware
 * has left; what ACPI tables do not tell of, or what lies out of the loader's reach, stays as it
 * is. */
#pragma once

#include "common/firmware.h"
#include "common/hw/apic.h"

/* Masks the entries of all I/O APICs whose delivery mode is fixed or lowest priority, and with
 * `all` NMI and ExtINT, too (82093AA data sheet, 3.2.4). */
void interrupts_mask_io_apics(const struct facts *facts, bool all);

#define INTERRUPTS_SPURIOUS 0x1ffu /* the spurious vector register: on, vector FFh */

/* Turns the local APIC of this CPU on, with spurious vector FFh and task priority 0, and masks its
 * local interrupts; those that ACPI calls NMI lines are set up so, masked. `uid`: this CPU's in the
 * MADT (Intel SDM 3A, 10.5.1). */
void interrupts_mask_local_apic(const struct facts *facts, const struct apic *apic, uint32_t uid);

/* What a CPU's local interrupt line is to become that is `entry` now; `line` 0 or 1. */
uint32_t interrupts_masked_line(const struct facts *facts, uint32_t uid, uint32_t line,
                                uint32_t entry);

/* Turns DMA and interrupt remapping of Intel VT-d off (VT-d 4.1, 11.4.4), and AMD's IOMMUs (48882,
 * 3.4.3). Waits for each, within bounds. */
void interrupts_disable_iommus(const struct facts *facts);
