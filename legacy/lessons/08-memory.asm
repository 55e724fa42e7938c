; Lesson 08: which memory is there, and is it memory?
;
; INT 15h EAX=E820h lists ranges, one a call (ACPI 6.5, 15.1). EBX says where it goes on, and is 0 behind the
; last one; carry ends the list, too. Only type 1 is free to use. Between ranges, devices answer, or nobody.
%include "legacy/lessons/lesson.inc"

SMAP    equ 534D4150h                   ; "SMAP", in and out
RANGES  equ 500h                        ; where they are kept
RANGE_BYTES equ 24
RANGES_MAX equ 32                       ; a BIOS that never ends its list is not obeyed for ever
LENGTH  equ 8                           ; in a range, behind its base; both of 64 bits, the lower half first
TYPE    equ 16
ATTRIBUTES equ 20                       ; since ACPI 3.0: bit 0 clear: not in use
USABLE  equ 1
MIB     equ 100000h                     ; below the first MiB are we, the BIOS and the video card
TEST_MAX equ 64 * MIB                   ; what is behind that is left out: it takes long

global main, main32, list, show, test_range, try_hole, rest
main:   mov     di, RANGES
        xor     ebx, ebx
list:   mov     dword [di + ATTRIBUTES], 1 ; an old BIOS leaves it alone
        mov     eax, 0E820h
        mov     ecx, RANGE_BYTES
        mov     edx, SMAP
        int     15h
        jc      .end
        cmp     eax, SMAP
        jne     .end
        add     di, RANGE_BYTES
        cmp     di, RANGES + RANGE_BYTES * RANGES_MAX
        je      .end
        test    ebx, ebx
        jnz     list
.end:   mov     [ranges_end], di
        jmp     to_protected

bits 32
main32: mov     ebx, RANGES
.next:  cmp     bx, [ranges_end]
        je      .end
        call    show
        call    test_range
        add     ebx, RANGE_BYTES
        jmp     .next
.end:   mov     ebx, 0A0000h            ; the video card's window for graphics: shut in text mode
        call    try_hole
        mov     ebx, 0F0000h            ; the BIOS's ROM
        call    try_hole
rest:   hlt
        jmp     rest

; In: EBX = range. A line: base + length, and what it is.
show:   mov     eax, [ebx + 4]
        call    say32_hex
        mov     eax, [ebx]
        call    say32_hex
        mov     esi, plus
        call    say32
        mov     eax, [ebx + LENGTH + 4]
        call    say32_hex
        mov     eax, [ebx + LENGTH]
        call    say32_hex
        mov     esi, [ebx + TYPE]
        cmp     esi, TYPES
        jb      .known
        xor     esi, esi
.known: shl     esi, 4
        add     esi, types
        jmp     say32

; In: EBX = range. What is usable of it, above 1 MiB and below 4 GiB, is filled: each word of 32 bits with
; its own address, so that one that stands for two shows. Then it is looked at, and cleared.
test_range:
        cmp     dword [ebx + TYPE], USABLE
        jne     .end
        test    byte [ebx + ATTRIBUTES], 1
        jz      .end
        cmp     dword [ebx + 4], 0
        jne     .end
        cmp     dword [ebx], MIB
        jb      .end
        mov     edx, [ebx + LENGTH]
        cmp     edx, [to_test]
        jb      .fits
        mov     edx, [to_test]
.fits:  sub     [to_test], edx
        shr     edx, 2                  ; in words
        jz      .end
        mov     edi, [ebx]
        mov     ecx, edx
.fill:  mov     [edi], edi
        add     edi, 4
        loop    .fill
        mov     edi, [ebx]
        mov     ecx, edx
        mov     esi, wrong
.look:  cmp     [edi], edi
        jne     .tell
        mov     dword [edi], 0
        add     edi, 4
        loop    .look
        mov     esi, tested
.tell:  mov     eax, edi
        jmp     tell32
.end:   ret

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

to_test: dd     TEST_MAX
ranges_end: dd  0
types:  do      ` unknown\r\n`, ` usable\r\n`, ` reserved\r\n`, ` ACPI tables\r\n`, ` ACPI NVS\r\n`
        do      ` bad\r\n`, ` off\r\n`, ` persistent\r\n`           ; 16 bytes each
TYPES   equ ($ - types) / 16
plus:   db      ' + ', 0
tested: db      '  tested, and now 0, up to ', 0
wrong:  db      '  not what was written, at ', 0
written: db     '12345678 written to ', 0
read_back: db   '  reads as ', 0

%include "legacy/lessons/protected.inc"
TEXT_ROUTINES 32
