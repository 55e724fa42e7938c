; entry.asm: the second stage, from the first sector's jump (or GRUB's `multiboot2`) to C in long
; mode.
;
; .real and .real_data lie below 64 KiB, so that real mode reaches all of them with segments of 0.

%include "core/offsets.inc"
%include "legacy/boot.inc"

STAGE2_MAGIC    equ 32544E4Ch           ; "LNT2", as boot.asm has it
COM1            equ 3F8h

CR0_LONG        equ CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE
CR4_LONG        equ CR4_OSXMMEXCPT | CR4_OSFXSR | CR4_PAE

extern stage2_bytes, bss_begin, bss_qwords, stack_top, real_data, real_data_bytes
extern low_memory_end, low_memory_kib
extern page_tables, page_tables_segment, page_directories, directories_segment, low_table
extern low_table_segment
extern first_page, constants_page, variables_page, page0_page, page0_entry, stack_page
extern tables_end_page
extern to_long_mode, resume, saved_cr0, saved_cr3, saved_cr4, saved_efer
extern enable_a20, load, from_network, main

section .header progbits alloc exec write align=16
bits 16
global start
start:  jmp     near load               ; which ends in from_first_sector
        align   4, db 0
        dd      STAGE2_MAGIC
        dd      stage2_bytes
        dd      0                       ; the checksum: seal.py
        jmp     near from_network       ; 10h: where pxe_boot.asm enters

; Patched when Lintel is installed; all ones before. See origin.c.
        align   8, db 0                 ; 18h
global installed
installed:
        times   16 db 0FFh              ; its identity; boot.asm knows the sum of all in this sector
        dq      -1                      ; where this stage lies, in bytes from the disk's start
        dq      -1                      ; where the boot volume begins, the same
        dq      -1                      ; where the area lies (common/storage/area.h), the same

section .real progbits alloc exec nowrite align=16

; Multiboot2 specification 2.0, 3.1: GRUB's `multiboot2` loads this very file. It is flat, so the
; address tag says where it goes.
MULTIBOOT2      equ 0E85250D6h
align 8
multiboot2:
        dd      MULTIBOOT2, 0, .end - multiboot2, -(MULTIBOOT2 + .end - multiboot2)
        dw      2, 0                    ; address tag
        dd      24, multiboot2, start, 0, low_memory_end
        dw      3, 0                    ; entry address tag
        dd      12, from_multiboot2
        align   8, db 0
        dw      0, 0                    ; end tag
        dd      8
.end:

; ---- ways in ------------------------------------------------------------------------------------

; In: as load.asm leaves it: DL = drive, DS = 0, BP = VARIABLES, a stack. The first sector becomes
; what the BIOS loaded: reading has moved its place on, by as many sectors as there were to read.
global from_first_sector
from_first_sector:
        movzx   ecx, word [paragraphs]
        shl     ecx, 4                  ; ECX = bytes of a sector
        lea     eax, [ecx + stage2_bytes - 1]
        push    dx
        xor     edx, edx
        div     ecx
        pop     dx
        mov     [place.count], ax
        sub     [place], eax
        sbb     dword [place + 4], byte 0
        mov     word [packet.count], 0
        mov     word [packet.segment], STAGE2 >> 4
        call    clear_real_data
        mov     [boot_drive], dl
        mov     byte [boot_drive_is_proven], 1
        jmp     check_machine

; In: Multiboot2 specification, 3.3: EAX = magic, EBX = information, protected mode, no paging.
; Drops to real mode and goes the same way as from the first sector.
bits 32
BIOS_DEVICE     equ 5                   ; tag: BIOS drive, partition, sub-partition
from_multiboot2:
        cli
        cld
        mov     edx, eax
        mov     edi, real_data
        mov     ecx, real_data_bytes
        xor     eax, eax
        rep     stosb
        mov     byte [boot_drive], 80h
        cmp     edx, 36D76289h
        jne     .drop
        mov     ecx, [ebx]              ; ECX = end of the tags
        add     ecx, ebx
        add     ebx, 8
.tag:   cmp     ebx, ecx
        jae     .drop
        mov     eax, [ebx + 4]
        cmp     eax, 8
        jb      .drop
        cmp     dword [ebx], BIOS_DEVICE
        jne     .next
        mov     al, [ebx + 8]
        mov     [boot_drive], al
        jmp     .drop
.next:  add     eax, 7                  ; tags are padded to 8 bytes
        and     eax, ~7
        add     ebx, eax
        jmp     .tag
.drop:  lgdt    [gdt_pointer]
        jmp     CODE16:.code16
