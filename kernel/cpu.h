/* What this CPU can do, by CPUID, in the bits of lintel.h: the kernel asks for itself and
 * compares. */
#ifndef KERNEL_CPU_H
#define KERNEL_CPU_H

#include "common/lintel.h"
#include <stdbool.h>

uint32_t cpu_features(void); /* LINTEL_CPU_... */

static inline bool cpu_has(uint32_t feature)
{
    return (cpu_features() & feature) != 0;
}

const char *cpu_feature_name(uint32_t index); /* of bit `index`; NULL: none */

#endif
