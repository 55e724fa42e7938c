; 256 interrupt vectors of VECTOR_BYTES (interrupts.c). Each brings the stack into the shape of struct
; interrupt_frame (interrupts.h), calls interrupt_dispatch() and goes back to where it came from.

bits 64
default rel

global interrupt_vectors
extern interrupt_dispatch

section .text

%macro vector 1
        align   16
%if (%1 == 8) || (%1 >= 10 && %1 <= 14) || %1 == 17 || %1 == 21 || %1 == 29 || %1 == 30
        ; the CPU has pushed an error code (Intel SDM 3A, table 6-1; AMD APM 2, 8.2)
%else
        push    0
%endif
        push    qword %1
        jmp     near dispatch
%endmacro

        align   16
interrupt_vectors:
%assign number 0
%rep 256
        vector  number
%assign number number + 1
%endrep

dispatch:
        push    rax
        push    rcx
        push    rdx
        push    rbx
        push    rbp
        push    rsi
        push    rdi
        push    r8
        push    r9
        push    r10
        push    r11
        push    r12
        push    r13
        push    r14
        push    r15
        cld
        mov     rdi, rsp
        mov     rbx, rsp                ; C keeps it
        and     rsp, ~15
        call    interrupt_dispatch
        mov     rsp, rbx
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     r11
        pop     r10
        pop     r9
        pop     r8
        pop     rdi
        pop     rsi
        pop     rbp
        pop     rbx
        pop     rdx
        pop     rcx
        pop     rax
        add     rsp, 16                 ; vector and error code
        iretq
