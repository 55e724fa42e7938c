; A boot sector of two sectors that tells over COM1 what it was handed, and stops: all in one line,
;   sector: dl=81 eax=00000000 cs:ip=0000:7c00 if=1 mode=03 second=yes at=0000:07be 80 fe ff ff ...
; with the entry that DS:SI names, and on GPT disks what lies behind it.
        org     7C00h
        bits    16

COM1            equ 3F8h
ENTRY_BYTES     equ 16 + 4 + 128

start:
        call    .here
.here:  pop     di                      ; where we run
        sub     di, .here - start
        mov     [cs:started_at], di
        mov     [cs:started_in], cs
        pushf
        pop     word [cs:flags]
        mov     bp, dx
        mov     ebx, eax
        sti

        push    cs
        pop     es
        mov     di, text.begin
        call    say
        mov     ax, bp
        call    put_byte
        mov     di, text.eax
        call    say
        mov     eax, ebx
        shr     eax, 16
        call    put_word
        mov     ax, bx
        call    put_word
        mov     di, text.at
        call    say
        mov     ax, [cs:started_in]
        call    put_word
        mov     al, ':'
        call    put
        mov     ax, [cs:started_at]
        call    put_word
        mov     di, text.interrupts
        call    say
        mov     al, [cs:flags + 1]
        shr     al, 1
        and     al, 1
        add     al, '0'
        call    put
        mov     di, text.mode
        call    say
        mov     ah, 0Fh
        int     10h
        call    put_byte
        mov     di, text.second
        call    say
        mov     di, text.no
        cmp     dword [cs:second_sector], 'more'
        jne     .told
        mov     di, text.yes
.told:  call    say
        mov     ax, ds
        call    put_word
        mov     al, ':'
        call    put
        mov     ax, si
        call    put_word
        mov     cx, ENTRY_BYTES
.next:  mov     al, ' '
        call    put
        lodsb
        call    put_byte
        loop    .next
        mov     di, text.end
        call    say
.stop:  hlt
        jmp     .stop

; Text at ES:DI, up to a 0. Clobbers AX, DI.
say:
        mov     al, [es:di]
        inc     di
        test    al, al
        jz      .done
        call    put
        jmp     say
.done:  ret

; AX in hexadecimal; put_byte AL. Clobber AX.
put_word:
        push    ax
        mov     al, ah
        call    put_byte
        pop     ax
put_byte:
        push    ax
        shr     al, 4
        call    .digit
        pop     ax
        and     al, 15
.digit: cmp     al, 10
        sbb     al, 69h
        das
        or      al, 20h

; AL to the serial line. Keeps all registers.
put:
        push    dx
        push    ax
        mov     dx, COM1 + 5
.busy:  in      al, dx
        test    al, 20h
        jz      .busy
        mov     dx, COM1
        pop     ax
        out     dx, al
        pop     dx
        ret

text:
.begin: db      `\r\nsector: dl=`, 0
.eax:   db      ' eax=', 0
.at:    db      ' at=', 0
.interrupts: db ' if=', 0
.mode:  db      ' mode=', 0
.second: db     ' second=', 0
.yes:   db      'yes entry=', 0
.no:    db      'no entry=', 0
.end:   db      ` end\r\n`, 0
started_at: dw  0
started_in: dw  0
flags:  dw      0

        times   510 - ($ - $$) db 0
        dw      0AA55h
second_sector:
        db      'more'
        times   1024 - ($ - $$) db 0
