#ifndef KERNEL_DELIBERATE_FAULT_H
#define KERNEL_DELIBERATE_FAULT_H

#include <stdbool.h>

/* Makes an exception on purpose. False: no such kind, or it went by without one. */
bool deliberate_fault(const char *kind);

/* Does what fault=KIND on the command line asks for, else nothing. */
void fault_if_asked(void);

#endif
