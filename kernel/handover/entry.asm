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

; struct initial_state of handover/handover.h, which asserts these offsets.
struc state
    .rax:       resq 1
    .rbx:       resq 1
    .rcx:       resq 1
    .rdx:       resq 1
    .rsi:       resq 1
    .rdi:       resq 1
    .rbp:       resq 1
    .rsp:       resq 1
    .r8:        resq 1
    .r9:        resq 1
    .r10:       resq 1
    .r11:       resq 1
    .r12:       resq 1
    .r13:       resq 1
    .r14:       resq 1
    .r15:       resq 1
    .rflags:    resq 1
    .tsc:       resq 1
    .bss_dirty: resq 1
    .cs:        resw 1
    .ss:        resw 1
    .ds:        resw 1
    .es:        resw 1
    .fs:        resw 1
    .gs:        resw 1
                resd 1
endstruc

; Not in .bss, whose first content is itself a claim.
section .data
align 16
initial_state:
    times state_size db 0

section .text

; Stores all registers but RAX and RSP in the state at %1 (an address or a register). No instruction here changes a
; flag but the last.
%macro save_registers 1
    mov [%1 + state.rbx], rbx
    mov [%1 + state.rcx], rcx
    mov [%1 + state.rdx], rdx
    mov [%1 + state.rsi], rsi
    mov [%1 + state.rdi], rdi
    mov [%1 + state.rbp], rbp
    mov [%1 + state.r8], r8
    mov [%1 + state.r9], r9
    mov [%1 + state.r10], r10
    mov [%1 + state.r11], r11
    mov [%1 + state.r12], r12
    mov [%1 + state.r13], r13
    mov [%1 + state.r14], r14
    mov [%1 + state.r15], r15
    mov [%1 + state.cs], cs
    mov [%1 + state.ss], ss
    mov [%1 + state.ds], ds
    mov [%1 + state.es], es
    mov [%1 + state.fs], fs
    mov [%1 + state.gs], gs
    pushfq
    pop qword [%1 + state.rflags]
%endmacro

kernel_entry:
    mov [initial_state + state.rax], rax
    mov [initial_state + state.rdx], rdx
    rdtsc
    mov [initial_state + state.tsc], eax
    mov [initial_state + state.tsc + 4], edx
    mov rdx, [initial_state + state.rdx]
    mov [initial_state + state.rsp], rsp
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
