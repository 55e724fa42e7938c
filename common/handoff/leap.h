/* The last instructions before a foreign kernel: moves what could not be loaded in place, and
 * enters the kernel in the CPU mode that its protocol wants. It runs from memory of its own that no
 * move touches, on tables of its own, after the firmware has left. */
#ifndef LINTEL_HANDOFF_LEAP_H
#define LINTEL_HANDOFF_LEAP_H

#include "common/memory/claims.h"

enum leap_mode {
    LEAP_LONG,      /* 64-bit, 4-level paging, all memory mapped one to one, flat segments */
    LEAP_PROTECTED, /* 32-bit, flat segments (base 0, limit 4 GiB), no paging */
    LEAP_REAL,      /* real mode, BIOS vectors as they were; BIOS only */
};

struct leap_registers {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp; /* the low half or quarter in other modes */
    uint16_t ds, es, fs, gs, ss;                     /* LEAP_REAL only: segments, not selectors */
};

struct leap {
    enum leap_mode mode;
    uint64_t entry;      /* physical; LEAP_REAL: segment << 16 | offset */
    uint16_t code, data; /* selectors of the flat segments: Linux wants 10h and 18h; 0: 08h, 10h */
    bool interrupts;     /* LEAP_REAL: enter with interrupts on */
    struct leap_registers registers;
    /* filled by leap_prepare() */
    uint64_t root;        /* physical: the leap's tables, from which it starts */
    uint64_t program;     /* physical */
    struct claim *memory; /* that holds program, list of moves, tables, GDT */
};

/* Takes the leap's own memory, below 4 GiB and clear of every target, while errors can still be
 * shown; call it after the last claim. The fields above `root` may change until leap_enter(). */
enum err leap_prepare(struct leap *leap, struct claims *claims);

/* Only when the firmware has left (so never with EFI boot services kept: such a protocol may not
 * have claims that move). Moves, then jumps. LEAP_REAL passes through 500h to 700h, which no claim
 * can have. With LEAP_LONG and LEAP_PROTECTED interrupts are off and the IDT is empty. */
void leap_enter(const struct leap *leap) __attribute__((noreturn));

/* For leap_prepare() and its tests: puts moves in an order in which none overwrites what another
 * has yet to read. A move may overlap its own source. ERR_UNSUPPORTED: there is no such order. */
struct leap_move {
    uint64_t from, to, bytes; /* physical */
};
enum err leap_order(struct leap_move *moves, uint64_t count);

#endif
