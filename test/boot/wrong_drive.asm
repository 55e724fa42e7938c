; wrong_drive.asm: a first sector that starts the second disk's as a BIOS does that says a wrong
; drive number: DL = DRIVE.
bits 16
org 600h
        cli
        xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     sp, 7C00h
        cld
        mov     si, 7C00h
        mov     di, 600h
        mov     cx, 100h
        rep movsw
        jmp     0:.moved
.moved: sti
        mov     ax, 201h
        mov     cx, 1                   ; cylinder 0, sector 1
        mov     dx, 81h                 ; head 0
        mov     bx, 7C00h
        int     13h
        jc      $
        mov     dl, DRIVE
        jmp     0:7C00h
        times   510 - ($ - $$) db 0
        dw      0AA55h