bits 16
.code16:
        mov     ax, DATA16              ; real mode keeps the limits that these load
        mov     ds, ax
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        mov     ss, ax
        lidt    [real_idt]
        mov     eax, cr0
        and     eax, ~CR0_PE
        mov     cr0, eax
        jmp     0:check_machine

; For a way in, in real mode with DS = 0. Clobbers CX, DI.
global clear_real_data
clear_real_data:
        mov     di, real_data
        mov     cx, real_data_bytes
.next:  mov     byte [di], 0
        inc     di
        loop    .next
        ret

; ---- what must be true before long mode ---------------------------------------------------------

global check_machine
check_machine:
        xor     ax, ax
        mov     ss, ax
        mov     sp, FIRST_SECTOR        ; the real-mode stack grows down from here
        sti
        int     12h                     ; KiB below the extended BIOS data area
        xor     cx, cx
        mov     ds, cx                  ; after the BIOS
        mov     es, cx
        cld
        mov     si, text_low_memory
        cmp     ax, low_memory_kib
        jb      stop
        call    check_cpu
        rdtsc
        mov     [boot_tsc], eax
        mov     [boot_tsc + 4], edx
        call    enable_a20
        mov     [a20_method], al
        mov     si, text_a20
        jc      stop
        call    build_page_tables
        mov     dword [saved_cr0], CR0_LONG
        mov     dword [saved_cr3], page_tables
        mov     dword [saved_cr4], CR4_LONG
        mov     dword [saved_efer], EFER_LME
        cmp     dword [no_execute], 0
        je      .set
        or      dword [saved_efer], EFER_NXE
.set:
        mov     dword [resume], begin_c
        jmp     to_long_mode

; Stops when the CPU has no long mode (AMD APM volume 3, E.4.2: CPUID 80000001h EDX bit 29), or not
; the SSE2 that belongs to it (CPUID 1 EDX): a hypervisor may hide that, and CR4 then takes no bit
; for it. Out: no_execute. Clobbers EAX, EBX, ECX, EDX, SI.
CPUID_SSE2      equ 7 << 24             ; FXSAVE, SSE, SSE2
check_cpu:
        mov     si, text_no_cpuid
        pushfd
        pop     eax
        mov     ebx, eax
        xor     eax, 200000h            ; EFLAGS.ID can't be changed on a CPU without CPUID
        push    eax
        popfd
        pushfd
        pop     eax
        xor     eax, ebx
        test    eax, 200000h
        jz      stop
        mov     si, text_no_long_mode
        mov     eax, 80000000h
        cpuid
        cmp     eax, 80000001h
        jb      stop
        mov     eax, 80000001h
        cpuid
        test    edx, 20000000h
        jz      stop
        shl     edx, 31 - 20            ; bit 20: NX, in entries the highest bit
        and     edx, NO_EXECUTE
        mov     [no_execute], edx
        mov     si, text_no_sse2
        mov     eax, 1
        cpuid
        not     edx
        test    edx, CPUID_SSE2
        jnz     stop
        ret

; Identity tables for the first 4 GiB: one top table, one table of 1 GiB entries, four directories
; with pages of 2 MiB, and for the first 2 MiB small pages, each with what it needs and no more.
; Clobbers EAX, EBX, ECX, EDX, SI, DI, ES.
PRESENT         equ 1
WRITE           equ 2
LARGE           equ 80h
NO_EXECUTE      equ 80000000h           ; in an entry's upper half
build_page_tables:
        mov     ax, page_tables_segment
        mov     es, ax
        xor     di, di
        xor     eax, eax
        mov     cx, 2000h / 4
        rep     stosd
        mov     dword [es:0], page_tables + 1000h + PRESENT + WRITE
        mov     di, 1000h
        mov     eax, page_directories + PRESENT + WRITE
        mov     cx, 4
.directory:
        mov     [es:di], eax
        add     di, 8
        add     eax, 1000h
        loop    .directory
        mov     ax, directories_segment
        mov     es, ax
        xor     di, di
        mov     eax, LARGE + PRESENT + WRITE
        mov     edx, [no_execute]
        mov     cx, 2048
.large: mov     [es:di], eax
        mov     [es:di + 4], edx
        add     di, 8
        add     eax, 200000h
        loop    .large
        mov     dword [es:0], low_table + PRESENT + WRITE
        mov     dword [es:4], 0
        mov     ax, low_table_segment
        mov     es, ax
        xor     di, di
        xor     eax, eax
        mov     si, low_pages
.row:   mov     ebx, eax
        or      bl, [si + 2]
        mov     edx, [no_execute]
        and     edx, [si + 4]
