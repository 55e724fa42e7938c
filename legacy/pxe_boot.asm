; pxe_boot.asm: the first KiB of lintel.pxe, the network bootstrap program. The PXE ROM loads the
; file to 0000:7C00, so that the second stage, which follows, lies in its place already. It is
; checked as boot.asm does, and entered.
;
; In:  as PXE 2.1, 4.4.5 says: ES:BX = PXENV+ structure, SS:SP + 4 = far pointer to !PXE;
;      CS:IP = 0000:7C00 or, from some ROMs, 07C0:0000.
; Out: 0000:8010 with ES:BX and SS:SP as they came.

FIRST_BYTES     equ 400h
STAGE2          equ 8000h               ; its header: boot.asm
STAGE2_MAGIC    equ 32544E4Ch
STAGE2_BYTES    equ 8
STAGE2_NETWORK  equ 10h                 ; the entry for this way in

bits 16
section .text
global start
start:  jmp     0:.flat
.flat:  cld
        xor     ax, ax
        mov     ds, ax
        mov     si, STAGE2
        cmp     dword [si + 4], STAGE2_MAGIC
        jne     bad
        mov     cx, [si + STAGE2_BYTES + 1]
        shr     cx, 1                   ; CX = blocks of 512 bytes
        xor     edx, edx
.block: lodsd
        add     edx, eax
        test    si, 1FFh
        jnz     .block
        sub     si, 512
        mov     ax, ds
        add     ax, 512 >> 4
        mov     ds, ax
        loop    .block
        mov     ds, cx
        test    edx, edx
        jz      STAGE2 + STAGE2_NETWORK

; Says so on the screen and on COM1, and stops.
bad:    mov     si, text_bad
        mov     ax, 00E3h               ; 9600 8N1
.send:  pusha
        cwd
        int     14h
        popa
        xor     ax, ax
        mov     ds, ax                  ; after the BIOS
        cld
        lodsb
        test    al, al
        jz      .halt
        pusha
        mov     ah, 0Eh
        mov     bx, 7
        int     10h
        popa
        mov     ah, 1
        jmp     .send
.halt:  hlt
        jmp     .halt

text_bad:
        db      "Lintel: bad stage 2: lintel.pxe came incomplete or damaged over the network. "
        db      "Stopped.", 13, 10, 0

        times   FIRST_BYTES - ($ - start) db 0
