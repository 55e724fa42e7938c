/* What must the second stage's assembly know of C? As common/handoff/offsets.c. */
#include "common/handoff/offsets.h"
#include "legacy/bios.h"
#include "legacy/fault.h"

void offsets(void)
{
    CONSTANT(FAULT_VECTORS);
    OFFSET(bios_regs, edi);
    OFFSET(bios_regs, eax);
    OFFSET(bios_regs, ds);
    OFFSET(bios_regs, flags);
    BYTES(bios_regs);
}
