; The way into user mode and back.

bits 64
default rel
%include "kernel/lib/each.inc"

USER_CODE       equ 0x20 | 3            ; Lintel's GDT; SYSRET makes the same out of STAR
USER_DATA       equ 0x18 | 3
RFLAGS_IF       equ 0x200

extern system_call_dispatch
extern kernel_stack_top

%macro clear 1
        xor     %1, %1
%endmacro

section .text

; void user_enter(uint64_t entry, uint64_t stack_top)
;   All registers but RSP are cleared. Nobody saves those of the FPU and SSE: the kernel uses none, and one
;   program runs at a time.
global user_enter
user_enter:
        cli
        push    USER_DATA
        push    rsi
        push    RFLAGS_IF
        push    USER_CODE
        push    rdi
        fxrstor [fresh_fpu]
        each    clear, eax, ebx, ecx, edx, esi, edi, ebp
        each    clear, r8d, r9d, r10d, r11d, r12d, r13d, r14d, r15d
        iretq

; From user mode, with interrupts off and the direction flag clear (MSR FMASK): RAX = number, arguments in RDI, RSI, RDX, R10, R8.
; Back: RAX = result; RCX and R11 are lost, as SYSCALL wants it. SYSRET can't fault here: RCX is the end
; of an instruction in the lower half, whose last page is never mapped.
global system_call_entry
system_call_entry:
        mov     [user_rsp], rsp
        mov     rsp, [kernel_stack_top]
        push    qword [user_rsp]
        each    push, rcx, r11, r9      ; RIP, RFLAGS
        each    push, r8, r10, rdx, rsi, rdi, rax ; struct system_call, from its end
        mov     rdi, rsp
        call    system_call_dispatch
        add     rsp, 8                  ; the number
        each    pop, rdi, rsi, rdx, r10, r8, r9, r11, rcx, rsp
        o64 sysret

section .rodata
align 16
fresh_fpu:                              ; FXSAVE image (Intel SDM 1, 10.5.1)
        dd      0x37f                   ; FCW: exceptions masked
        times 5 dd 0
        dd      0x1f80                  ; MXCSR: the same
        times 121 dd 0

section .bss
align 8
user_rsp:
        resq    1
