; boot.asm: the first sector. Reads the second stage, checks it, and enters it.
;
; One source, three sectors, chosen with -D: MBR (440 bytes of code before the partition table; also
; the El Torito no-emulation image), VBR_FAT16 (keeps a FAT12 or FAT16 BIOS Parameter Block) and
; VBR_FAT32 (keeps a FAT32 one). The image maker patches `place`, at the same offset in all three:
;
;     1A8h  u64  first sector of the second stage, counted from the start of the whole disk
;     1B0h  u16  sectors of the second stage
;     1B2h  u32  the first four bytes of its identity
;
; LBA and count in the disk's own sectors, which may be of 512, 1024, 2048 or 4096 bytes.
;
; The second stage begins as follows, all little-endian; see entry.asm:
;
;     00h  jump    04h  u32 magic "LNT2"    08h  u32 bytes of the file, a multiple of 512
;     0Ch  u32 checksum: the sum of all u32 in the file is 0 modulo 2^32
;     18h  16 bytes of identity, which no other installation has
;
; A BIOS may tell a wrong drive. So, where there is no such second stage on it, all hard disks and
; CDs are tried; but not by VBR_FAT32, which has no room for that.
;
; In:  DL = BIOS drive; CS:IP = 0000:7C00 or, from some BIOSes, 07C0:0000.
; Out: 0000:8000 with DL = the drive that this stage was read from, DS = SS = 0, SP = 7C00h.

STAGE2          equ 8000h
STAGE2_BYTES    equ 8                   ; offsets in the second stage
STAGE2_IDENTITY equ 18h
PLACE           equ 1A8h                ; offsets in this sector
TABLE           equ 1B8h
SIGNATURE       equ 1FEh

MOST_SECTORS    equ 127                 ; Phoenix BIOSes refuse more in one AH=42h
TRIES           equ 5

; BP points behind the sector all the time, so that variables there, and those at the end of the
; sector, take a short displacement.
BEHIND          equ 7E00h
%define near_bp(label) bp + (label) - start - 200h
%define PARAMETERS bp                   ; answer of AH=48h (EDD 3.0, table 4), 1Ah bytes
%define PARAMETERS_SECTOR_BYTES bp + 18h
%define drive   bp + 20h                ; u8
%define head    bp + 21h                ; u8
%define cylinder_sector bp + 22h        ; u16, as AH=02h takes it in CX
%define track_sectors bp + 24h          ; u32
%define heads   bp + 28h                ; u32
%ifdef VBR_FAT32
%define variable(label) near_bp(label)
%else
WORK            equ BEHIND + 2Ch        ; a copy of the variables for each drive that is tried
%define variable(label) bp + WORK - BEHIND + (label) - variables
%endif

%ifdef MBR
BPB_END         equ 0
%elifdef VBR_FAT16
BPB_END         equ 3Eh
%elifdef VBR_FAT32
BPB_END         equ 5Ah
%else
%error "define MBR, VBR_FAT16 or VBR_FAT32"
%endif

bits 16
section .text
global start
start:
%if BPB_END
        jmp     short begin
        nop
        times   BPB_END - ($ - start) db 0
%endif

begin:  xor     ax, ax
        mov     ss, ax
        mov     sp, start
        mov     ds, ax
        jmp     0:.flat
.flat:  sti
        cld
        mov     bp, BEHIND
try_drive:
        mov     [drive], dl
%ifndef VBR_FAT32
        push    ds
        pop     es
        mov     si, variables
        mov     di, WORK
        mov     cx, place.end - variables
        rep movsb
%endif
        mov     ah, 41h
        mov     bx, 55AAh
        int     13h
        jc      .chs
        cmp     bx, 0AA55h
        jne     .chs
        shr     cx, 1                   ; bit 0: AH=42h and AH=48h exist
        jnc     .chs
        mov     byte [variable(function)], 42h
        mov     ah, 48h
        mov     si, bp
        mov     word [si], 1Ah
        call    disk
        jc      load
        mov     ax, [PARAMETERS_SECTOR_BYTES]
        test    ax, ~1E00h              ; some BIOSes leave 0 or garbage here: then it is 512
        jnz     load
        shr     ax, 4
        jz      load
        mov     [variable(sector_paragraphs)], ax
        jmp     load
.chs:   mov     ah, 8
        call    disk
        jc      read_failed
        and     ecx, 3Fh
        jz      read_failed             ; no geometry: a division by it would trap
        mov     [track_sectors], ecx
        movzx   edx, dh
        inc     dx
        mov     [heads], edx

