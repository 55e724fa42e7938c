/* Exceptions while the loader runs: said on the screen and the serial line, then the machine
 * stops. */
#ifndef LEGACY_FAULT_H
#define LEGACY_FAULT_H

/* Loads an interrupt descriptor table for the CPU's 32 exceptions. */
void fault_begin(void);

#endif
