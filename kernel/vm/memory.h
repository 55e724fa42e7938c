/* This machine's memory: all usable frames, the kernel's heap, and the spaces of addresses. A tick
 * must not interrupt a change, for the threads of programs make changes, too: system calls run with
 * interrupts off, and the shell turns them off for what it changes while a program runs. */
#pragma once

#include "kernel/vm/vm.h"

/* The lower half is for regions that the shell and programs make; page 0 and its neighbours never
 * belong to anybody. */
#define LOWER_FIRST UINT64_C(0x10000)
#define LOWER_END   UINT64_C(0x7ffffffff000)

extern struct frames memory_frames;
extern struct heap memory_heap;
extern struct vm shell_space;
extern struct vm stacks_space; /* of threads, in the upper half of all tables */

void memory_open(void); /* after interrupts_open() */

/* A program's space, with the kernel in its upper half. False: no memory. space_end() gives all of
 * it back; the CPU must not be using it. */
bool space_begin(struct vm *space);
void space_end(struct vm *space);

/* The space that the CPU uses from now on; NULL: the shell's. */
void space_use(struct vm *space);
struct vm *space_in_use(void);

/* Why the page of the last page fault that nobody mended is not there; NULL: it is, or no region
 * has it. */
extern const char *memory_verdict;

/* Touches an address for real: what the page fault turned out to be, VM_FAULT_NONE without one. */
enum vm_fault memory_probe(uint64_t address, enum vm_access access);