load:   mov     ax, STAGE2 >> 4
chunk:  mov     [variable(packet.segment)], ax
        mov     bx, [variable(place.count)]
        test    bx, bx
        jz      check
        not     ax                      ; DMA must not cross a 64 KiB boundary: AX = paragraphs
        and     ax, 0FFFh               ; before the next one
        inc     ax
        cwd
        div     word [variable(sector_paragraphs)]
        call    lower
        mov     bx, MOST_SECTORS
        call    lower
        cmp     byte [variable(function)], 2
        jne     .read
        call    locate
.read:  mov     di, TRIES
.try:   mov     [variable(packet.count)], ax ; anew each time: a failed read changes it
        pusha
        mov     ah, [variable(function)]
        mov     cx, [cylinder_sector]
        mov     dh, [head]
        les     bx, [variable(packet.buffer)]
        lea     si, [variable(packet)]
        call    disk
        popa
        jnc     advance
        pusha
        mov     ah, 0
        call    disk
        popa
        dec     di
        jnz     .try
read_failed:
        push    text_read
        jmp     next_drive

advance:
        cwde
        add     [variable(place)], eax
        adc     dword [variable(place + 4)], byte 0
        sub     [variable(place.count)], ax
        mul     word [variable(sector_paragraphs)]
        add     ax, [variable(packet.segment)]
        jmp     chunk

; A good status proves little: SeaBIOS gives zeros for a bad floppy sector. The sum tells.
check:  mov     bx, STAGE2
        xor     edx, edx
        mov     eax, [near_bp(place.identity)]
        cmp     [bx + STAGE2_IDENTITY], eax
        jne     bad
        mov     cx, [bx + STAGE2_BYTES + 1] ; in blocks of 256 bytes
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
        jz      STAGE2
bad:    push    text_bad
next_drive:
%ifndef VBR_FAT32
        inc     byte [near_bp(candidate)]
        mov     dl, [near_bp(candidate)]
        jnz     try_drive
%endif

; Says on the screen and on COM1 what was wrong with the first drive, and stops.
        mov     si, [start - 2]         ; the first that was pushed
        mov     ax, 00E3h               ; 9600 8N1
        cwd
        int     14h
.next:  lodsb
        test    al, al
        jz      .halt
        mov     ah, 1
        int     14h
        mov     ah, 0Eh
        mov     bh, 0
        int     10h
        jmp     .next
.halt:  hlt
        jmp     .halt

text_bad:
        db      "Lintel: bad stage 2", 0

; These follow the code where there is room: in an MBR before the partition table, else behind it.
%macro ROUTINES 0
text_read:
        db      "Lintel: disk error", 0

; INT 13h for the boot drive. In and out as the function says.
disk:   mov     dl, [drive]
        int     13h
        ret

; Finds where the LBA lies for AH=02h. In: AX = sectors wanted. Out: AX = as many of them as the
; track holds; cylinder_sector; head. Clobbers BX, CX, EDX.
locate: push    ax
        mov     eax, [variable(place)]
        xor     edx, edx
        div     dword [track_sectors]
        mov     bx, [track_sectors]
        sub     bx, dx
        inc     dx
        mov     cl, dl
        cdq
        div     dword [heads]
        mov     [head], dl
        mov     ch, al
        shl     ah, 6
        or      cl, ah
        mov     [cylinder_sector], cx
        pop     ax

; AX = the lower of AX and BX, unsigned.
lower:  cmp     ax, bx
        jb      .done
        xchg    ax, bx
.done:  ret
%endmacro

; Fills with zeros up to an offset in the sector, which must not have been passed.
%macro PAD_TO 1
        times   %1 - ($ - start) db 0
%endmacro

%ifdef MBR
        ROUTINES
%endif
        PAD_TO  PLACE - 12
candidate:
        db      7Fh                     ; the drive after which to go on trying
variables:
sector_paragraphs:
        dw      512 >> 4
function:
        db      2                       ; of INT 13h: 42h where the BIOS has it
packet: dw      16                      ; disk address packet (EDD 3.0, table 2), ends in `place`
.count: dw      0
.buffer:
        dw      0
.segment:
        dw      0
place:  dq      0                       ; of what is still to read
.count: dw      0
.end:
.identity:
        dd      0
%ifdef MBR
        PAD_TO  TABLE
%else
        ROUTINES
%endif
        PAD_TO  SIGNATURE
        dw      0AA55h
