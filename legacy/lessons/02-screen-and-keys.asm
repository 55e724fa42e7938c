; Lesson 02: the screen is memory, and a key is two numbers.
;
; In text mode the video card draws what lies at B8000h: for each of 80 x 25 places a character, and a
; byte of colours behind it. The BIOS keeps its own state in memory, too: 256 pointers to its functions
; at 0 (the interrupt vectors; Intel SDM 3B, 20.1.4), and its variables at 400h (the BIOS data area).
; Functions and variables: IBM, PS/2 and PC BIOS Interface Technical Reference, sections 2 and 3.
%include "legacy/lessons/lesson.inc"

VIDEO   equ 0B800h                      ; a segment: B800h * 16 = B8000h
TEXT_80 equ 3                           ; mode 3: text, 80 x 25, 16 colours
DATA    equ 400h

global main, show_colours, show_vectors, show_data, echo
main:   mov     ax, TEXT_80             ; INT 10h AH=00h: sets the mode AL, and clears the screen
        int     10h
        call    show_colours
        call    show_vectors
        call    show_data
        mov     si, ask
        call    say
        jmp     echo

; All sixteen colours in the top right corner, without the BIOS: the colour byte has the ink in bits 0
; to 3, the paper in 4 to 6; bit 7 blinks.
show_colours:
        mov     ax, VIDEO
        mov     es, ax
        mov     di, (80 - 16) * 2       ; row 0, column 64
        mov     ax, 0 << 8 | 219        ; character 219: a full block
.next:  stosw                           ; [ES:DI] = AX, DI = DI + 2
        inc     ah
        cmp     ah, 16
        jb      .next
        push    ds
        pop     es
        ret

; Where INT n leads: offset and segment, two bytes each, at n * 4.
show_vectors:
        mov     si, vectors
.next:  movzx   bx, byte [si]
        inc     si
        cmp     bl, 0FFh
        je      .end
        mov     al, bl
        call    say_hex8
        shl     bx, 2
        call    say                     ; leaves SI behind the text
        mov     ax, [bx + 2]
        call    say_hex16
        mov     al, ':'
        call    say_byte
        mov     ax, [bx]
        call    say_hex16
        call    end_line
        jmp     .next
.end:   ret

show_data:
        mov     si, data
.next:  movzx   bx, byte [si]
        inc     si
        cmp     bl, 0FFh
        je      .end
        call    say
        mov     ax, [DATA + bx]
        call    say_hex16
        call    end_line
        jmp     .next
.end:   ret

; The scan code is the key's place on the keyboard, the character what that place means at the moment.
; Keys like F1 have the character 0.
echo:   mov     ah, 0                   ; INT 16h AH=00h: waits for a key
        int     16h
        mov     si, scan_code
        call    say
        xchg    al, ah                  ; AL = scan code, AH = character
        call    say_hex8
        mov     si, character
        call    say
        mov     al, ah
        call    say_hex8
        mov     si, end_of_number
        call    say
        jmp     echo

end_line:
        push    si
        mov     si, .text
        call    say
        pop     si
        ret
.text:  db      13, 10, 0

vectors:
        db      00h, 'h division by zero  ', 0, 08h, 'h timer, IRQ 0      ', 0
        db      09h, 'h keyboard, IRQ 1   ', 0, 10h, 'h video             ', 0
        db      13h, 'h disks             ', 0, 16h, 'h keys              ', 0, 0FFh
data:   db      00h, 'COM1 is at port        ', 0, 10h, 'equipment              ', 0
        db      13h, 'KiB of low memory      ', 0, 49h, 'columns, video mode    ', 0
        db      6Ch, 'ticks since midnight   ', 0, 0FFh
ask:    db      'Keys, please.', 13, 10, 0
scan_code:
        db      'scan code ', 0
character:
        db      'h, character ', 0
end_of_number:
        db      'h', 13, 10, 0
