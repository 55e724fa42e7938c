#ifndef KERNEL_FAULT_H
#define KERNEL_FAULT_H

/* Does what fault=null, stack, wx or ud on the command line asks for, else nothing. */
void fault_if_asked(void);

#endif
