/* Shall there be a fault on purpose? By fault=... on the command line it is for the loader's
 * first-fault reporter, in the shell for the kernel's own. */
#include "kernel/lib/text.h"
#include "kernel/machine/deliberate_fault.h"
#include "kernel/shell/shell.h"

void fault_if_asked(void)
{
    const char *kind;
    if (!option_value("fault", &kind))
        return;
    print("fault: on purpose, as the command line asks\n");
    if (!make_fault(kind))
        print_colour(COLOUR_BAD, "fault: none happened; fault= knows null, stack, wx, ud, ...\n");
}

/* Not fault=return: its report would be written to the top of the stack, where the shell's frame
 * is. */
static void fault(void)
{
    if (text_equal(given.words[0], "return") || !make_fault(given.words[0]))
        print_colour(COLOUR_BAD, "none happened; `help fault` names the kinds\n");
}

const struct command fault_commands[] = {
    {"fault", "KIND", "an exception; its report names function and line",
     "  fault null      reads page 0\n"
     "  fault stack     overflows the stack: a double fault, told on the fault stack\n"
     "  Others: wx, nx, ud, divide, protection, double, breakpoint. The shell goes on.\n",
     fault},
    {0},
};
