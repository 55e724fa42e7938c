; Lesson 06: protected mode, and what a segment is there.
;
; In protected mode a segment register holds a selector: the offset of a descriptor in a table of our own,
; the GDT. Eight bytes say where the segment begins, how long it is, and what may be done in it (Intel SDM
; 3A, 3.4.5). Two segments that begin at 0 and are 4 GiB long make all of memory one flat piece.
%include "legacy/lessons/lesson.inc"

; In the upper four bytes of a descriptor; the base's other bits and the limit's lower 16 are around them.
PRESENT equ 1 << 15                     ; P: the descriptor is in use
RING_0  equ 0 << 13                     ; DPL: who may use it; 0 the kernel, 3 programs
MEMORY  equ 1 << 12                     ; S: code or data; 0 would be a gate, a TSS or an LDT
CODE    equ 1 << 11                     ; type, bit 3: may be executed, and then
READABLE equ 1 << 9                     ;   bit 1: read, too; (bit 2, conforming: by rings above DPL, too)
DATA    equ 0 << 11                     ; type, bit 3 clear: only data, and then
WRITABLE equ 1 << 9                     ;   bit 1: written, too; (bit 2: grows down)
                                        ; type, bit 0: accessed; the CPU sets it at the first use
GRANULAR equ 1 << 23                    ; G: the limit counts pages of 4 KiB, not bytes
BITS_32 equ 1 << 22                     ; D/B: operands, addresses and stack of 32 bits
                                        ; bit 21, L: 64-bit code (lesson 10); bit 20, AVL: ours
LIMIT_HIGH equ 0Fh << 16                ; limit, bits 16 to 19: all ones, so FFFFFh pages are 4 GiB
PE      equ 1                           ; CR0, bit 0: protected mode
VIDEO   equ 0B8000h
INK     equ 0Ah                         ; light green

global main, protected, rest
main:   mov     ax, 3                   ; an empty screen; the BIOS can't be asked any more below
        int     10h
        mov     si, in_real
        call    say
        cli                             ; its interrupt vectors are no use in protected mode
        lgdt    [gdt_pointer]
        mov     eax, cr0
        or      al, PE
        mov     cr0, eax                ; protected mode; CS still is the old segment
        jmp     CODE_SELECTOR:protected ; at once (Intel SDM 3A, 9.9.1): now it is the new one, of 32 bits

bits 32
protected:
        mov     ax, DATA_SELECTOR
        mov     ds, ax
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        mov     ss, ax
        mov     esp, start              ; a stack that PUSH may use
        mov     esi, in_protected
        mov     edi, VIDEO + 160 * 2    ; no segment arithmetic: the third row of the screen
        mov     ah, INK
.next:  lodsb                           ; AL = [DS:ESI], ESI = ESI + 1
        test    al, al
        jz      rest
        stosw                           ; [ES:EDI] = AX: the character and its colour
        call    send
        jmp     .next
rest:   hlt                             ; no interrupt comes any more
        jmp     rest

; In: AL, for the serial line. Clobbers nothing.
send:   push    eax
        mov     ah, al
        mov     dx, COM1_LINE
.full:  in      al, dx
        test    al, COM1_EMPTY
        jz      .full
        mov     al, ah
        mov     dx, COM1
        out     dx, al
        pop     eax
        ret

        align   8, db 0
gdt:    dd      0, 0                    ; selector 0 is for "none": using it is a fault
CODE_SELECTOR equ $ - gdt               ; 08h
        dd      0FFFFh                  ; base, bits 0 to 15: 0; limit, bits 0 to 15
        dd      GRANULAR | BITS_32 | LIMIT_HIGH | PRESENT | RING_0 | MEMORY | CODE | READABLE
DATA_SELECTOR equ $ - gdt               ; 10h
        dd      0FFFFh
        dd      GRANULAR | BITS_32 | LIMIT_HIGH | PRESENT | RING_0 | MEMORY | DATA | WRITABLE
gdt_pointer:
        dw      $ - gdt - 1             ; what LGDT wants (3.5.1): the last byte's offset,
        dd      gdt                     ; and where the table lies

in_real:
        db      'In real mode, a segment is an address divided by 16.', 13, 10, 0
in_protected:
        db      'In protected mode, it is a row of the GDT: this is 32-bit code.', 0
