/* How many ticks have passed? */
#include "kernel/machine/timer.h"
#include "kernel/machine/instructions.h"
#include "kernel/machine/interrupts.h"

static volatile uint64_t ticks;
static timer_visit on_tick;

static bool tick(struct interrupt_frame *frame)
{
    (void)frame;
    ticks++;
    if (on_tick)
        on_tick();
    return true;
}

void timer_open(void)
{
    const uint32_t divisor = PIT_HZ / TIMER_HZ;
    out8(PIT_COMMAND, PIT_PERIODIC);
    out8(PIT_CHANNEL_0, divisor & 0xff);
    out8(PIT_CHANNEL_0, divisor >> 8);
    irq_handle(IRQ_TIMER, tick);
}

uint64_t timer_ticks(void)
{
    return ticks;
}

void timer_on_tick(timer_visit visit)
{
    on_tick = visit;
}

/* STI holds interrupts off for one more instruction: none can slip in before HLT. */
void wait_for_interrupt(void)
{
    __asm__ volatile("sti; hlt");
}
