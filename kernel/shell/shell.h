/* The shell: a prompt on screen and serial line at once. */
#pragma once

#include "kernel/console/console.h"
#include "kernel/handover/handover.h"
#include "kernel/shell/line.h"
#include "kernel/lib/bits.h"

#define PROMPT "lintel> "

/* Takes up interrupts, keyboard and serial line, and obeys. */
void shell_run(void) __attribute__((noreturn));

/* Lets somebody type a line, until Enter. */
void read_line(struct line *line, const char *prompt);

/* The prompt and what is typed, for a screen that has not seen it; the serial line has. While the
 * shell's thread sleeps. */
void shell_show_line(void);

/* fault_commands.c: does what fault=KIND on the command line asks for, else nothing. */
void fault_if_asked(void);

/* ---- facts.c --------------------------------------------------------------------------------- */

/* Prints what was handed over, one `fact: name = value` a line, then the memory map and the stages;
 * `make run` compares the lines of both firmwares. */
void facts_print(void);

/* The loader's log, a line each. */
void facts_print_log(void);

const char *medium_name(uint32_t medium); /* enum lintel_medium */

/* ---- diagram.c ------------------------------------------------------------------------------- */

/* Fields from bit 0 up, as boxes from the highest down, with what their values mean. */
void diagram_draw(const struct bit_field *fields, uint32_t count);

/* memory_commands.c: at most 16 bytes, as those of an address. */
void dump_row(uint64_t address, const uint8_t *at, uint64_t bytes);

/* ---- windows_calls.c ------------------------------------------------------------------------- */

/* Obeys a call of memoryapi.h as it is written in C, or says what is wrong with it. False: the line
 * is none. */
bool windows_call(const char *text);

/* What VirtualQuery() tells of an address. */
void windows_query(uint64_t address);

/* tour.c: does what the script wants done however the tour ends; without a tour nothing. */
void tour_end(void);

/* ---- exceptions.c ---------------------------------------------------------------------------- */

struct interrupt_frame;

/* Says what happened, and where in which function and line; returns only from a breakpoint. */
void exception_report(const struct interrupt_frame *frame);

const char *exception_name(uint64_t vector);

/* ---- commands.c ------------------------------------------------------------------------------ */

/* A row of a file's table of commands, which an empty row ends. A name may have two words. The
 * arguments are named in their order, in brackets where they may be left out; commands.c knows by
 * the name what each has to look like. */
struct command {
    const char *name, *arguments, *summary;
    const char *more;  /* further sentences and examples, for `help NAME`; NULL: none */
    void (*run)(void); /* NULL: `more` is all there is to it */
};
extern const struct command boot_commands[], processor_commands[], descriptor_commands[],
    memory_commands[], vm_commands[], program_commands[], firmware_commands[], bios_commands[],
    pci_commands[], screen_commands[], fault_commands[], tour_commands[];

/* The arguments of the command that runs. */
#define ARGUMENTS_MAX 3
extern struct arguments {
    uint32_t count;
    const char *words[ARGUMENTS_MAX]; /* NULL: left out */
    uint64_t values[ARGUMENTS_MAX];   /* of numbers; of words: which of those that are allowed */
} given;

/* Does what a line says; false: it says what is wrong with the line. Changes the text. */
bool obey(char *text);