.page:  mov     [es:di], ebx
        mov     [es:di + 4], edx
        add     di, 8
        add     eax, 1000h
        add     ebx, 1000h
        inc     cx
        cmp     cx, [si]
        jb      .page
        add     si, 8
        cmp     cx, 512
        jb      .row
        mov     dword [es:page0_entry], PRESENT + WRITE
        xor     cx, cx
        mov     es, cx
        ret

; The first 2 MiB: each row holds from the end of the one before it. Page 0 is absent, so that a null
; pointer faults; what the BIOS has there is read by way of `page0` (legacy.ld). So is the guard below
; the stack.
%macro pages_to 3                       ; end, low half of an entry, mask of its upper half
        dw      %1, %2
        dd      %3
%endmacro
low_pages:
        pages_to 1, 0, 0
        pages_to tables_end_page, PRESENT, NO_EXECUTE
        pages_to first_page, PRESENT + WRITE, NO_EXECUTE
        pages_to constants_page, PRESENT, 0
        pages_to variables_page, PRESENT, NO_EXECUTE
        pages_to page0_page, PRESENT + WRITE, NO_EXECUTE
        pages_to page0_page + 1, 0, NO_EXECUTE
        pages_to stack_page, 0, 0
        pages_to 512, PRESENT + WRITE, NO_EXECUTE

; In: SI = text. Says it on the screen and on COM1 (115200 8N1), and stops.
global stop, text_a20
stop:   mov     dx, COM1 + 3
        mov     al, 83h                 ; 8N1, divisor latch open
        out     dx, al
        mov     dx, COM1
        mov     ax, 1
        out     dx, ax
        mov     dx, COM1 + 3
        mov     al, 3
        out     dx, al
.next:  xor     ax, ax
        mov     ds, ax                  ; after the BIOS
        cld
        lodsb
        test    al, al
        jz      .halt
        mov     ah, al
        mov     dx, COM1 + 5
        xor     cx, cx
.wait:  in      al, dx
        test    al, 20h
        loopz   .wait
        mov     al, ah
        mov     dx, COM1
        out     dx, al
        mov     ah, 0Eh
        mov     bx, 7
        push    si
        int     10h
        pop     si
        jmp     .next
.halt:  hlt
        jmp     .halt

text_no_cpuid:
        db      "Lintel needs a 64-bit CPU, and this one has not even CPUID. Stopped.", 13, 10, 0
text_no_long_mode:
        db      "Lintel needs a 64-bit CPU, and this one has no long mode "
        db      "(CPUID 80000001h EDX bit 29 is 0). Stopped.", 13, 10, 0
text_no_sse2:
        db      "Lintel needs a CPU with SSE2, and this one has not all of it "
        db      "(CPUID 1 EDX bits 24, 25, 26). Stopped.", 13, 10, 0
text_low_memory:
        db      "Lintel needs more free memory below 640 KiB than the BIOS reports "
        db      "(INT 12h). Stopped.", 13, 10, 0
text_a20:
        db      "Lintel can't switch on address line A20: not by INT 15h AX=2401h, port 92h "
        db      "or the keyboard controller. Stopped.", 13, 10, 0

; ---- data ---------------------------------------------------------------------------------------

global gdt_pointer, real_idt, CODE16, DATA16, CODE64, DATA64
CODE64          equ 08h
DATA64          equ 10h
CODE16          equ 18h
DATA16          equ 20h
gdt_pointer:    dw gdt_end - gdt - 1
                dd gdt
                dd 0                    ; long mode reads ten bytes
real_idt:       dw 3FFh
                dd 0

section .real_data nobits alloc noexec write align=8
global boot_drive, boot_drive_is_proven, boot_network, boot_tsc, a20_method
boot_tsc:       resq 1
no_execute:     resd 1                  ; NO_EXECUTE where the CPU has it, else 0
boot_drive:     resb 1
boot_drive_is_proven: resb 1            ; this stage was read from it
boot_network:   resb 1
a20_method:     resb 1                  ; as enable_a20 says

section .data
align 8, db 0
global gdt, gdt_task                    ; fault.c fills the latter
gdt:            dq 0
                dq SEGMENT_CODE_64      ; CODE64
                dq SEGMENT_DATA_32      ; DATA64
                dq SEGMENT_CODE_16      ; CODE16
                dq SEGMENT_DATA_16      ; DATA16
gdt_task:       dq 0, 0
gdt_end:

; ---- long mode ----------------------------------------------------------------------------------

section .text
bits 64
begin_c:
        mov     esp, stack_top
        mov     edi, bss_begin
        mov     ecx, bss_qwords
        xor     eax, eax
        rep     stosq
        xor     ebp, ebp
        push    rbp                     ; a return address of 0 ends backtraces
        jmp     main
