; load.asm: the head of the second stage, its first 512 bytes. boot.asm has read and checked it; it
; reads the rest, checks all, and says what is wrong.

%include "legacy/boot.inc"

extern boot_read, boot_disk, boot_ours, boot_hex, boot_say ; in the first sector
extern low_memory_kib, from_first_sector

MOST_SECTORS    equ 127                 ; Phoenix BIOSes refuse more in one AH=42h
TRIES           equ 12                  ; each with half the sectors of the one before, down to 1
ODD             equ 9E3779B1h           ; makes marks that no sector is likely to end in

; Behind the first sector's variables: this file is summed.
%define most    bp + 8                  ; u16
%define tries   bp + 10                 ; u8
%define mark    bp + 12                 ; u32

section .load progbits alloc exec nowrite align=1
bits 16

; In: as boot.asm says. Out: at from_first_sector, with DL = the drive.
global load
load:   int     12h                     ; KiB below the extended BIOS data area
        call    boot_ours
        mov     si, text_low_memory
        mov     di, text_low_memory.kib
        cmp     ax, low_memory_kib
        jb      stop_for_word
        mov     word [most], MOST_SECTORS
        mov     ax, 1                   ; the head
.came:  mov     byte [tries], TRIES
        cwde
        add     [place], eax
        adc     dword [place + 4], byte 0
        sub     [place.count], ax
        mul     word [paragraphs]
        add     [packet.segment], ax
.piece: mov     bx, [place.count]
        test    bx, bx
        jz      check
        mov     ax, [packet.segment]
        not     ax                      ; DMA must not cross a 64 KiB boundary: AX = paragraphs
        and     ax, 0FFFh               ; before the next one
        inc     ax
        cwd
        div     word [paragraphs]
        call    lower
        mov     bx, [most]
        call    lower
        mov     [packet.count], ax
        push    ax
        call    place_marks
        call    boot_read
        pop     bx
        jc      .again
        mov     ax, [packet.count]
        call    lower
        call    count_marks
        test    ax, ax                  ; 0 is the status, too
        jnz     .came
.again: dec     byte [tries]
        jz      .stop
        mov     ah, 0
        call    boot_disk
        shr     word [most], 1
        jnz     .piece
        inc     word [most]
        jmp     .piece
.stop:  mov     si, text_read
        mov     di, text_read.status
        mov     al, ah
        call    boot_hex
        mov     di, text_read.sector
        mov     al, [place + 3]
        call    boot_hex
        mov     al, [place + 2]
        call    boot_hex
        mov     ax, [place]
        call    word_to_hex
        jmp     stop_for_drive

; A good status proves little: SeaBIOS gives zeros for a bad floppy sector. The sum tells.
check:  mov     bx, STAGE2
        xor     edx, edx
        mov     cx, [STAGE2_BYTES + 1]  ; in blocks of 256 bytes
.block: add     edx, [bx]
        add     bl, 4
        jnz     .block
        mov     ax, ds
        add     ax, 256 >> 4
        mov     ds, ax
        loop    .block
        mov     ds, cx
        test    edx, edx
        mov     dl, [drive]
        jz      from_first_sector
        mov     si, text_sum
stop_for_drive:
        mov     al, [drive]
        lea     di, [si + DRIVE_IN_TEXT]
        call    boot_hex
        jmp     boot_say

stop_for_word:
        push    boot_say

; AX in four digits to DI.
word_to_hex:
        push    ax
        mov     al, ah
        call    boot_hex
        pop     ax
        jmp     boot_hex

; AX = the lower of AX and BX, unsigned.
lower:  cmp     ax, bx
        jb      .done
        xchg    ax, bx
.done:  ret

; A BIOS says that a read succeeded, and wrote nothing or a part: so the end of each sector is marked
; before. In: AX = sectors. Clobbers EAX, CX, DI, ES.
place_marks:
        xchg    cx, ax
        add     dword [mark], ODD       ; whatever it was: each try has another
        call    first_mark
.next:  mov     [es:di], eax
        call    next_mark
        loop    .next
        ret

; In: AX = sectors that should have come. Out: AX = how many have. Clobbers EAX, BX, CX, DI, ES.
count_marks:
        xor     bx, bx
        xchg    cx, ax
        jcxz    .done
        call    first_mark
.next:  cmp     [es:di], eax
        je      .done
        inc     bx
        call    next_mark
        loop    .next
.done:  xchg    ax, bx
        push    ss
        pop     es
        ret

; Out: EAX = mark; ES:DI = where it lies in the packet's first sector.
first_mark:
        mov     eax, [mark]
        mov     es, [packet.segment]
        mov     di, [paragraphs]
        shl     di, 4
        sub     di, 4
        ret

next_mark:
        mov     dx, es
        add     dx, [paragraphs]
        mov     es, dx
        ret

DRIVE_IN_TEXT   equ 14
text_sum:
        db      "Lintel: drive 00h: stage 2 is damaged", 0
text_read:
        db      "Lintel: drive 00h: sector "
.sector:
        db      "00000000h can't be read, status "
.status:
        db      "00h", 0
text_low_memory:
        db      "Lintel: INT 12h says "
.kib:   db      "0000h KiB, 1C0h needed", 0
