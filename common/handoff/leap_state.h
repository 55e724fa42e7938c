/* What leap_program.asm reads. */
#ifndef LINTEL_HANDOFF_LEAP_STATE_H
#define LINTEL_HANDOFF_LEAP_STATE_H

#include <stddef.h>
#include <stdint.h>

#define LEAP_GDT_ENTRIES 8

struct __attribute__((packed)) leap_table { /* for LGDT and LIDT */
    uint16_t limit;
    uint64_t base;
    uint16_t unused[3];
};

struct leap_state {
    uint64_t tables; /* physical: the 4-level top table */
    uint64_t moves, move_count;
    uint64_t mode, entry;
    uint64_t rdi, rsi, rbp, rsp, rbx, rdx, rcx, rax;
    uint16_t ds, es, fs, gs, ss;
    uint16_t interrupts;
    uint16_t code, data;
    struct leap_table gdtr, idtr;
    uint64_t gdt[LEAP_GDT_ENTRIES];
};

#define LEAP_OFFSET(field, offset)                                                                 \
    _Static_assert(offsetof(struct leap_state, field) == (offset), "leap_program.asm")
LEAP_OFFSET(tables, 0);
LEAP_OFFSET(moves, 8);
LEAP_OFFSET(move_count, 16);
LEAP_OFFSET(mode, 24);
LEAP_OFFSET(entry, 32);
LEAP_OFFSET(rdi, 40);
LEAP_OFFSET(ds, 104);
LEAP_OFFSET(interrupts, 114);
LEAP_OFFSET(code, 116);
LEAP_OFFSET(data, 118);
LEAP_OFFSET(gdtr, 120);
LEAP_OFFSET(idtr, 136);

#endif
