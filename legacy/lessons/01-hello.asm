; Lesson 01: a boot sector prints.
;
; The BIOS reads the first sector of a disk, 512 bytes, to 7C00h, looks whether it ends with 55h AAh,
; and jumps to it: in real mode, where an address is segment * 16 + offset (Intel SDM 3B, 20.1.1). All
; else is for the sector to find out or to set.
;
; In: DL = the BIOS's number of the drive: 00h the first floppy, 80h the first hard disk. Nothing else
; can be relied on: some BIOSes jump to 0000:7C00, others to 07C0:0000, which is the same byte.

COM1    equ 3F8h                        ; the first serial port (National 16550D, 8.0): data,
COM1_LINE equ COM1 + 5                  ; line status,
COM1_EMPTY equ 20h                      ; and its bit: there is room for a byte

bits 16                                 ; the assembler shall make code for 16-bit mode
section .text
global start, say, stop                 ; what GDB shall know by name
start:  jmp     0:begin                 ; from now on the labels below are right: CS = 0

begin:  xor     ax, ax                  ; a segment register can't be loaded with a number
        mov     ds, ax                  ; [text] means DS:text, so DS must be as the linker thinks
        mov     es, ax
        cli                             ; no interrupt between these two: it would use half a stack
        mov     ss, ax                  ; (since the 80286 the CPU holds it off by itself)
        mov     sp, start               ; grows down from 7C00h, below the sector
        sti
        cld                             ; LODSB counts up

        mov     si, hello
        call    say
        mov     al, dl
        call    say_hex
        mov     si, end_of_line
        call    say

stop:   hlt                             ; until an interrupt: the timer's comes 18 times a second
        jmp     stop

; In: DS:SI = text that ends with 0. Clobbers AX, SI.
say:    lodsb                           ; AL = [DS:SI], SI = SI + 1
        test    al, al
        jz      .end
        call    say_byte
        jmp     say
.end:   ret

; In: AL. Two hexadecimal digits. Clobbers AX.
say_hex:
        push    ax
        shr     al, 4
        call    say_digit
        pop     ax
        and     al, 0Fh
say_digit:
        add     al, '0'
        cmp     al, '9'
        jbe     say_byte
        add     al, 'A' - '0' - 10
; In: AL = a character, for the screen and for the serial line. Clobbers AX.
say_byte:
        push    bx
        push    dx
        mov     ah, 0Eh                 ; INT 10h AH=0Eh: teletype output
        mov     bx, 7                   ; page 0; the colour counts in graphics modes only
        int     10h
        mov     ah, al
        mov     dx, COM1_LINE
.full:  in      al, dx                  ; no port at all reads as FFh: then nothing waits
        test    al, COM1_EMPTY
        jz      .full
        mov     al, ah
        mov     dx, COM1
        out     dx, al
        pop     dx
        pop     bx
        ret

hello:  db      'Hello. The BIOS read this sector to 7C00h, from drive ', 0
end_of_line:
        db      'h', 13, 10, 0

        times   510 - ($ - start) db 0  ; up to the last two bytes
        dw      0AA55h                  ; little-endian: 55h, then AAh
