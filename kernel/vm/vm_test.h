#ifndef KERNEL_VM_VM_TEST_H
#define KERNEL_VM_VM_TEST_H

#include <stdbool.h>

/* Tries regions, protections, guards and copies on the CPU itself, with real faults; prints a line
 * for each. */
bool vm_test(void);

#endif
