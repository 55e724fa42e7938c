/* Descriptor tables, as Lintel built them. */
#pragma once

#include "kernel/machine/instructions.h"

#define SELECTOR_CODE  0x08
#define SELECTOR_DATA  0x10
#define SELECTOR_TSS   0x28
#define GDT_BYTES      56
#define TSS_BYTES      104
#define IDT_GATES      256
#define TYPE_TSS_BUSY  0x8b /* present, DPL 0, 64-bit TSS, as LTR leaves it */
#define GATE_INTERRUPT 0x8e /* present, DPL 0, 64-bit interrupt gate */
#define IST_FAULT      1
#define PIC_PRIMARY    0x21 /* data ports of the two 8259 */
#define PIC_SECONDARY  0xa1

/* Intel SDM 3A, figures 3-8 and 7-11. */
struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_bitmap; /* offset; at or behind the limit: there is none */
} __attribute__((packed));
_Static_assert(sizeof(struct tss) == TSS_BYTES, "Intel SDM 3A, figure 7-11");

struct gate {
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};

static inline uint64_t gate_handler(const struct gate *gate)
{
    return gate->offset_low | (uint64_t)gate->offset_middle << 16 |
           (uint64_t)gate->offset_high << 32;
}

/* The TSS that a GDT names; NULL: none. */
const struct tss *tss_in(struct table_register gdtr);

/* The TSS, as this CPU's GDT says, virtual; 0: there is none. */
uint64_t tss_address(void);

/* Interrupts from user mode push there from now on, and system calls, which read the variable. */
extern uint64_t kernel_stack_top;
void kernel_stack_use(uint64_t stack_top);

/* Virtual address behind the fault stack, as the TSS says; 0: there is none. */
uint64_t fault_stack_top(void);
