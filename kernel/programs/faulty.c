/* Does one of the things that a program must not do. */
#include "program.h"

#define DELIBERATE __attribute__((noinline, used))

DELIBERATE static void write_null(void)
{
    volatile uint64_t *null = 0;
    __asm__("" : "+r"(null)); /* the compiler must not know */
    *null = 1;
}

DELIBERATE static void read_kernel(void)
{
    volatile const uint64_t *kernel = (const uint64_t *)UINT64_C(0xffffffff80000000);
    (void)*kernel;
}

DELIBERATE static uint64_t overflow_stack(uint64_t depth)
{
    volatile uint64_t frame[64] = {depth};
    __asm__("" : "+r"(depth));
    return depth ? overflow_stack(depth + 1) + frame[depth % 64] : frame[0];
}

DELIBERATE static void stop_interrupts(void)
{
    __asm__ volatile("cli");
}

DELIBERATE static void use_floating_point(void)
{
    __asm__ volatile("fninit");
}

int64_t program(void)
{
    char which = 0;
    say("Which fault: n(ull), k(ernel), s(tack), p(rivileged), f(loating point)? ");
    call(CALL_READ, (uint64_t)&which, 1, 0);
    say("\n");
    if (which == 'n')
        write_null();
    else if (which == 'k')
        read_kernel();
    else if (which == 's')
        overflow_stack(1);
    else if (which == 'p')
        stop_interrupts();
    else if (which == 'f')
        use_floating_point();
    return 1;
}
