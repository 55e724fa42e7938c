/* The last instructions before a foreign kernel: moves what could not be loaded in place, and
 * enters the kernel in the CPU mode that its protocol wants. It runs from memory of its own that no
 * move touches, on tables of its own, after the firmware has left. */
#ifndef LINTEL_HANDOFF_LEAP_H
#define LINTEL_HANDOFF_LEAP_H

#include "common/handoff/handoff.h"
#include "common/memory/claims.h"

struct leap {
    enum handoff_mode mode; /* all but HANDOFF_KERNEL_TABLES */
    uint64_t entry;         /* physical; HANDOFF_REAL: segment << 16 | offset */
    bool interrupts;        /* HANDOFF_REAL: enter with interrupts on */
    struct handoff_registers registers;
    /* filled by leap_prepare() */
    uint64_t root;        /* physical: the leap's tables, from which it starts */
    struct claim *memory; /* that holds program, list of moves, tables, GDT */
};

/* Takes the leap's own memory, below 4 GiB and clear of every target, while errors can still be
 * shown; call it after the last claim. The fields above `root` may change until leap_enter(). */
enum err leap_prepare(struct leap *leap, struct claims *claims);

/* Only when the firmware has left (so never with EFI boot services kept: such a protocol may not
 * have claims that move). Moves, then jumps. HANDOFF_REAL passes through 500h to 700h, which no
 * claim can have. With HANDOFF_LONG and HANDOFF_PROTECTED interrupts are off and the IDT is empty.
 */
void leap_enter(const struct leap *leap) __attribute__((noreturn));

/* For leap_prepare() and its tests: puts moves in an order in which none overwrites what another
 * has yet to read. A move may overlap its own source. ERR_UNSUPPORTED: there is no such order. */
enum err leap_order(struct handoff_move *moves, uint64_t count);

#endif
