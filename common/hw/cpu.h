/* CPU facts by CPUID, and the clock and noise that come with a CPU. */
#pragma once

#include "common/lintel.h"
#include <stdbool.h>

void cpu_identify(struct lintel_cpu *cpu);

static inline uint64_t cpu_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline uint64_t cpu_read_msr(uint32_t number)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return (uint64_t)high << 32 | low;
}

static inline void cpu_write_msr(uint32_t number, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "c"(number), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

bool cpu_has_mtrrs(void);

/* Whether firmware has locked the local APIC in x2APIC mode (Intel SDM 4,
 * IA32_XAPIC_DISABLE_STATUS). */
bool cpu_locks_x2apic(void);

/* The bits of a page table's entry that are an address: not one by which memory is encrypted. */
uint64_t cpu_entry_address(void);

/* The TSC frequency in Hz where the CPU or a hypervisor states it (CPUID 15h, 40000010h); else
 * 0. */
uint64_t cpu_stated_tsc_hz(void);

/* Fills 32 bytes; true when RDSEED or RDRAND gave 256 bits of them. */
int cpu_entropy(const struct lintel_cpu *cpu, uint8_t entropy[32]);
