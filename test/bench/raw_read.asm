; raw_read.asm: the floor under every BIOS loader: the same bytes by INT 13h AH=42h, 128 sectors a
; call, each chunk copied once, upwards, 16 bytes at a time. Stamps before and after.
;
; A boot sector, and the rest of the program in the sectors behind it. Real mode with 4 GiB segment
; limits; needs SSE2.
%include "stamp.inc"

CHUNK           equ 65536               ; bytes
BUFFER          equ 10000h
DESTINATION     equ 2000000h            ; physical; free memory above 32 MiB
CHUNKS          equ BYTES / CHUNK
FIRST_LBA       equ 64
MORE_SECTORS    equ 24                  ; sectors of this program behind the first

bits 16
org 7C00h
        cli
        xor     ax, ax
        mov     ds, ax
        mov     ss, ax
        mov     sp, 7C00h
        sti
        mov     [drive], dl
        mov     si, own_packet
        call    read
        jmp     main

read:   mov     ah, 42h
        mov     dl, [drive]
        int     13h
        jc      $
        ret

drive:  db      0
        align   4
own_packet:
        dw      16, MORE_SECTORS, 7E00h, 0
        dq      1
packet: dw      16, CHUNK / 512, 0, BUFFER >> 4
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
.chunk: mov     si, packet
        push    edi
        push    ebp
        call    read
        pop     ebp
        pop     edi
        mov     esi, BUFFER
        mov     cx, CHUNK / 4096
.page:
%assign at 0
%rep 256
        movaps  xmm0, [fs:esi + at]
        movaps  [es:edi + at], xmm0
%assign at at + 16
%endrep
        add     esi, 4096
        add     edi, 4096
        dec     cx
        jnz     .page
        add     dword [packet.lba], CHUNK / 512
        dec     ebp
        jnz     .chunk
        STAMP   'K'
        END

        times   512 * (1 + MORE_SECTORS) - ($ - $$) db 0
