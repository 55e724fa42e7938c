/* Ends of the machine's run, and faults that are none. */
#include "../console/console.h"
#include "../machine/instructions.h"
#include "../machine/power.h"
#include "commands.h"
#include "deliberate_fault.h"

void fault(char **words)
{
    if (!words[1] || !deliberate_fault(words[1]))
        print_colour(COLOUR_BAD, "none happened; `help fault` names the kinds\n");
}

void reboot(char **words)
{
    (void)words;
    print("Restarting.\n");
    restart();
}

void power_down(char **words)
{
    (void)words;
    print("Switching off.\n");
    power_off();
    print_colour(COLOUR_BAD, "The machine stays on: neither ACPI nor QEMU's port helped.\n");
}

void halt(char **words)
{
    (void)words;
    print("The processor is stopped.\n");
    halt_forever();
}
