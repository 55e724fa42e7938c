; boot.asm: the first sector. Finds the drive with the second stage, reads the head of that, checks
; it, and enters it; the head reads the rest (load.asm).
;
; One sector for all places: an MBR, the boot sector of a FAT12, FAT16 or FAT32 volume, an El Torito
; no-emulation image. Its code lies between the longest BIOS Parameter Block and the partition
; table. That block's area is nobody's, in an MBR too: some BIOSes write there in whatever sector 0
; they load. The image maker patches what stands at PLACE (boot.inc). LBA and count are in the
; disk's own sectors, which may be of 512, 1024, 2048 or 4096 bytes.
;
; A BIOS may tell a wrong drive. So, where there is no such head on it, all hard disks and CDs are
; tried. The sum tells the head, with the identity of its installation in it, from all others.
;
; In:  DL = BIOS drive; CS:IP = 0000:7C00 or, from some BIOSes, 07C0:0000.
; Out: 0000:8000 with DS = ES = SS = 0, BP = VARIABLES, SP = 7C00h or less.

%include "legacy/boot.inc"

BPB_END         equ 5Ah                 ; of FAT32's, the longest
TABLE           equ 1B8h
SIGNATURE       equ 1FEh
TRIES           equ 5

; Fills with zeros up to an offset in the sector, which must not have been passed.
%macro PAD_TO 1
        times   %1 - ($ - start) db 0
%endmacro

bits 16
section .text
global start, boot_read, boot_disk, boot_ours, boot_hex, boot_say ; for load.asm, too
start:  jmp     short begin
        nop
        PAD_TO  BPB_END

begin:  xor     ax, ax
        mov     ss, ax
        mov     sp, start
        call    boot_ours
try_drive:
        mov     [drive], dl
        mov     ah, 41h
        mov     bx, 55AAh
        call    boot_disk
        jc      .chs
        cmp     bx, 0AA55h
        jne     .chs
        shr     cx, 1                   ; bit 0: AH=42h exists
        mov     cl, 0
        jc      .known
.chs:   mov     ah, 8
        call    boot_disk
        jc      next_drive
        and     cl, 3Fh
        jz      next_drive              ; no geometry: a division by it would trap
.known: mov     ch, 0
        mov     [track_sectors], cx
        shr     dx, 8
        inc     dx
        mov     [heads], dx

        mov     di, TRIES
.try:   push    di
        mov     byte [packet.count], 1
        call    boot_read
        jc      .again
        mov     si, STAGE2
        mov     cx, HEAD_BYTES / 4
        xor     edx, edx
.sum:   lodsd
        add     edx, eax
        rol     edx, 1                  ; or the header's own checksum would hide the identity
        loop    .sum
        mov     ah, 0                   ; well read, and not the one
        cmp     edx, [head_sum]
        jne     .again
        jmp     0:STAGE2                ; what is above runs at 07C0:0000, too
.again: push    ax
        mov     ah, 0
        call    boot_disk
        pop     ax
        pop     di
        dec     di
        jnz     .try
        mov     al, [track_sectors]
        cmp     ax, 0100h               ; AH=41h told of AH=42h, and there is no such function
        je      .chs

; In: AH = status.
next_drive:
        mov     al, [drive]
        push    ax
        inc     byte [bp + candidate - start - 200h]
        mov     dl, [bp + candidate - start - 200h]
        jnz     try_drive

; Says on the screen and on COM1 what was wrong with the first drive, and stops.
        mov     si, start - 2           ; the first that was pushed
        mov     di, text.drive
        lodsb
        call    boot_hex
        mov     di, text.status
        lodsb
        call    boot_hex
        mov     si, text

; In: SI = text.
boot_say:
        mov     ax, 00E3h               ; 9600 8N1
.send:  pusha
        cwd
        int     14h
        popa
        call    boot_ours
        lodsb
        test    al, al
        jz      .stop
        pusha
        mov     ah, 0Eh
        mov     bx, 7
        int     10h
        popa
        mov     ah, 1
        jmp     .send
.stop:  hlt
        jmp     .stop

; AL in two digits to DI.
boot_hex:
         aam     16
        xchg    ah, al
        call    .digit
        mov     al, ah
.digit: cmp     al, 10
        sbb     al, 69h
        das
        stosb
        ret

; Reads sectors once, by AH=42h or, up to the track's end, AH=02h. In: the packet. Out: as these say;
; packet.count = as many as were read; BP, DS, ES and DF as ours are.
boot_read:
        mov     ah, 42h
        mov     si, start + PACKET
        movzx   ecx, word [track_sectors]
        jcxz    boot_disk
        mov     eax, [place]
        xor     edx, edx
        div     ecx
        sub     cx, dx
        cmp     [packet.count], cx
        jbe     .fits
        mov     [packet.count], cx
.fits:  inc     dx
        mov     cx, dx
        cdq
        movzx   ebx, word [heads]
        div     ebx
        mov     dh, dl
        mov     ch, al
        shl     ah, 6
        or      cl, ah
        mov     al, [packet.count]
        mov     ah, 2
        les     bx, [si + 4]

; INT 13h for the boot drive. In and out as the function says, but what BIOSes change against it.
boot_disk:
        mov     dl, [drive]
        int     13h
boot_ours:
        mov     bp, VARIABLES
        push    ss
        pop     ds
        push    ss
        pop     es
        cld
        sti
        ret

text:   db      "Lintel: no stage 2 on drive "
.drive: db      "00h, status "
.status: db     "00h", 0
        PAD_TO  PACKET - 1
candidate:
        db      7Fh                     ; the drive after which to go on trying
        dw      16, 0, 0, STAGE2 >> 4   ; PACKET
        dq      0                       ; PLACE
        dw      0                       ; COUNT
        dd      0                       ; HEAD_SUM
        dw      0                       ; PARAGRAPHS
        PAD_TO  SIGNATURE
        dw      0AA55h
