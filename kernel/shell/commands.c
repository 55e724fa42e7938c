/* The table of commands. */
#include "commands.h"
#include <stddef.h>

const struct command commands[] = {
    {"help", "[NAME]", "all commands, or more about one", "  help pt\n", help},

    {"info", "", "boot information: firmware, CPU, memory, ...", NULL, show_information},
    {"log", "", "the loader's log", NULL, show_log},
    {"time", "", "the timeline of stages, with a bar for each", NULL, show_time},
    {"claims", "", "checks the claims of PROTOCOL.md again",
     "  Registers, interrupt table and task state are put back to what Lintel handed over while\n"
     "  the claims are checked.\n",
     show_claims},
    {"map", "", "memory, as the firmware told it and as it is now",
     "  Both sides in order of addresses; an end is the first byte behind a range.\n", show_map},
    {"a20", "", "which method opened address line 20", NULL, show_a20},
    {"disk", "", "drives: size, geometry, EDD; and the boot volume", NULL, show_disks},

    {"cpu", "", "processor features, and all processors", NULL, show_cpu},
    {"cr", "", "control registers, every bit by name", NULL, show_control_registers},
    {"gdt", "", "global descriptor table, decoded", NULL, show_gdt},
    {"idt", "[VECTOR]", "interrupt table, and what came so far",
     "  idt        all 256 gates in groups\n  idt 14     the gate of page faults\n", show_idt},
    {"tss", "", "task state segment: stacks for interrupts", NULL, show_tss},

    {"pt", "[ADDRESS]", "translates an address; alone: all that is mapped",
     "  pt                    ranges with permissions (read, write, execute, user, global) and\n"
     "                        caching\n"
     "  pt kernel_main        every step, every bit by name\n"
     "  pt ffff8000fee00000   device registers: uncached\n"
     "  pt 0                  the null page: not mapped\n",
     show_pages},
    {"peek", "ADDRESS [BYTES]", "reads 1, 2, 4 or 8 (default) bytes",
     "  peek kernel_main\n  peek ffff80000000046c 4    the BIOS's timer, on BIOS\n", peek},
    {"poke", "ADDRESS VALUE [BYTES]", "writes 1, 2, 4 or 8 (default) bytes",
     "  poke ffff8000000b8000 0x4f41 2    a red A on a text screen\n"
     "  Pages that are not mapped writable are refused.\n",
     poke},
    {"hexdump", "ADDRESS [BYTES]", "shows memory in hexadecimal and ASCII",
     "  hexdump kernel_main 64\n", hexdump},

    {"vm", "[CALL ...]", "reserves and commits; alone: regions and faults",
     "  vm reserve BYTES [ADDRESS]             addresses, no memory\n"
     "  vm commit ADDRESS BYTES [PROTECTION]   pages that come, zeroed, when they are touched\n"
     "  vm touch ADDRESS [write | execute]     for real: what the page fault turned out to be\n"
     "  vm protect ADDRESS BYTES PROTECTION    none, read, write, execute, guard\n"
     "  vm share BYTES                         two views: one shared, one copy-on-write\n"
     "  vm decommit ADDRESS BYTES, vm release REGION, vm query ADDRESS, vm test\n",
     virtual_memory},
    {"mem", "[test]", "frame allocator and heap; test: stresses both", "  mem\n  mem test\n",
     show_memory_use},
    {"threads", "[test]", "all threads; test: four of them and a spinlock",
     "  threads\n  threads test\n", show_threads},
    {"run", "PROGRAM", "a module in user mode, until it ends or Ctrl-C",
     "  run hello.elf     reads and writes\n"
     "  run pages.elf     virtual memory from user mode\n"
     "  run faulty.elf    is killed by its own fault\n"
     "  run spin.elf      never ends by itself\n",
     run_program},

    {"acpi", "", "ACPI tables, with their checksums", NULL, show_acpi},
    {"smbios", "", "SMBIOS structures and their strings", NULL, show_smbios},
    {"pci", "", "PCI devices of all buses", NULL, show_pci},

    {"echo", "", "shows key codes as they come, until Ctrl-D",
     "  From the keyboard scan codes of set 1, from the serial line bytes.\n", echo},
    {"draw", "", "a test card on the framebuffer, until a key", NULL, draw},

    {"fault", "KIND", "an exception; its report names function and line",
     "  fault null      reads page 0\n"
     "  fault stack     overflows the stack: a double fault, told on the fault stack\n"
     "  Others: wx, nx, ud, divide, protection, double, breakpoint. The shell goes on.\n",
     fault},
    {"reboot", "", "restarts the machine", NULL, reboot},
    {"poweroff", "", "by ACPI's sleep state S5, else by QEMU's port", NULL, power_down},
    {"halt", "", "stops the processor for good", NULL, halt},
};
const uint32_t command_count = sizeof commands / sizeof *commands;
