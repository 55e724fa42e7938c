/* Exceptions while the loader runs: said on the screen and the serial line, then the machine
 * stops. */
#pragma once

#define FAULT_VECTORS 32 /* the CPU's exceptions */

/* Loads an interrupt descriptor table for them. */
void fault_begin(void);
