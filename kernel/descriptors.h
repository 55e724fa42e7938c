#ifndef KERNEL_DESCRIPTORS_H
#define KERNEL_DESCRIPTORS_H

#include <stdint.h>

/* Virtual address behind the fault stack, as the TSS says; 0: there is none. */
uint64_t fault_stack_top(void);

/* The TSS, as the GDT says, virtual; 0: there is none. */
uint64_t tss_address(void);

#endif
