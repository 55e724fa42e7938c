/* The functions behind the table of commands, by file. */
#ifndef KERNEL_COMMANDS_H
#define KERNEL_COMMANDS_H

#include "shell.h"

void help(char **words); /* shell.c */

/* boot_commands.c: what the loader told */
void show_information(char **words);
void show_log(char **words);
void show_time(char **words);
void show_claims(char **words);
void show_map(char **words);
void show_a20(char **words);
void show_disks(char **words);

/* processor_commands.c, descriptor_commands.c */
void show_cpu(char **words);
void show_control_registers(char **words);
void show_gdt(char **words);
void show_idt(char **words);
void show_tss(char **words);

/* memory_commands.c */
void show_pages(char **words);
void peek(char **words);
void poke(char **words);
void hexdump(char **words);

/* vm_commands.c, program_commands.c */
void virtual_memory(char **words);
void show_memory_use(char **words);
void show_threads(char **words);
void run_program(char **words);

/* firmware_commands.c, pci_commands.c */
void show_acpi(char **words);
void show_smbios(char **words);
void show_pci(char **words);

/* screen_commands.c */
void echo(char **words);
void draw(char **words);

/* ending_commands.c */
void fault(char **words);
void reboot(char **words);
void power_down(char **words);
void halt(char **words);

#endif
