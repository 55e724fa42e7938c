/* The handoff: the last instructions of a boot, from the loader's last one, after the firmware has
 * left, to the kernel's first. Moves what could not be loaded in place, and enters the kernel in
 * the CPU mode that its protocol wants, for all protocols.
 *
 * The program (program.asm) runs from a region of its own, which no move touches: whole pages,
 * physical, below 4 GiB. Its first page holds struct handoff_state and, at its end, the program's
 * stack, and is written to; the program and the list of moves follow, and are not. */
#pragma once

#include <stdint.h>

/* Of the CPU at the entry. */
enum handoff_mode {
    HANDOFF_KERNEL_TABLES, /* 64-bit, on page tables, GDT, TSS and IDT that the kernel keeps */
    HANDOFF_LONG,          /* 64-bit, memory mapped one to one, flat segments, empty IDT */
    HANDOFF_PROTECTED,     /* 32-bit, no paging, flat segments, empty IDT */
    HANDOFF_REAL,          /* real mode, BIOS vectors as they were; BIOS only */
};

/* All others are 0. */
struct handoff_registers {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp; /* the low half or quarter in other modes */
    uint16_t ds, es, fs, gs, ss;                     /* HANDOFF_REAL: segments */
};

struct handoff_move {
    uint64_t from, to, bytes; /* physical */
};

struct handoff_zero {
    uint64_t base, bytes; /* virtual; whole pages */
};

#define HANDOFF_CODE 0x10 /* the flat segments' selectors: Linux wants these */
#define HANDOFF_DATA 0x18

struct handoff_state {
    uint32_t mode;       /* enum handoff_mode */
    uint32_t interrupts; /* HANDOFF_REAL: 1: on */
    uint64_t entry;      /* HANDOFF_REAL: segment << 16 | offset */
    struct handoff_registers registers;
    uint64_t moves, move_count; /* physical */
    struct handoff_move low;    /* HANDOFF_REAL: the first of all, to page 0; 0 bytes: none */
    uint16_t code, data;        /* selectors */

    /* Both 64-bit modes. */
    uint64_t root;           /* physical, below 4 GiB; maps the region one to one */
    uint64_t cr0, cr4, efer; /* final values, but for EFER.LMA */

    /* HANDOFF_KERNEL_TABLES. A 0 is pushed on the kernel's stack as return address. */
    uint16_t fs_gs, tss;             /* selectors */
    uint64_t delta;                  /* from the region's physical to its virtual address */
    uint64_t root_virtual;           /* of the tables; their lower half is emptied; 0: it stays */
    uint64_t pat;                    /* 0: the CPU has none */
    const struct handoff_zero *zero; /* memory to clear; virtual */
    uint64_t zero_count;
    uint8_t gdtr[16], idtr[16]; /* pseudo-descriptors in the first 10 bytes */
};

/* Of a region. */
uint64_t handoff_bytes(uint64_t move_count);

/* Fills a region. The state that it returns is all zero but for the moves, the selectors of the
 * flat segments, and the control registers of HANDOFF_LONG. */
struct handoff_state *handoff_install(uint64_t physical, const struct handoff_move *moves,
                                      uint64_t count);

/* Paging levels of the tables in force, 4 or 5. */
uint32_t handoff_levels(void);

/* The loader's last call, when the firmware has left. `root`: physical address of the top table, of
 * as many levels as are in force, in which this function, the region and all that moves are mapped
 * one to one. HANDOFF_REAL passes through 500h to 700h, which nothing may lie in. */
void handoff_enter(uint64_t root, uint64_t region) __attribute__((noreturn));

/* Calls the entry of a kernel that wants the boot services of UEFI alive: RAX and RBX are passed.
 * Should it return, the CPU stops. */
void handoff_enter_with_services(uint64_t entry, const struct handoff_registers *registers)
    __attribute__((noreturn));
