/* What the calls and the faults share. */
#ifndef KERNEL_VM_VM_PAGES_H
#define KERNEL_VM_VM_PAGES_H

#include "vm.h"

/* The flags of a page's entry that has a frame. */
uint64_t vm_entry_flags(const struct vm *vm, const struct span *span, bool owned);

#endif
