/* What the BIOS keeps in its data area, and where thunk.asm finds the registers of a call. */
#include "legacy/bios.h"
#include <stddef.h>

#define BDA 0x400u

/* The linker script compares these with what thunk.asm takes. */
__attribute__((used)) static void export_offsets(void)
{
    __asm__(".globl bios_regs_ds, bios_regs_flags, bios_regs_bytes\n"
            ".set bios_regs_ds, %c0\n"
            ".set bios_regs_flags, %c1\n"
            ".set bios_regs_bytes, %c2\n"
            :
            : "i"(offsetof(struct bios_regs, ds)), "i"(offsetof(struct bios_regs, flags)),
              "i"(sizeof(struct bios_regs)));
}

_Static_assert(offsetof(struct bios_regs, edi) == 0, "POPAD begins with EDI");
_Static_assert(offsetof(struct bios_regs, eax) == 28, "POPAD ends with EAX");

/* volatile: interrupt handlers change the BIOS data area. */
uint8_t bda8(uint32_t offset)
{
    return *(const volatile uint8_t *)(uintptr_t)(BDA + offset);
}

uint16_t bda16(uint32_t offset)
{
    return *(const volatile uint16_t *)(uintptr_t)(BDA + offset);
}

void bda8_clear(uint32_t offset, uint8_t bits)
{
    *(volatile uint8_t *)(uintptr_t)(BDA + offset) &= (uint8_t)~bits;
}
