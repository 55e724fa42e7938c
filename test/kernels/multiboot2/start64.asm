; start64.asm: a 64-bit Multiboot2 kernel that runs wherever it is loaded. It is entered in
; protected mode, or by 64-bit EFI firmware with its boot services alive: at an entry for that, or
; with POLYGLOT at the usual one, as the hypervisor NOVA is.
%include "header.inc"

%define CODE64  8
%define VIRTUAL 0FFFFFFFF7FE00000h      ; kernel64.ld has it, too

        HEADER
        TAG     1, REQUIRED, 1, 2, 3, 6, 18, 21
%ifndef FIXED
        TAG     10, REQUIRED, 200000h, 1FFFFFFFh, 200000h, 2 ; as high as possible
%endif
%ifndef NO_SERVICES
        TAG     7, OPTIONAL
%ifndef POLYGLOT
        TAG     9, OPTIONAL, start_efi - VIRTUAL
%endif
%endif
        HEADER_END

section .text progbits alloc exec nowrite align=16
extern main
global start
bits 32
; The image lies where the program counter says: EBP = that minus the address it is linked at.
start:
%ifdef POLYGLOT
        xor     ecx, ecx
        db      41h                     ; INC ECX; in 64-bit mode a prefix of what follows
        db      0Fh, 1Fh, 0C0h          ; NOP
        test    ecx, ecx
        jz      near start_efi
%endif
        lea     esp, [ebx + 8]          ; the information's reserved field is stack enough
        call    .here
.here:  pop     ebp
        mov     dword [ebx + 4], 0
        sub     ebp, (.here - VIRTUAL)
        lea     esp, [ebp + stack_top - VIRTUAL]
        lea     edi, [ebp + arrival - VIRTUAL]
        mov     [edi], eax
        mov     [edi + 4], ebx
        pushfd
        pop     dword [edi + 8]
        mov     eax, cr0
        mov     [edi + 12], eax
        mov     ecx, cs
        lsl     eax, ecx
        mov     [edi + 16], eax
        lar     eax, ecx
        mov     [edi + 24], eax
        mov     ecx, ds
        lsl     eax, ecx
        mov     [edi + 20], eax
        lar     eax, ecx
        mov     [edi + 28], eax
        lea     eax, [ebp + start - VIRTUAL]
        mov     [edi + 36], eax

; Long mode with 4 GiB mapped one to one.
        lea     eax, [ebp + pml4 - VIRTUAL]
        mov     cr3, eax
        lea     ecx, [ebp + pdpt - VIRTUAL + 3]
        mov     [eax], ecx
        lea     edi, [ebp + directories - VIRTUAL]
        lea     edx, [edi + 3]
        lea     esi, [ebp + pdpt - VIRTUAL]
        mov     ecx, 4
.gib:   mov     [esi], edx
        add     edx, 4096
        add     esi, 8
        loop    .gib
        mov     eax, 83h                ; present, writable, 2 MiB
        mov     ecx, 4 * 512
.page:  mov     [edi], eax
        add     eax, 200000h
        add     edi, 8
        loop    .page
        mov     eax, cr4
        or      eax, 20h                ; PAE
        mov     cr4, eax
        mov     ecx, 0C0000080h         ; EFER
        rdmsr
        or      eax, 100h               ; LME
        wrmsr
        mov     eax, cr0
        or      eax, 80000001h
        mov     cr0, eax
        lea     eax, [ebp + gdt - VIRTUAL]
        mov     [ebp + gdt_pointer - VIRTUAL + 2], eax
        lgdt    [ebp + gdt_pointer - VIRTUAL]
        lea     eax, [ebp + start64 - VIRTUAL]
        push    dword CODE64
        push    eax
        retf
bits 64
start64:
        xor     eax, eax
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        lea     rsp, [rel stack_top]
go:     cld
        and     rsp, -16
        call    main
.stop:  hlt
        jmp     .stop

start_efi:
        lea     rdi, [rel arrival]
        mov     [rdi], eax
        mov     [rdi + 4], ebx
        pushfq
        pop     qword [rdi + 8]         ; CR0, in the upper half, is overwritten next
        mov     rax, cr0
        mov     [rdi + 12], eax
        mov     dword [rdi + 32], 1
        lea     rax, [rel start_efi]
        mov     [rdi + 36], eax
        jmp     go                      ; firmware's stack has room for its services

section .data progbits alloc noexec write align=16
gdt:    dq      0, 00AF9A000000FFFFh
gdt_pointer:
        dw      15
        dq      0

section .bss nobits alloc write align=4096
pml4:   resb    4096
pdpt:   resb    4096
directories: resb 4 * 4096
        resb    32768
stack_top:
global arrival
arrival: resd   10
