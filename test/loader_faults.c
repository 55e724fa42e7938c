/* The loader's own mistakes, made on purpose: each must be caught at once, and said. Linked in
 * place of common/boot.c; asks on the console which one. */
#include "common/firmware.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

static const char constants[] = "constants";

static void write_to(volatile uintptr_t address)
{
    *(volatile uint8_t *)address = 1;
}

/* The result is used after the call, so that it is no loop. */
static __attribute__((noinline)) uint64_t overflow(uint64_t depth)
{
    volatile uint64_t here = depth;

    return depth ? overflow(here - 1) + here : 0;
}

static __attribute__((noinline)) void smash(size_t bytes)
{
    char buffer[16];

    __asm__ volatile("" : "+r"(bytes)); /* the compiler knows no size */
    memset(buffer, 'x', bytes);
    __asm__ volatile("" : : "r"(buffer) : "memory");
}

static void run_data(void)
{
    static uint8_t code[] = {0xc3}; /* ret */

    ((void (*)(void))(uintptr_t)code)();
}

static void make(char mistake)
{
    switch (mistake) {
    case 'b':
        smash(64);
        break;
    case 'c':
        write_to((uintptr_t)make);
        break;
    case 'd':
        run_data();
        break;
    case 'k':
        write_to((uintptr_t)constants);
        break;
    case 'n':
        write_to(8);
        break;
    case 's':
        say("%lu\n", overflow(UINT64_MAX));
        break;
    default:
        return;
    }
    say("faults: not caught\n");
}

void boot_main(struct facts *facts, const struct firmware *firmware)
{
    (void)facts;
    say("faults: which?\n");
    for (;;) {
        make((char)firmware->key(false));
        for (volatile uint32_t i = 0; i < 1000000; i++)
            ; /* in long mode, where the monitor sees the tables */
    }
}
