/* The CPU as a kernel found it, noted by start32.asm or start64.asm before anything else ran. */
#pragma once

#include <stdint.h>

struct arrival {
    uint32_t magic, information; /* EAX, EBX */
    uint32_t flags, cr0;
    uint32_t code_limit, data_limit;   /* as LSL tells: bytes - 1 */
    uint32_t code_rights, data_rights; /* as LAR tells */
    uint32_t long_mode;                /* 1: entered in it */
    uint32_t here;                     /* address of the entry point */
};

extern struct arrival arrival;
extern uint8_t image_start[], image_end[]; /* the linker script's */

/* Every claim of the machine state that both specifications share for 32-bit entries. */
void check_arrival(void);
