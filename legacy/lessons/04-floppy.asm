; Lesson 04: the first sector loads the others, by cylinder, head and sector.
;
; INT 13h AH=02h reads from where a drive's heads have to be moved to. Sectors count from 1, heads and
; cylinders from 0; one track is the sectors under one head. The BIOS tells how many there are (INT 13h
; AH=08h). A first try may fail, for motors need time, and AH=06h, "another floppy was put in", is an error,
; too: so there is a reset, and another try. (IBM, PS/2 and PC BIOS Interface Technical Reference, section 2.)
; A floppy's data goes through a DMA controller whose addresses have 16 bits (Intel 8237A): no request may
; cross a multiple of 10000h. One sector at a time, at addresses that are multiples of 512, never does.

KERNEL_SECTORS equ 40                   ; more than two tracks
MARK    equ 4C4E524Bh                   ; "KRNL"

bits 16
section .text
global start, read_all, read_sector, kernel, stop
start:  jmp     short begin
        nop
        times   5Ah - ($ - start) db 0  ; lesson 03
begin:  xor     ax, ax
        mov     ds, ax
        mov     es, ax
        cli
        mov     ss, ax
        mov     sp, start
        sti
        cld
        jmp     0:.here
.here:  mov     [drive], dl
        xor     di, di                  ; some BIOSes want ES:DI = 0:0
        mov     ah, 8                   ; out: CL bits 0 to 5 = sectors of a track, DH = the last head;
        int     13h                     ; and ES:DI = a table, for floppies
        jc      failed
        and     cx, 3Fh
        jz      failed                  ; some say "well done", and tell nothing: not a divisor
        mov     [track_sectors], cx
        shr     dx, 8
        inc     dx
        mov     [heads], dx
        xor     ax, ax
        mov     es, ax

read_all:
        mov     si, 1                   ; the sector's number, from 0 on: ours is 0
        mov     bx, kernel              ; it goes where it was assembled for
.next:  call    read_sector
        jc      failed
        mov     al, '.'
        call    say_byte
        add     bx, 512
        inc     si
        cmp     si, KERNEL_SECTORS
        jbe     .next
        cmp     dword [mark], MARK
        jne     no_kernel
        jmp     kernel

; In: SI = number, ES:BX = where to. Out: carry: four tries have failed. Clobbers AX, CX, DX, DI.
read_sector:
        mov     di, 4
.again: mov     ax, si
        xor     dx, dx
        div     word [track_sectors]    ; DX:AX / that: AX = track, DX = sector from 0 on
        mov     cx, dx
        inc     cx
        xor     dx, dx
        div     word [heads]            ; AX = cylinder, DX = head
        mov     dh, dl
        mov     dl, [drive]
        mov     ch, al
        shl     ah, 6                   ; the cylinder's bits 8 and 9 go to CL's bits 6 and 7
        or      cl, ah
        mov     ax, 0201h               ; read, one sector
        int     13h
        jnc     .end
        mov     al, '!'
        call    say_byte
        mov     ah, 0                   ; reset: the heads go back to cylinder 0
        int     13h
        dec     di
        jnz     .again
        stc
.end:   ret

failed: mov     si, unreadable
        jmp     say_and_stop
no_kernel:
        mov     si, missing
say_and_stop:
        call    say
stop:   hlt
        jmp     stop

%include "legacy/lessons/say.inc"

drive:  db      0
track_sectors:
        dw      0
heads:  dw      0
unreadable:
        db      13, 10, 'The drive can not be read.', 13, 10, 0
missing:
        db      13, 10, 'Behind the first sector of this drive lies no kernel: boot from the floppy.', 13, 10, 0
        times   510 - ($ - start) db 0
        dw      0AA55h

kernel: mov     si, hello
        jmp     say_and_stop
hello:  db      13, 10, 'The kernel runs: all of its sectors are there.', 13, 10, 0
        times   KERNEL_SECTORS * 512 - 4 - ($ - kernel) db 0
mark:   dd      MARK                    ; the last that is read
