/* What does the BIOS keep in its data area? */
#include "legacy/bios.h"

#define BDA 0x400u

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
