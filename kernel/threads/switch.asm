; Where one thread stops and another goes on.

bits 64
default rel
%include "kernel/lib/each.inc"

extern thread_main

section .text

; void thread_switch(uint64_t *rsp_of_this, uint64_t rsp_of_next)
;   Saves what C expects a call to keep. Interrupts are off.
global thread_switch
thread_switch:
        each    push, rbx, rbp, r12, r13, r14, r15
        mov     [rdi], rsp
        mov     rsp, rsi
        each    pop, r15, r14, r13, r12, rbp, rbx
        ret

; What a new thread's first switch returns to.
global thread_begin
thread_begin:
        sti
        call    thread_main
        ud2
