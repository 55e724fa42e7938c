; raw_tftp.asm: the floor under every BIOS loader that boots from the network: -DBYTES=n of the file
; `module.bin` by a bare loop around the PXE API (PXE 2.1, 3.4.1), each packet copied once, upwards.
; Stamps before and after. A network bootstrap program; QEMU's user network is the server.
%include "stamp.inc"

TFTP_OPEN       equ 20h
TFTP_READ       equ 22h
PACKET_BYTES    equ 1432                ; as Lintel asks for
COPY            equ 128                 ; bytes that are copied in one go
BUFFER          equ 10000h
DESTINATION     equ 2000000h            ; physical; free memory above 32 MiB

bits 16
org 7C00h
        jmp     0:.flat
.flat:  mov     bp, sp
        les     di, [bp + 4]            ; !PXE
        mov     eax, [es:di + 10h]
        xor     cx, cx
        mov     ds, cx
        mov     [entry], eax
        in      al, 92h                 ; A20
        or      al, 2
        out     92h, al
        mov     eax, cr4
        or      eax, 600h               ; OSFXSR, OSXMMEXCPT
        mov     cr4, eax
        mov     bx, TFTP_OPEN
        mov     di, open
        call    pxe
        STAMP   'S'
        mov     dword [target], DESTINATION
.next:  mov     dword [read.offset], (BUFFER >> 4) << 16
        mov     bx, TFTP_READ
        mov     di, read
        call    pxe
        call    copy
        mov     ecx, [target]
        cmp     ecx, DESTINATION + BYTES
        jb      .next
        STAMP   'K'
        END

; In: BX = function, DI = its parameters.
pxe:    push    ds
        push    di
        push    bx
        call    far [entry]
        add     sp, 6
        xor     cx, cx
        mov     ds, cx
        test    ax, ax
        jnz     $
        ret

; Copies the packet upwards, in real mode with segment limits of 4 GiB, which the ROM does not keep.
; Needs SSE.
copy:   cli
        lgdt    [gdtr]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        mov     bx, 8
        mov     es, bx
        mov     fs, bx
        and     al, ~1
        mov     cr0, eax
        xor     ax, ax
        mov     es, ax
        mov     fs, ax
        sti
        mov     esi, BUFFER
        mov     edi, [target]
        movzx   ecx, word [read.bytes]
        add     [target], ecx
        mov     cx, (PACKET_BYTES + COPY - 1) / COPY
.copy:
%assign at 0
%rep COPY / 16
        movups  xmm0, [fs:esi + at]
        movups  [es:edi + at], xmm0
%assign at at + 16
%endrep
        add     esi, COPY
        add     edi, COPY
        loop    .copy
        ret

entry:  dd      0
target: dd      0

open:   dw      0                       ; status
        db      10, 0, 2, 2             ; server
        dd      0                       ; gateway
.name:  db      "module.bin"
        times   128 - ($ - .name) db 0
        dw      4500h, PACKET_BYTES     ; port 69

read:   dw      0, 0                    ; status, number
.bytes: dw      0
.offset:
        dw      0, 0                    ; and segment

        align   4
gdt:    dq      0, 00CF92000000FFFFh
gdtr:   dw      15
        dd      gdt
