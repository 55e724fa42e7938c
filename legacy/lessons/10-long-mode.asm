; Lesson 10: 64 bits, by the steps that legacy/entry.asm takes, under the same names.
;
; Long mode is paging, with entries of 64 bits and four levels (Intel SDM 3A, 4.5): PAE, tables, the bit LME
; of EFER, then PG and PE at once, with no stop in 32-bit mode (Intel SDM 3A, 9.8.5; AMD APM 2, 14.6.1).
%include "legacy/lessons/lesson.inc"

TABLES  equ 20000h                      ; free memory: PML4, PDPT, PD, PT, 4 KiB each
PRESENT equ 1
WRITE   equ 2
CR0_PE  equ 1
CR0_PG  equ 80000000h
CR4_PAE equ 20h                         ; entries of 64 bits
EFER    equ 0C0000080h                  ; a model-specific register: RDMSR and WRMSR, number in ECX
EFER_LME equ 100h                       ; long mode as soon as paging is on; bit 10, LMA, then says so

global main, check_cpu, enable_a20, build_page_tables, to_long_mode, begin64, rest
main:   call    check_cpu
        call    enable_a20
        call    build_page_tables
        mov     si, leaving
        call    say
        call    find_cursor
        jmp     to_long_mode

; AMD APM 3, E.4.2: CPUID 80000001h EDX bit 29. CPUID itself: EFLAGS bit 21 can be changed.
check_cpu:
        pushfd
        pop     eax
        mov     ebx, eax
        xor     eax, 200000h
        push    eax
        popfd
        pushfd
        pop     eax
        xor     eax, ebx
        test    eax, 200000h
        jz      .missing
        mov     eax, 80000000h          ; which is the last extended function?
        cpuid
        cmp     eax, 80000001h
        jb      .missing
        mov     eax, 80000001h
        cpuid
        bt      edx, 29
        jnc     .missing
        ret
.missing:
        mov     si, no_long_mode
        call    say
        jmp     stop

enable_a20:
        mov     ax, 2401h               ; INT 15h: lesson 05 has the other ways
        int     15h
        ret

; One table of each level, and so the first 2 MiB: 512 pages of 4 KiB, in which each address means itself.
build_page_tables:
        mov     ax, TABLES >> 4
        mov     es, ax
        xor     di, di
        xor     eax, eax
        mov     cx, 4000h / 4
        rep     stosd
        mov     dword [es:0], TABLES + 1000h + PRESENT + WRITE
        mov     dword [es:1000h], TABLES + 2000h + PRESENT + WRITE
        mov     dword [es:2000h], TABLES + 3000h + PRESENT + WRITE
        mov     di, 3000h
        mov     eax, 0 + PRESENT + WRITE
.page:  mov     [es:di], eax            ; the upper half stays 0; its bit 31 would be NX, no execute
        add     eax, 1000h
        add     di, 8
        cmp     di, 4000h
        jb      .page
        xor     ax, ax
        mov     es, ax
        ret

to_long_mode:
        cli                             ; real mode's vectors are no gates
        lgdt    [gdt_pointer]
        mov     eax, CR4_PAE
        mov     cr4, eax
        mov     eax, TABLES
        mov     cr3, eax
        mov     ecx, EFER
        rdmsr
        or      eax, EFER_LME
        wrmsr
        mov     eax, cr0
        or      eax, CR0_PG | CR0_PE
        mov     cr0, eax
        jmp     CODE64:begin64          ; a descriptor with L: from here on 64-bit code

bits 64
begin64:
        xor     eax, eax                ; DS, ES and SS have no base and no limit any more: any will do
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        mov     rsp, start
        mov     rax, 0FEDCBA9876543210h ; what no other mode can hold in a register
        mov     rbx, rax
        shr     rax, 32
        mov     esi, upper_half
        call    tell64
        mov     eax, ebx
        mov     esi, lower_half
        call    tell64
rest:   hlt
        jmp     rest

        align   8, db 0
gdt:    dq      0
CODE64  equ $ - gdt
        dq      00209A0000000000h       ; code, L: base and limit do not count
gdt_pointer:
        dw      $ - gdt - 1
        dd      gdt

leaving: db      'The CPU has long mode, and the tables are built.', 13, 10, 0
no_long_mode:
        db      'This CPU has no long mode.', 13, 10, 0
upper_half:
        db      'A register of 64 bits: its upper half is ', 0
lower_half:
        db      '                       its lower half is ', 0

%include "legacy/lessons/text.inc"
TEXT_ROUTINES 64
