/* What must the second stage's assembly know of C? As common/handoff/offsets.c. */
#include "common/handoff/offsets.h"
#include "legacy/bios.h"

void offsets(void)
{
    OFFSET(bios_regs, edi);
    OFFSET(bios_regs, eax);
    OFFSET(bios_regs, ds);
    OFFSET(bios_regs, flags);
    BYTES(bios_regs);
}
