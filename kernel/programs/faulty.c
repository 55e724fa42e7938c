/* Does one of the things that a program must not do. */
#include "kernel/programs/program.h"

#define DELIBERATE __attribute__((noinline, used))

/* The compiler must not know where it points to. */
static volatile uint64_t *at(uint64_t address)
{
    volatile uint64_t *pointer = (volatile uint64_t *)address;
    __asm__("" : "+r"(pointer));
    return pointer;
}

DELIBERATE static void write_null(void)
{
    *at(0) = 1;
}

DELIBERATE static void read_kernel(void)
{
    (void)*at(0xffffffff80000000);
}

/* The first thread's, on which the kernel serves this program (kernel/vm/memory.c, 5 levels). */
DELIBERATE static void read_kernel_stack(void)
{
    (void)*at(0xfffe000000001000);
}

DELIBERATE static uint64_t overflow_stack(uint64_t depth)
{
    volatile uint64_t frame[64] = {depth};
    __asm__("" : "+r"(depth));
    return depth ? overflow_stack(depth + 1) + frame[depth % 64] : frame[0];
}

DELIBERATE static void touch_guard(void)
{
    uint64_t base = (uint64_t)call(CALL_RESERVE, 0, 4096, 0);
    call(CALL_COMMIT, base, 4096, VM_READ | VM_WRITE | VM_GUARD);
    *at(base) = 1;
}

DELIBERATE static void stop_interrupts(void)
{
    __asm__ volatile("cli");
}

/* With the flag set that takes SMAP away from a kernel which doesn't clear it. */
DELIBERATE static void spin_with_ac(void)
{
    __asm__ volatile("lea -128(%%rsp), %%rsp; pushf; orl $0x40000, (%%rsp); popf" : : : "memory");
    for (;;)
        __asm__ volatile("");
}

/* All x87 exceptions unmasked; the next instruction tells of the one before. */
DELIBERATE static void divide_by_zero(void)
{
    static const uint16_t control = 0x340;
    __asm__ volatile("fldcw %0; fld1; fldz; fdivrp; fwait" : : "m"(control));
}

int64_t program(void)
{
    char which = 0;
    say("Which fault: n(ull), k(ernel), t(hread of the kernel), s(tack), g(uard), p(rivileged), "
        "f(loating point), a(lignment check, for ever)? ");
    call(CALL_READ, (uint64_t)&which, 1, 0);
    say("\n");
    if (which == 'n')
        write_null();
    else if (which == 'k')
        read_kernel();
    else if (which == 't')
        read_kernel_stack();
    else if (which == 's')
        overflow_stack(1);
    else if (which == 'g')
        touch_guard();
    else if (which == 'p')
        stop_interrupts();
    else if (which == 'f')
        divide_by_zero();
    else if (which == 'a')
        spin_with_ac();
    return 1;
}
