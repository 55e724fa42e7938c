; Lesson 03: a boot sector shares its 512 bytes with a file system.
;
; A volume with FAT begins with the BIOS Parameter Block: how large sectors and clusters are, where the
; tables lie (Microsoft FAT specification 1.03, "Boot Sector and BPB"). Whoever writes a boot sector over
; it loses the disk's files. So this one jumps over the block, and is written in two pieces around it.
;
; What stands in the block below is true for an empty floppy of 1.44 MB. On a disk that was formatted,
; the disk's own block stays. One sector, nothing to load: lesson.inc is not needed.

bits 16
section .text
global start, begin, show, stop
start:  jmp     short begin             ; EBh 3Ch 90h: a FAT volume has to begin with EBh ?? 90h, or E9h
        nop
maker:  db      'LESSON03'              ; 03h
bytes_of_sector:
        dw      512                     ; 0Bh
        db      1                       ; 0Dh: sectors of a cluster
reserved:
        dw      1                       ; 0Eh: sectors in front of the first table: this one
tables: db      2                       ; 10h
root_entries:
        dw      224                     ; 11h
sectors:
        dw      2880                    ; 13h
        db      0F0h                    ; 15h: kind of medium
table_sectors:
        dw      9                       ; 16h
track_sectors:
        dw      18                      ; 18h
heads:  dw      2                       ; 1Ah
        dd      0, 0                    ; 1Ch: sectors in front of the volume; 20h: sectors, when many
drive:  db      0, 0, 29h               ; 24h; 26h: the next three fields are there
        dd      00300000h               ; 27h: serial number
        db      'LESSON 03  ', 'FAT12   ' ; 2Bh: label, 36h: kind of file system
        times   3Eh - ($ - start) db 0  ; must be there; a block of FAT32 ends at 5Ah
begin:  xor     ax, ax
        mov     ds, ax
        cli
        mov     ss, ax
        mov     sp, start
        sti
        cld
        jmp     0:show
; Each row: the address of a word, and what it is.
show:   mov     si, rows
.next:  lodsw
        test    ax, ax
        jz      root
        mov     bx, ax
        call    say                     ; leaves SI behind the text
        mov     ax, [bx]
        call    say_number
        jmp     .next

; The root directory lies behind the tables: reserved + tables * table_sectors.
root:   call    say
        mov     al, [tables]
        mov     ah, 0
        mul     word [table_sectors]
        add     ax, [reserved]
        call    say_number
stop:   hlt
        jmp     stop

; In: AX. Decimal, and the end of a line: digits come from the last one on. Clobbers AX, CX, DX.
say_number:
        push    10                      ; end of line, below all digits on the stack
        push    13
        mov     cx, 10
.next:  xor     dx, dx
        div     cx                      ; AX = DX:AX / 10, DX = the rest
        add     dl, '0'
        push    dx
        test    ax, ax
        jnz     .next
.say:   pop     ax
        call    say_byte
        cmp     al, 10
        jne     .say
        ret
%include "legacy/lessons/say.inc"

rows:   dw      bytes_of_sector
        db      'bytes of a sector     ', 0
        dw      sectors
        db      'sectors               ', 0
        dw      table_sectors
        db      'sectors of a table    ', 0
        dw      root_entries
        db      'entries of the root   ', 0
        dw      track_sectors
        db      'sectors of a track    ', 0
        dw      heads
        db      'heads                 ', 0
        dw      0
        db      'the root is at sector ', 0
        times   510 - ($ - start) db 0
        dw      0AA55h
