/* What does the BIOS keep in its data area, and where its pointers point? */
#include "legacy/bios.h"
#include "common/lib/mem.h"

#define BDA 0x400u

void far_read(void *to, uint32_t far_pointer, uint32_t bytes)
{
    uint32_t segment = far_pointer >> 16;

    for (uint32_t i = 0; i < bytes; i++) {
        uint32_t address = (segment << 4) + ((far_pointer + i) & 0xffff);
        const uint8_t *at = address < PAGE_BYTES ? page0 + address : at_physical(address);
        ((uint8_t *)to)[i] = *at;
    }
}

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
