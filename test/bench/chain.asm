; chain.asm: a first sector that stamps the moment at which the BIOS hands over, and then starts the
; second disk as the BIOS would have: its first sector at 7C00h, its number in DL, or, as from a
; BIOS that says a wrong one, DRIVE.
%include "stamp.inc"
%ifndef DRIVE
%define DRIVE 81h
%endif

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
        STAMP   'S'
        mov     ah, 42h
        mov     dl, 81h
        mov     si, packet
        int     13h
        jc      $
        mov     dl, DRIVE
        jmp     0:7C00h

packet: dw      16, 1, 7C00h, 0
        dq      0
        times   510 - ($ - $$) db 0
        dw      0AA55h
