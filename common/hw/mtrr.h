/* Memory type range registers (Intel SDM 3A, 11.11): the same on all CPUs, or caches disagree. */
#pragma once

#include <stdint.h>

#define MTRRS_MAX 64

struct mtrr {
    uint64_t number, value; /* of the MSR */
};

/* Those of this CPU; the last one is IA32_MTRR_DEF_TYPE, which turns them on. Returns how many; 0:
 * it has none, or more than MTRRS_MAX. */
uint32_t mtrr_read(struct mtrr mtrrs[MTRRS_MAX]);
