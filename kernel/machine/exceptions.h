/* What happens to an exception that nobody handles. */
#ifndef KERNEL_EXCEPTIONS_H
#define KERNEL_EXCEPTIONS_H

#include "interrupts.h"

/* Says what happened, and where in which function and line; returns only from a breakpoint. */
void exception_report(const struct interrupt_frame *frame);

const char *exception_name(uint64_t vector);

/* Where the kernel goes on after a report: `if (__builtin_setjmp(exception_recovery)) ...`. Without
 * it the machine stops. */
extern void *exception_recovery[5];
extern bool exception_recoverable;

/* Why a page is not there, as virtual memory knows, for the report of a page fault; NULL. */
extern const char *exception_verdict;

/* Ends the program that an exception in user mode came from. Does not return. */
extern void (*exception_in_user)(void);

#endif
