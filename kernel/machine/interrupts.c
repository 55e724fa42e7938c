/* Who handles an interrupt? */
#include "kernel/machine/interrupts.h"
#include "kernel/machine/descriptors.h"
#include <stddef.h>

#define VECTOR_BYTES   16 /* of code, in vectors.asm */
#define VECTOR_NMI     2
#define VECTOR_MACHINE 18 /* machine check */
#define IRQS           16
#define PIC_COMMAND    0x20
#define PIC_CASCADE    2 /* the line of the primary that the secondary hangs on */
#define PIC_END        0x20
#define PIC_READ_ISR   0x0b /* the next read of the command port gives the in-service register */

extern const uint8_t interrupt_vectors[IDT_GATES][VECTOR_BYTES];

void interrupt_dispatch(struct interrupt_frame *frame); /* vectors.asm calls it */

static struct gate gates[IDT_GATES];
static interrupt_handler handlers[IDT_GATES];
static void (*report)(const struct interrupt_frame *frame);
static uint64_t counts[IDT_GATES];

/* A line that went away before it was acknowledged shows as the controller's last one. */
static bool is_spurious(uint32_t irq)
{
    if (irq != 7 && irq != 15)
        return false;
    uint16_t command = irq == 7 ? PIC_COMMAND : PIC_SECONDARY - 1;
    out8(command, PIC_READ_ISR);
    return !(in8(command) & 0x80);
}

static void end_irq(uint32_t irq)
{
    if (irq >= 8)
        out8(PIC_SECONDARY - 1, PIC_END);
    out8(PIC_COMMAND, PIC_END);
}

/* The controllers hear of the end first: a handler may switch to another thread. */
void interrupt_dispatch(struct interrupt_frame *frame)
{
    uint64_t vector = frame->vector;
    counts[vector]++;
    bool is_irq = vector - VECTOR_IRQ < IRQS;
    if (is_irq && is_spurious(vector - VECTOR_IRQ))
        return;
    if (is_irq)
        end_irq(vector - VECTOR_IRQ);
    bool handled = handlers[vector] && handlers[vector](frame);
    if (!handled && !is_irq)
        report(frame);
}

static void set_gate(uint32_t vector, uint8_t ist)
{
    uint64_t handler = (uint64_t)interrupt_vectors[vector];
    gates[vector] = (struct gate){.offset_low = (uint16_t)handler,
                                  .selector = SELECTOR_CODE,
                                  .ist = ist,
                                  .type = GATE_INTERRUPT,
                                  .offset_middle = (uint16_t)(handler >> 16),
                                  .offset_high = (uint32_t)(handler >> 32)};
}

/* Intel 8259A, initialisation command words 1 to 4: cascaded, 8086 mode; then all lines masked. */
static void move_irqs(void)
{
    static const uint8_t words[][2] = {
        {0x11, 0x11}, {VECTOR_IRQ, VECTOR_IRQ + 8}, {1 << PIC_CASCADE, PIC_CASCADE}, {0x01, 0x01}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        out8(i == 0 ? PIC_COMMAND : PIC_PRIMARY, words[i][0]);
        out8(i == 0 ? PIC_SECONDARY - 1 : PIC_SECONDARY, words[i][1]);
    }
    out8(PIC_PRIMARY, 0xff & ~(1 << PIC_CASCADE));
    out8(PIC_SECONDARY, 0xff);
}

void interrupts_open(void (*unexplained)(const struct interrupt_frame *frame))
{
    report = unexplained;
    for (uint32_t vector = 0; vector < IDT_GATES; vector++)
        set_gate(vector, 0);
    set_gate(VECTOR_DOUBLE_FAULT, IST_FAULT);
    set_gate(VECTOR_NMI, IST_FAULT);
    set_gate(VECTOR_MACHINE, IST_FAULT);
    load_idt((struct table_register){sizeof gates - 1, (uint64_t)gates});
    move_irqs();
    __asm__ volatile("sti");
}

/* QEMU nulls SS where an interrupt takes a stack of the TSS. */
void interrupts_resume(void)
{
    __asm__ volatile("mov %0, %%ss; sti" : : "r"(SELECTOR_DATA));
}

void interrupts_handle(uint8_t vector, interrupt_handler handler)
{
    handlers[vector] = handler;
}

void irq_handle(enum irq irq, interrupt_handler handler)
{
    uint16_t port = irq < 8 ? PIC_PRIMARY : PIC_SECONDARY;
    handlers[VECTOR_IRQ + irq] = handler;
    out8(port, in8(port) & (uint8_t) ~(1 << irq % 8));
}

uint64_t interrupts_counted(uint8_t vector)
{
    return counts[vector];
}
