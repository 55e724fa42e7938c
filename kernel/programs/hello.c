/* Asks for a name, and greets. */
#include "kernel/programs/program.h"

int64_t program(void)
{
    char name[64];
    uint64_t bytes = 0;
    say("What is your name? ");
    while (bytes < sizeof name - 1) {
        call(CALL_READ, (uint64_t)&name[bytes], 1, 0);
        if (name[bytes] == '\n')
            break;
        call(CALL_WRITE, (uint64_t)&name[bytes], 1, 0);
        bytes++;
    }
    name[bytes] = 0;
    say("\nHello, ");
    say(name);
    say(", from user mode.\n");
    return (int64_t)bytes;
}
