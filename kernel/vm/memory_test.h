#ifndef KERNEL_VM_MEMORY_TEST_H
#define KERNEL_VM_MEMORY_TEST_H

#include <stdbool.h>

/* Takes and gives frames and heap blocks in no order, with contents that are looked at again. */
bool memory_test(void);

#endif
