/* System calls of user programs, by SYSCALL and SYSRET (Intel SDM 2B; MSRs: volume 3A, 5.8.8). */
#ifndef KERNEL_USER_SYSTEM_CALL_H
#define KERNEL_USER_SYSTEM_CALL_H

#include <stdint.h>

void system_calls_open(void);

/* Where interrupts and system calls from user mode begin to push, from now on. */
void kernel_stack_use(uint64_t stack_top);

/* Enters user mode with a fresh FPU; all other registers but RSP are 0. */
void user_enter(uint64_t entry, uint64_t stack_top) __attribute__((noreturn));

#endif
