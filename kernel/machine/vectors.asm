; 256 interrupt vectors of VECTOR_BYTES (interrupts.c). Each brings the stack into the shape of struct
; interrupt_frame (interrupts.h), calls interrupt_dispatch() and goes back to where it came from.

FLAGS_DF        equ 0x400
FLAGS_AC        equ 0x40000             ; on: SMAP lets the kernel reach a program's pages

bits 64
default rel
%include "kernel/lib/each.inc"

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
        each    push, rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
        pushfq                          ; a program may have set them; CLAC only newer CPUs have
        and     dword [rsp], ~(FLAGS_DF | FLAGS_AC)
        popfq
        mov     rdi, rsp
        mov     rbx, rsp                ; C keeps it
        and     rsp, ~15
        call    interrupt_dispatch
        mov     rsp, rbx
        each    pop, r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax
        add     rsp, 16                 ; vector and error code
        iretq
