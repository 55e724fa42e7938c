/* The kernel's own interrupt table: exceptions, and the two 8259 interrupt controllers. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct interrupt_frame { /* as vectors.asm and the CPU push it */
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

#define VECTOR_DOUBLE_FAULT 8
#define VECTOR_PAGE_FAULT   14
#define VECTOR_IRQ          32 /* of IRQ 0; the 15 others follow */

enum irq { IRQ_TIMER = 0, IRQ_KEYBOARD = 1, IRQ_COM1 = 4, IRQ_MOUSE = 12 };

/* Runs with interrupts off, on the stack that was interrupted (double faults, NMI and machine
 * checks: on the fault stack). False: an exception stays unexplained. */
typedef bool (*interrupt_handler)(struct interrupt_frame *frame);

/* Takes up the table, moves the IRQs to VECTOR_IRQ, lets them come. `unexplained` is told of every
 * exception that no handler explains. */
void interrupts_open(void (*unexplained)(const struct interrupt_frame *frame));

/* After a jump out of a handler: interrupts may come again. */
void interrupts_resume(void);

/* One handler for each vector; the last one counts. */
void interrupts_handle(uint8_t vector, interrupt_handler handler);
void irq_handle(enum irq irq, interrupt_handler handler); /* and unmasks the line */

uint64_t interrupts_counted(uint8_t vector); /* since interrupts_open() */

/* For what an interrupt must not cut in two: restores what was before. */
static inline uint64_t interrupts_off(void)
{
    uint64_t flags;
    __asm__ volatile("pushfq; pop %0; cli" : "=r"(flags) : : "memory");
    return flags;
}

static inline void interrupts_restore(uint64_t flags)
{
    __asm__ volatile("push %0; popfq" : : "r"(flags) : "memory", "cc");
}
