/* The BIOS: one real-mode interrupt at a time, and memory that real mode can name. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* In the order in which thunk.asm pops them. */
struct bios_regs {
    uint32_t edi, esi, ebp, esp_unused, ebx, edx, ecx, eax;
    uint16_t ds, es, fs, gs;
    uint32_t flags;
};

#define FLAG_CARRY 0x01u
#define FLAG_ZERO  0x40u

/* Calls a real-mode interrupt; *regs goes in and comes out. The whole contract: thunk.asm. */
void bios_call(uint8_t vector, struct bios_regs *regs);

/* The same for other real-mode code that is entered, and returns, as an interrupt handler does. */
void real_call(uint32_t far_pointer, struct bios_regs *regs);

static inline bool bios_carry(const struct bios_regs *regs)
{
    return regs->flags & FLAG_CARRY;
}

static inline uint8_t bios_ah(const struct bios_regs *regs)
{
    return (uint8_t)(regs->eax >> 8);
}

/* 64 KiB below 1 MiB that cross no 64 KiB boundary, for what the BIOS reads and writes. Anybody's
 * between two calls, nobody's for longer. */
extern uint8_t bounce[];
#define BOUNCE_BYTES 0x10000u

/* The segment of an address below 1 MiB that is a multiple of 16. */
static inline uint16_t segment_of(const void *low)
{
    return (uint16_t)((uintptr_t)low >> 4);
}

/* What a real-mode far pointer (offset in the low half) names, wherever that is; its offset wraps
 * as it does there. */
void far_read(void *to, uint32_t far_pointer, uint32_t bytes);

/* Where physical page 0 is seen: at its own address null pointers fault. */
extern uint8_t page0[];

/* Fields of the BIOS data area, by their offsets from 400h. */
uint8_t bda8(uint32_t offset);
uint16_t bda16(uint32_t offset);
void bda8_clear(uint32_t offset, uint8_t bits);

#define BDA_EBDA_SEGMENT 0x0e
#define BDA_EQUIPMENT    0x10
#define BDA_DISKS        0x75
