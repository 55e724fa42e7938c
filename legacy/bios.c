/* What does the BIOS keep in its data area? */
#include "legacy/bios.h"

#define BDA 0x400u

/* volatile: interrupt handlers change the BIOS data area. */
static volatile uint8_t *field(uint32_t offset)
{
    return page0 + BDA + offset;
}

uint8_t bda8(uint32_t offset)
{
    return *field(offset);
}

uint16_t bda16(uint32_t offset)
{
    return *(volatile uint16_t *)field(offset);
}

void bda8_clear(uint32_t offset, uint8_t bits)
{
    *field(offset) &= (uint8_t)~bits;
}
