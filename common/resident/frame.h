/* What lies on the stack when a fault is reported, as vectors.inc and the CPU push it. */
#pragma once

#include <stdint.h>

#define VECTOR_BYTES 16 /* from one interrupt vector's code to the next one's */

struct fault_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};
