; raw_read.asm: the floor under every BIOS loader: the same bytes by a bare loop around INT 13h, each
; chunk copied once, upwards, 16 bytes at a time. Stamps before and after. -DBYTES=n, and at most one
; of
;
;     -DCD      AH=42h, 32 sectors of 2,048 bytes a call
;     -DFLOPPY  AH=02h, a whole track of a 1.44 MB floppy a call
;
; else AH=42h, 128 sectors of 512 bytes a call. A boot sector, and the rest of the program in the
; sectors behind it (El Torito loads all of it). Real mode with 4 GiB segment limits; needs SSE2.
%include "stamp.inc"

%ifdef FLOPPY
CHUNK           equ 18 * 512            ; bytes
SECTORS         equ 18
COPY            equ 1024                ; bytes that are copied in one go
%elifdef CD
CHUNK           equ 65536
SECTORS         equ CHUNK / 2048
COPY            equ 4096
%else
CHUNK           equ 65536
SECTORS         equ CHUNK / 512
COPY            equ 4096
%endif
BUFFER          equ 10000h
DESTINATION     equ 2000000h            ; physical; free memory above 32 MiB
CHUNKS          equ BYTES / CHUNK
FIRST_LBA       equ 64
MORE_SECTORS    equ 16                  ; sectors of this program behind the first

bits 16
org 7C00h
        cli
        xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     sp, 7C00h
        sti
        mov     [drive], dl
%ifndef CD
        mov     ax, 200h + MORE_SECTORS
        mov     cx, 2                   ; cylinder 0, sector 2
        mov     dh, 0
        mov     bx, 7E00h
        int     13h
        jc      $
%endif
        jmp     main

%ifdef FLOPPY
; Reads the next track.
read:   inc     word [.track]
        mov     cx, [.track]
        mov     dh, cl
        and     dh, 1
        shr     cx, 1
        mov     ch, cl
        mov     cl, 1
        mov     ax, 200h + SECTORS
        mov     bx, BUFFER >> 4
        mov     es, bx
        xor     bx, bx
%else
read:   mov     ah, 42h
        mov     si, packet
%endif
        mov     dl, [drive]
        int     13h
        jc      $
        ret
.track: dw      0

drive:  db      0
        align   4
packet: dw      16, SECTORS, 0, BUFFER >> 4
.lba:   dq      FIRST_LBA

gdt:    dq      0, 00CF92000000FFFFh
gdtr:   dw      15
        dd      gdt

        times   510 - ($ - $$) db 0
        dw      0AA55h

main:   in      al, 92h                 ; A20
        or      al, 2
        out     92h, al
        cli
        lgdt    [gdtr]
        mov     eax, cr4
        or      eax, 600h               ; OSFXSR, OSXMMEXCPT
        mov     cr4, eax
        mov     eax, cr0
        and     eax, ~0Ch               ; no emulation, no task switched
        or      eax, 3
        mov     cr0, eax
        mov     bx, 8
        mov     es, bx                  ; its limit of 4 GiB stays when we leave protected mode
        mov     fs, bx
        and     eax, ~1
        mov     cr0, eax
        xor     bx, bx
        mov     es, bx
        mov     fs, bx
        sti
        STAMP   'S'
        mov     edi, DESTINATION
        mov     ebp, CHUNKS
.chunk: push    edi
        push    ebp
        push    es
        call    read
        pop     es
        pop     ebp
        pop     edi
        mov     esi, BUFFER
        mov     cx, CHUNK / COPY
.copy:
%assign at 0
%rep COPY / 16
        movaps  xmm0, [fs:esi + at]
        movaps  [es:edi + at], xmm0
%assign at at + 16
%endrep
        add     esi, COPY
        add     edi, COPY
        dec     cx
        jnz     .copy
        add     dword [packet.lba], SECTORS
        dec     ebp
        jnz     .chunk
        STAMP   'K'
        END

        times   512 * (1 + MORE_SECTORS) - ($ - $$) db 0
