; Lesson 09: addresses that are not where they seem to be.
;
; With paging every address is looked up: bits 22 to 31 select one of 1,024 entries of the page directory,
; bits 12 to 21 one of the page table that this one names, bits 0 to 11 stay (Intel SDM 3A, 4.3). An entry
; is a frame's address with bits that say what may be done. What no entry allows is a page fault, vector
; 14: CR2 has the address, the error code why (4.7). Its handler may mend the entry and return: the
; instruction is tried again, and the program has noticed nothing.
%include "legacy/lessons/lesson.inc"

DIRECTORY equ 20000h                    ; free memory, 4 KiB each
LOW_TABLE equ 21000h                    ; for addresses below 4 MiB
OUR_TABLE equ 22000h                    ; for those from 4 MiB on
FRAME   equ 30000h                      ; what we map twice
SPARE   equ 31000h                      ; what the handler gives
TWICE   equ 400000h                     ; virtual: shows FRAME, as 30000h does
NOWHERE equ 401000h                     ; virtual: nothing, yet
READ_ONLY equ 402000h                   ; virtual: FRAME once more, not to be written
PRESENT equ 1                           ; bits of an entry; those of an error code are in `reasons`
WRITE   equ 2
CR0_PG  equ 80000000h
CR0_WP  equ 10000h                      ; read-only counts for ring 0, too

global main, main32, build_tables, paged, twice, on_page_fault, rest
main:   jmp     to_protected

bits 32
main32: call    build_tables
        lidt    [idt_pointer]
        mov     eax, DIRECTORY
        mov     cr3, eax
        mov     eax, cr0
        or      eax, CR0_PG | CR0_WP
        mov     cr0, eax                ; the next instruction is found through the tables: identity mapped
paged:  mov     dword [TWICE], 'here'
twice:  mov     eax, [FRAME]            ; the same memory by its other address
        mov     esi, written_and_read
        call    tell32
        mov     dword [NOWHERE], 1      ; a page fault
        mov     eax, [SPARE]
        mov     esi, given
        call    tell32
        mov     dword [READ_ONLY], 2    ; another one
        mov     eax, [FRAME]
        mov     esi, allowed
        call    tell32
rest:   hlt
        jmp     rest

build_tables:
        mov     edi, DIRECTORY          ; all three lie one behind the other: all entries absent
        mov     ecx, 3 * 1024
        xor     eax, eax
        rep     stosd
        mov     dword [DIRECTORY], LOW_TABLE | PRESENT | WRITE
        mov     dword [DIRECTORY + 4], OUR_TABLE | PRESENT | WRITE
        mov     edi, LOW_TABLE
        mov     ecx, 1024
        mov     eax, 0 | PRESENT | WRITE
.next:  stosd                           ; the first 4 MiB: each address means itself
        add     eax, 1000h
        loop    .next
        mov     dword [OUR_TABLE], FRAME | PRESENT | WRITE
        mov     dword [OUR_TABLE + 2 * 4], FRAME | PRESENT
        ret

; On the stack: the error code, EIP, CS, EFLAGS.
on_page_fault:
        pusha                           ; 32 bytes
        mov     eax, cr2
        mov     esi, fault
        call    tell32
        mov     ebp, [esp + 32]
        mov     ebx, reasons            ; for each bit of it, from the lowest, two texts
.bit:   xor     esi, esi
        shr     ebp, 1
        adc     esi, esi                ; that bit
        mov     esi, [ebx + esi * 4]
        call    say32
        add     ebx, 8
        cmp     ebx, reasons.end
        jb      .bit
        mov     ebx, cr2                ; the entry of that page, if it is one of ours
        sub     ebx, TWICE
        shr     ebx, 12
        cmp     ebx, 1024
        jae     rest                    ; a bug: nothing to mend
        mov     eax, OUR_TABLE
        lea     eax, [eax + ebx * 4]
        test    byte [eax], PRESENT
        jnz     .write                  ; there, so the write was what was wrong
        mov     dword [eax], SPARE | PRESENT
.write: or      byte [eax], WRITE
        mov     eax, cr2
        invlpg  [eax]                   ; the CPU may remember the old entry (4.10)
        popa
        add     esp, 4                  ; the error code is ours to remove
        iret

        align   8, db 0
idt:    times   14 dq 0                 ; what is not there becomes a double fault, and that a reset
        dw      (on_page_fault - start + 7C00h) & 0FFFFh, CODE32, 8E00h
        dw      (on_page_fault - start + 7C00h) >> 16
idt_pointer:
        dw      $ - idt - 1
        dd      idt

reasons:
        dd      absent, there, read_from, written, kernel, user ; bits 0, 1, 2: 0 and 1
.end:
absent: db      '  not present', 0
there:  db      '  present', 0
read_from: db   ', a read', 0
written: db     ', a write', 0
kernel: db      ', by the kernel', 13, 10, 0
user:   db      ', by a user', 13, 10, 0
written_and_read:
        db      'Written at 00400000, read at 00030000: ', 0
fault:  db      'Page fault at ', 0
given:  db      '  mended: it has a frame now, which has ', 0
allowed:
        db      '  mended: it may be written now, and has ', 0

%include "legacy/lessons/protected.inc"
TEXT_ROUTINES 32
