; Where one thread stops and another goes on.

bits 64
default rel

extern thread_main

section .text

; void thread_switch(uint64_t *rsp_of_this, uint64_t rsp_of_next)
;   Saves what C expects a call to keep. Interrupts are off.
global thread_switch
thread_switch:
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        mov     [rdi], rsp
        mov     rsp, rsi
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        ret

; What a new thread's first switch returns to.
global thread_begin
thread_begin:
        sti
        call    thread_main
        ud2
