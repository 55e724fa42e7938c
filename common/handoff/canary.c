/* What does a function find out that has written beyond its buffer on the stack? */
#include "common/handoff/canary.h"
#include "common/hw/cpu.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/resident/screen.h"

uint64_t __stack_chk_guard;
void __stack_chk_fail(void) __attribute__((noreturn));

/* The lowest byte is 0: it ends a text that is copied over it. */
CANARY_NONE void canary_begin(void)
{
    struct lintel_cpu cpu;
    uint64_t noise[4];

    cpu_identify(&cpu);
    cpu_entropy(&cpu, (uint8_t *)noise);
    __stack_chk_guard = (noise[0] ^ noise[1] ^ noise[2] ^ noise[3]) & ~UINT64_C(0xff);
}

/* A console that has left with the firmware says nothing any more. */
static void tell(const char *message)
{
    static const struct resident_state no_screen;

    if (log_is_shown()) {
        say("\n\n%s\n", message);
        return;
    }
    screen_begin(&no_screen);
    screen_line(message);
}

void __stack_chk_fail(void)
{
    static char message[160]; /* not on this stack */

    fmt(message, sizeof message,
        "This is a bug in Lintel: a function wrote beyond its buffer on the stack (found at %lXh). "
        "Stopped.",
        (uint64_t)(uintptr_t)__builtin_return_address(0));
    tell(message);
    for (;;)
        __asm__ volatile("cli; hlt");
}
