; The first instructions of the CPU that boots, and of those that it releases: they keep what they found.

bits 64
default rel

extern arrive, arrive_released
global start, released, wrong_entry

section .text

%macro keep_registers 0
        push    r15
        push    r14
        push    r13
        push    r12
        push    r11
        push    r10
        push    r9
        push    r8
        push    rdi
        push    rsi
        push    rbp
        push    rdx
        push    rcx
        push    rbx
        push    rax
        pushfq
%endmacro

; struct arrival on the stack: RFLAGS, RAX to R15 without RSP, then the return address.
start:  keep_registers
        cld
        mov     rdi, rsp
        and     rsp, ~15
        call    arrive
.stop:  cli
        hlt
        jmp     .stop

released:
        keep_registers
        cld
        mov     rdi, rsp
        and     rsp, ~15
        call    arrive_released
.stop:  cli
        hlt
        jmp     .stop

; The ELF header points here; the entry point request elsewhere.
wrong_entry:
        mov     dx, 0xf4
        mov     eax, 0x11
        out     dx, eax
        hlt

section .note.GNU-stack noalloc noexec nowrite progbits
