/* CPU facts by CPUID, and the clock and noise that come with a CPU. */
#ifndef LINTEL_MACHINE_CPU_H
#define LINTEL_MACHINE_CPU_H

#include "../lintel.h"

void cpu_identify(struct lintel_cpu *cpu);

static inline uint64_t cpu_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* The TSC frequency in Hz where the CPU or a hypervisor states it (CPUID 15h, 40000010h); else
 * 0. */
uint64_t cpu_stated_tsc_hz(void);

/* Fills 32 bytes; true when RDSEED or RDRAND gave 256 bits of them. */
int cpu_entropy(const struct lintel_cpu *cpu, uint8_t entropy[32]);

#endif
