/* The other CPUs: each is started once, says what it found at its first instruction, and halts. */
#pragma once

#include "kernel/handover/handover.h"
#include "kernel/machine/instructions.h"

#define PROCESSORS_MAX 320 /* more stay parked */

struct processor_state {
    struct initial_state registers; /* tsc and bss_dirty are not filled */
    uint64_t cr0, cr3, cr4, efer, pat, fs_base, gs_base;
    uint64_t apic_mode; /* IA32_APIC_BASE, but address and BSP flag */
    struct table_register gdtr, idtr;
    uint16_t tr, ldtr;
    uint16_t x87_control;
    uint32_t mxcsr;
    uint32_t apic_id; /* by CPUID */
    uint64_t return_address;
    bool stack_works; /* its lowest byte can be written and read back */
    volatile bool arrived;
};

/* In the order of boot->processors. For the CPU that boots, `registers` is not filled. */
extern struct processor_state processor_states[PROCESSORS_MAX];

/* How many of the above are filled, or should be. */
uint64_t processors_known(void);

/* Starts all. Returns when all have arrived, or ten seconds have passed. */
void processors_start(void);
