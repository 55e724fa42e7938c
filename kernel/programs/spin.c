/* Never ends: the timer lets the shell hear Ctrl-C all the same. */
#include "kernel/programs/program.h"

int64_t program(void)
{
    say("Counting; Ctrl-C ends it.\n");
    for (volatile uint64_t count = 0;; count++)
        ;
}
