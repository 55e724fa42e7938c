/* The ends of a machine's run. */
#pragma once

#include <stdbool.h>

void restart(void) __attribute__((noreturn));

/* Returns when neither ACPI nor QEMU's own port did it. */
void power_off(void);

/* Ends QEMU through isa-debug-exit, whose status says whether all passed. */
void end_test(bool passed) __attribute__((noreturn));
