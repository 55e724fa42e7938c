/* What this CPU can do, by CPUID, in the bits of lintel.h: the kernel asks for itself and
 * compares. */
#pragma once

#include "common/lintel.h"
#include "kernel/machine/instructions.h"
#include <stdbool.h>

/* Intel SDM 2A, CPUID; AMD APM 3, appendix E. */
#define LEAF_FEATURES   1
#define LEAF_STRUCTURED 7
#define LEAF_EXTENDED   0x80000001
#define LEAF_BRAND      0x80000002
#define LEAF_POWER      0x80000007
#define LEAF_ADDRESSES  0x80000008

/* Subleaf 0 of a leaf; all zero where the CPU has no such leaf. */
struct cpuid cpuid_leaf(uint32_t leaf);

uint32_t cpu_features(void); /* LINTEL_CPU_... */

static inline bool cpu_has(uint32_t feature)
{
    return (cpu_features() & feature) != 0;
}

const char *cpu_feature_name(uint32_t index); /* of bit `index`; NULL: none */
