; The first instructions: keep the machine as it was handed over, before C touches it.
;
; void kernel_entry(const struct lintel_boot_info *info)
;   in:  everything that PROTOCOL.md promises
;   out: initial_state filled; jumps to kernel_main(info) with RSP and RDI as they came

bits 64
default rel

global kernel_entry
global processor_entry
global initial_state
extern kernel_main
extern processor_main
extern bss_start
extern bss_end

PROCESSOR_ARGUMENT equ 16       ; in struct lintel_processor of lintel.h

%macro fields 2-*               ; of some size, with the names of registers
%define reserve %1
%rep %0 - 1
%rotate 1
    .%1: reserve 1
%endrep
%endmacro

; struct initial_state of handover/handover.h, which asserts these offsets.
struc state
    fields resq, rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15
    fields resq, rflags, tsc, bss_dirty
    fields resw, cs, ss, ds, es, fs, gs
    resd 1
endstruc

; Not in .bss, whose first content is itself a claim.
section .data
align 16
initial_state:
    times state_size db 0

section .text

%macro keep 2-*                 ; registers in the state at %1, an address or a register
%define base %1
%rep %0 - 1
%rotate 1
    mov [base + state.%1], %1
%endrep
%endmacro

; All registers but RAX and RSP. No instruction here changes a flag but the last.
%macro save_registers 1
    keep %1, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    keep %1, cs, ss, ds, es, fs, gs
    pushfq
    pop qword [%1 + state.rflags]
%endmacro

kernel_entry:
    keep initial_state, rax, rdx, rsp
    rdtsc
    mov [initial_state + state.tsc], eax
    mov [initial_state + state.tsc + 4], edx
    mov rdx, [initial_state + state.rdx]
    save_registers initial_state

; Find the first quadword of .bss that is not 0, before C writes there.
    cld
    lea rdi, [bss_start]
    lea rcx, [bss_end]
    sub rcx, rdi
    shr rcx, 3
    xor eax, eax
    repe scasq
    je .clean
    lea rax, [rdi - 8]
.clean:
    mov [initial_state + state.bss_dirty], rax
    mov rdi, [initial_state + state.rdi]
    jmp kernel_main             ; not call: the 0 on the stack stays the return address

; void processor_entry(struct lintel_processor *processor)
;   A CPU that was parked, at its first instruction. `argument` points to the struct initial_state to fill.
;   out: jumps to processor_main(processor) with RSP as it came
processor_entry:
    push rax
    mov rax, [rdi + PROCESSOR_ARGUMENT]
    save_registers rax
    pop qword [rax + state.rax]
    mov [rax + state.rsp], rsp
    jmp processor_main

; Pages whose content is known, for claim C16: a file put into place page by page can go wrong in
; the middle, which first and last bytes don't show.
PATTERN_QUADS equ 2048
PATTERN_STEP  equ 0x9e3779b97f4a7c15

%macro pattern 1
global %1
align 16
%1:
%assign i 0
%rep PATTERN_QUADS
    dq (i + 1) * PATTERN_STEP
%assign i i + 1
%endrep
%endmacro

section .rodata
pattern pattern_read_only

section .data
pattern pattern_writable
