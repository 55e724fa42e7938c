/* User programs: static ELF64 files that came as modules. One runs at a time, in the foreground. */
#pragma once

#include <stdint.h>

/* Loads the module of that name (its path, or what stands behind the last "/"), runs it to its end
 * or until Ctrl-C, and tells how it ended. */
void program_run(const char *name);

/* Ends the program for an exception that it has caused. */
void program_fault(void) __attribute__((noreturn));

/* ---- for system calls: the program that made the call ---- */

void program_end(int64_t status) __attribute__((noreturn));
void program_print(const char *text, uint64_t bytes);

/* Waits until something was typed; at most `bytes` of it. */
uint64_t program_read(char *to, uint64_t bytes);

/* ---- system calls, by SYSCALL and SYSRET (Intel SDM 2B; MSRs: volume 3A, 5.8.8) ---- */

void system_calls_open(void);

/* Enters user mode with a fresh FPU; all other registers but RSP are 0. */
void user_enter(uint64_t entry, uint64_t stack_top) __attribute__((noreturn));
