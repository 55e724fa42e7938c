; Lesson 08: which memory is there, and is it memory?
;
; INT 15h EAX=E820h lists ranges, one a call: base, length, type (ACPI 6.5, 15.1). EBX says where it goes
; on, and is 0 behind the last one; carry ends the list, too. Only type 1 is free to use. Between them are
; holes: addresses where devices answer, or nobody.
%include "legacy/lessons/lesson.inc"

SMAP    equ 534D4150h                   ; "SMAP", in and out
RANGES  equ 500h                        ; where they are kept: base, length, type, attributes
RANGE_BYTES equ 24
RANGES_MAX equ 32                       ; a BIOS that never ends its list is not obeyed for ever
LENGTH  equ 8                           ; offsets in a range
TYPE    equ 16
USABLE  equ 1
MIB     equ 100000h                     ; below the first MiB are we, the BIOS and the video card
MIBS_MAX equ 64                         ; so many are tested: more takes long

global main, main32, list, test_range, test_mib, try_hole, rest
main:   mov     di, RANGES
        xor     ebx, ebx
list:   mov     dword [di + 20], 1      ; attributes came with ACPI 3.0: older BIOSes do not write them
        mov     eax, 0E820h
        mov     ecx, RANGE_BYTES
        mov     edx, SMAP
        int     15h
        jc      .end
        cmp     eax, SMAP
        jne     .end
        call    show
        add     di, RANGE_BYTES
        cmp     di, RANGES + RANGE_BYTES * RANGES_MAX
        je      .end
        test    ebx, ebx
        jnz     list
.end:   mov     [ranges_end], di
        jmp     to_protected

; In: DI = range. A line: base, length, type; 64 bits are two halves, the lower one first in memory.
show:   mov     si, order
.next:  lodsb
        movzx   bp, al
        mov     eax, [di + bp]
        call    say_hex32
        call    say                     ; leaves SI behind the text
        cmp     si, order_end
        jb      .next
        ret
order:  db      4, 0, 0, ' + ', 0, LENGTH + 4, 0, LENGTH, ' type ', 0, TYPE, 13, 10, 0
order_end:

bits 32
main32: mov     edx, RANGES
.next:  cmp     dx, [ranges_end]
        je      .end
        call    test_range
        add     edx, RANGE_BYTES
        jmp     .next
.end:   mov     eax, [tested]
        mov     esi, mibs_tested
        call    tell32
        mov     ebx, 0A0000h            ; the video card's window for graphics: shut in text mode
        call    try_hole
        mov     ebx, 0F0000h            ; the BIOS's ROM
        call    try_hole
rest:   hlt
        jmp     rest

; In: EDX = range. Each whole MiB of it that is usable, from the first on and below 4 GiB.
test_range:
        cmp     dword [edx + TYPE], USABLE
        jne     .end
        cmp     dword [edx + 4], 0
        jne     .end
        mov     ebx, [edx]
        add     ebx, MIB - 1
        and     ebx, -MIB
        jz      .end                    ; it begins below the first
.next:  mov     eax, ebx
        sub     eax, [edx]
        add     eax, MIB                ; how much of the range lies below this one's end
        cmp     dword [edx + LENGTH + 4], 0
        jne     .fits
        cmp     eax, [edx + LENGTH]
        ja      .end
.fits:  cmp     dword [tested], MIBS_MAX
        je      .end
        call    test_mib
        inc     dword [tested]
        add     ebx, MIB
        jnz     .next
.end:   ret

; In: EBX = where. Filled with its own address, so that two places that are one show; then cleared.
test_mib:
        mov     eax, ebx
        call    .fill
        mov     edi, ebx
        mov     ecx, MIB / 4
        repe    scasd
        jne     .bad
        xor     eax, eax
.fill:  mov     edi, ebx
        mov     ecx, MIB / 4
        rep     stosd
        ret
.bad:   lea     eax, [edi - 4]
        mov     esi, wrong
        call    tell32
        jmp     rest

; In: EBX = where. Writes there, says what is read then, and puts back what was.
try_hole:
        mov     eax, ebx
        mov     esi, written
        call    tell32
        mov     eax, 12345678h
        xchg    eax, [ebx]
        xchg    eax, [ebx]              ; EAX = what the write has left
        mov     esi, read_back
        jmp     tell32

tested: dd      0
ranges_end: dd  0
mibs_tested: db 'MiB that keep what is written: ', 0
wrong:  db      'Not what was written, at ', 0
written: db     '12345678 written to ', 0
read_back: db   '  reads as ', 0

%include "legacy/lessons/protected.inc"
TEXT_ROUTINES 32
