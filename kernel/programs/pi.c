/* Pi by Leibniz's series in SSE registers, over many ticks: nobody else may change them, and what
 * the program before left in them must be gone. */
#include "kernel/programs/program.h"

#define TERMS 2000000

int64_t program(void)
{
    uint64_t left;
    __asm__ volatile("movq %%xmm15, %0" : "=r"(left)); /* no compiler takes the last one first */
    if (left) {
        say("XMM15 was not empty\n");
        return 1;
    }
    double sum = 0;
    for (int64_t i = 0; i < TERMS; i++)
        sum += (i % 2 ? -4.0 : 4.0) / (double)(2 * i + 1);
    say("pi is 3.");
    say_number((uint64_t)(sum * 1000000) % 1000000);
    say("\n");
    __asm__ volatile("movq %0, %%xmm15" : : "r"(left - 1));
    return 0;
}
