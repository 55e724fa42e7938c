/* Faults on purpose, for fault=... on the command line: the loader's first-fault reporter should
 * name these functions, so none of them may be inlined. */
#include "deliberate_fault.h"
#include "../console/console.h"
#include "../handover/handover.h"
#include "../handover/options.h"

#define DELIBERATE __attribute__((noinline, used))

DELIBERATE static void read_null_page(void)
{
    const volatile uint64_t *null = NULL;
    __asm__("" : "+r"(null)); /* the compiler must not know, or it traps by itself */
    (void)*null;
}

DELIBERATE static uint64_t overflow_stack(uint64_t depth)
{
    volatile uint64_t frame[64] = {depth};
    __asm__("" : "+r"(depth)); /* the compiler must not see that this never ends */
    return depth ? overflow_stack(depth + 1) + frame[depth % 64] : frame[0];
}

DELIBERATE static void write_to_text(void)
{
    volatile uint8_t *code = (volatile uint8_t *)(uintptr_t)write_to_text;
    *code = *code;
}

DELIBERATE static void execute_undefined(void)
{
    __asm__ volatile("ud2");
}

void fault_if_asked(void)
{
    const char *given;
    if (!option_value("fault", &given))
        return;
    print("fault: on purpose, as the command line asks\n");
    if (option_is("fault", "null"))
        read_null_page();
    else if (option_is("fault", "stack"))
        overflow_stack(1);
    else if (option_is("fault", "wx"))
        write_to_text();
    else if (option_is("fault", "ud"))
        execute_undefined();
    print_colour(COLOUR_BAD, "fault: none happened; fault= knows null, stack, wx, ud\n");
}
