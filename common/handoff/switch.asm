; The last instructions: from the loader's page tables to the kernel's first instruction. The same for both
; firmwares, and for both directions between 4-level and 5-level paging.
;
; Entered at the image's physical address (below 4 GiB), in 64-bit mode, on tables that map the image one to one.
; Interrupts are off. No stack is assumed. Everything it needs is in struct resident_state.

bits 64
default rel

%include "common/handoff/clear_registers.inc"

; struct resident_state, asserted in resident.h
S_DELTA         equ 0
S_ROOT          equ 8
S_ROOT_VIRTUAL  equ 16
S_FLIP_LA57     equ 24
S_CR4           equ 32
S_EFER          equ 40
S_PAT           equ 48
S_ZERO          equ 56
S_ZERO_COUNT    equ 64
S_GDTR          equ 72
S_IDTR          equ 88
S_STACK_TOP     equ 104
S_ENTRY         equ 112
S_ARGUMENT      equ 120
S_CR0           equ 128
S_KEEPS_LOWER   equ 136
S_CODE          equ 144
S_DATA          equ 146
S_FS_GS         equ 148
S_TSS           equ 150

CR0_PG          equ 1 << 31
CR4_PGE         equ 1 << 7
CR4_OSFXSR      equ 1 << 9
CR4_LA57        equ 1 << 12
MSR_PAT         equ 0x277
MSR_EFER        equ 0xc0000080
MSR_FS_BASE     equ 0xc0000100          ; GS_BASE and KERNEL_GS_BASE follow

CODE64          equ 0x08                ; in the temporary GDT
DATA            equ 0x10
CODE32          equ 0x18

extern state

section .text

global resident_enter
resident_enter:
        cld
        lea     rbp, [state]
        lea     rsp, [scratch_stack_end]
        call    mask_interrupt_controllers
        call    set_msrs
        call    load_temporary_gdt
        cmp     qword [rbp + S_FLIP_LA57], 0
        jne     flip_levels
        mov     rax, [rbp + S_ROOT]
        mov     cr3, rax
        jmp     to_window

; LA57 can only change while paging is off, and paging can only be turned off from 32-bit code.
flip_levels:
        push    CODE32
        lea     rax, [.compatibility]
        push    rax
        retfq
bits 32
.compatibility:
        mov     eax, cr0
        and     eax, ~CR0_PG
        mov     cr0, eax
        mov     eax, cr4
        and     eax, ~CR4_PGE
        xor     eax, CR4_LA57
        mov     cr4, eax
        mov     eax, [ebp + S_ROOT]
        mov     cr3, eax
        mov     eax, cr0
        or      eax, CR0_PG
        mov     cr0, eax
        push    dword CODE64
        call    .here
.here:  add     dword [esp], to_window - .here
        retf
bits 64

; From the physical addresses to the window; then the lower half is emptied behind us.
to_window:
        mov     rdx, [rbp + S_DELTA]
        add     rbp, rdx
        add     rsp, rdx
        lea     rax, [.in_window]
        add     rax, rdx
        jmp     rax
.in_window:
        cmp     qword [rbp + S_KEEPS_LOWER], 0
        jne     .settle
        mov     rdi, [rbp + S_ROOT_VIRTUAL]
        mov     ecx, 256
        xor     eax, eax
        rep     stosq
.settle:
        call    set_control_registers
        call    clear_usable_memory
        call    load_tables
        jmp     start_kernel

; Both 8259s. A spurious interrupt would otherwise meet the kernel before its own handlers do.
mask_interrupt_controllers:
        mov     al, 0xff
        out     0xa1, al
        out     0x21, al
        ret

; Before the kernel's tables are used: NX bits are reserved bits until EFER.NXE is set, and the PAT has to
; have its entries before a page refers to them. Segment bases are the kernel's to set.
set_msrs:
        mov     ecx, MSR_EFER
        mov     eax, [rbp + S_EFER]
        xor     edx, edx
        wrmsr
        mov     eax, [rbp + S_PAT]
        mov     edx, [rbp + S_PAT + 4]
        test    eax, eax
        jz      .bases
        mov     ecx, MSR_PAT
        wrmsr
.bases: xor     eax, eax
        xor     edx, edx
        mov     ecx, MSR_FS_BASE
        wrmsr
        inc     ecx
        wrmsr
        inc     ecx
        wrmsr
        ret

load_temporary_gdt:
        lea     rax, [temporary_gdt]
        mov     [temporary_gdtr + 2], rax
        lgdt    [temporary_gdtr]
        mov     eax, DATA
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        pop     rax
        push    CODE64
        push    rax
        retfq

; PGE goes off and on again: that drops every translation, global ones too.
set_control_registers:
        mov     rax, [rbp + S_CR4]
        mov     rdx, rax
        and     rdx, ~CR4_PGE
        or      rdx, CR4_OSFXSR         ; for LDMXCSR
        mov     cr4, rdx
        mov     rdx, cr3
        mov     cr3, rdx
        mov     rdx, [rbp + S_CR0]
        mov     cr0, rdx
        fninit
        push    0x1f80                  ; MXCSR at reset
        ldmxcsr [rsp]
        pop     rdx
        mov     cr4, rax
        mov     eax, 0x400              ; DR7 at reset: no breakpoints
        mov     dr7, rax
        ret

clear_usable_memory:
        mov     rsi, [rbp + S_ZERO]
        mov     rdx, [rbp + S_ZERO_COUNT]
        xor     eax, eax
.next:  test    rdx, rdx
        jz      .done
        mov     rdi, [rsi]
        mov     rcx, [rsi + 8]
        shr     rcx, 3
        rep     stosq
        add     rsi, 16
        dec     rdx
        jmp     .next
.done:  ret

load_tables:
        lgdt    [rbp + S_GDTR]
        lidt    [rbp + S_IDTR]
        xor     eax, eax
        lldt    ax
        movzx   eax, word [rbp + S_FS_GS]
        mov     fs, eax
        mov     gs, eax
        movzx   eax, word [rbp + S_DATA]
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        ltr     [rbp + S_TSS]
        pop     rax
        movzx   edx, word [rbp + S_CODE]
        push    rdx
        push    rax
        retfq

; The return address is 0: a kernel that returns faults, and is told so. What is needed last lies under the
; kernel's stack pointer, so that every register can be cleared first.
start_kernel:
        mov     rsp, [rbp + S_STACK_TOP]
        push    0                       ; the return address
        push    qword [rbp + S_ENTRY]
        push    2                       ; RFLAGS
        mov     rdi, [rbp + S_ARGUMENT]
        clear_registers
        popfq
        ret

section .rodata
        align   8
temporary_gdt:
        dq      0
        dq      0x00af9b000000ffff      ; 64-bit code
        dq      0x00cf93000000ffff      ; data
        dq      0x00cf9b000000ffff      ; 32-bit code
temporary_gdt_end:

section .data
        align   16
temporary_gdtr:
        dw      temporary_gdt_end - temporary_gdt - 1
        dq      0

section .bss
        align   16
        resb    256
scratch_stack_end:

section .note.GNU-stack noalloc noexec nowrite progbits
