/* Sleep states in ACPI's byte code, found without running it. */
#ifndef KERNEL_SLEEP_STATE_H
#define KERNEL_SLEEP_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SLP_TYPa and SLP_TYPb for sleep state S5 from a definition block's `Name (_S5, Package ...)`
 * (7.4.2, 20.2). False: there is none. */
bool acpi_find_s5(const uint8_t *aml, size_t bytes, uint8_t types[2]);

#endif
