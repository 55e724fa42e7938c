#ifndef KERNEL_ENDING_H
#define KERNEL_ENDING_H

#include <stdbool.h>

/* With the word `test` on the command line ends QEMU through isa-debug-exit, else offers a
 * restart. */
void end(bool passed) __attribute__((noreturn));

#endif
