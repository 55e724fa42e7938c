; bios.asm: a floppy that wraps the BIOS's vectors in lies, and then starts the disk behind it as
; the BIOS would have.
;
; Up to four lies at once. The test writes them into `slots` (bios_floppy.py): which row of `rows`,
; how many calls pass before its first, how many lies it tells, and a value, whose meaning stands
; beside the row. A new lie is one row, and a handler of a few lines.
;
; The shim stays below the BIOS's own data, as a resident program does: INT 12h tells less. Each lie
; that is told sends its slot's number, as a digit, to port E9h.

bits 16
org 0

FIRST_SECTOR    equ 7C00h
BDA             equ 40h                 ; BIOS data area: segment, and fields
BDA_EQUIPMENT   equ 10h                 ; bits 0, 6 and 7: floppies
BDA_MEMORY      equ 13h                 ; u16: KiB below
SHIM_KIB        equ 16
TOLD_PORT       equ 0E9h
NO_ROW          equ 0FFFFh

; ---- the floppy's first sector ------------------------------------------------------------------

        xor     ax, ax
        mov     ss, ax
        mov     sp, FIRST_SECTOR
        cld
        mov     ax, BDA
        mov     ds, ax
        sub     word [BDA_MEMORY], SHIM_KIB
        mov     ax, [BDA_MEMORY]
        and     byte [BDA_EQUIPMENT], ~0C1h ; the disk behind is alone
        shl     ax, 6
        mov     es, ax
        xor     bx, bx
        mov     ax, 0200h + SHIM_SECTORS ; the boot sector, too: labels count from it
        mov     cx, 1
        xor     dx, dx
        int     13h
        jc      $
        push    es
        push    begin
        retf

        times   100h - ($ - $$) db 0

; ---- what the test writes, at offset 100h --------------------------------------------------------

struc slot
.row:   resw    1                       ; number of a row, NO_ROW: none
.skip:  resw    1                       ; calls that pass first
.times: resw    1                       ; lies that are told, then; 0: for ever
.told:  resw    1
.value: resq    1
endstruc
SLOTS           equ 4

slots:
%rep SLOTS
        dw      NO_ROW, 0, 0, 0
        dq      0
%endrep
drive:  db      80h                     ; the disk that is started

        times   1FEh - ($ - $$) db 0
        dw      0AA55h

; ---- the table, at offset 200h -------------------------------------------------------------------

struc row
.name:  resb    24
.vector: resb   1                       ; 0: once, before the disk's first sector is entered
.ah:    resb    3                       ; only these functions, 0FFh: any
.lie:   resw    1
        resw    1
endstruc

READ            equ 42h                 ; with AH=02h, which reads too
ANY             equ 0FFh

%macro ROW 5-6                          ; name, vector, functions, handler
%%name: db      %1
        times   row.vector - ($ - %%name) db 0
        db      %2, %3, %4
%if %0 == 6
        db      %5
        dw      %6, 0
%else
        db      %4
        dw      %5, 0
%endif
%endmacro

rows:
; Reads. The value is 0 where it is not told.
        ROW     "read fails",       13h, 42h, 02h, read_fails   ; value: status
        ROW     "read nothing",     13h, 42h, 02h, read_nothing
        ROW     "read zeros",       13h, 42h, 02h, read_zeros
        ROW     "read half",        13h, 42h, 02h, read_half
        ROW     "read another",     13h, 42h, 02h, read_another ; value: how many sectors behind
        ROW     "read short",       13h, 42h, 02h, read_short   ; value: sectors that come
        ROW     "read limit",       13h, 42h, 02h, read_limit   ; value: sectors, more is refused
; Writes.
        ROW     "write fails",      13h, 43h, 03h, fails        ; value: status
        ROW     "write nothing",    13h, 43h, 03h, succeeds
; What INT 13h says of a drive.
        ROW     "no extensions",    13h, 41h, 42h, 48h, fails   ; value: status
        ROW     "no read by LBA",   13h, 42h, 42h, fails
        ROW     "no parameters",    13h, 48h, 48h, fails
        ROW     "no geometry",      13h, 08h, 08h, fails
        ROW     "sector bytes",     13h, 48h, 48h, sector_bytes ; value: bytes
        ROW     "sector count",     13h, 48h, 48h, sector_count ; value: sectors
        ROW     "geometry",         13h, 08h, 08h, geometry     ; value: CX, and DX above
; What a call changes.
        ROW     "13h changes",      13h, ANY, ANY, changes      ; value: CHANGES_...
        ROW     "10h changes",      10h, ANY, ANY, changes
        ROW     "12h changes",      12h, ANY, ANY, changes
        ROW     "14h changes",      14h, ANY, ANY, changes
        ROW     "15h changes",      15h, ANY, ANY, changes
        ROW     "16h changes",      16h, ANY, ANY, changes
        ROW     "1Ah changes",      1Ah, ANY, ANY, changes
        ROW     "13h closes A20",   13h, ANY, ANY, closes_a20
        ROW     "10h closes A20",   10h, ANY, ANY, closes_a20
        ROW     "15h closes A20",   15h, ANY, ANY, closes_a20
        ROW     "16h closes A20",   16h, ANY, ANY, closes_a20
        ROW     "1Ah closes A20",   1Ah, ANY, ANY, closes_a20
        ROW     "A20 stays closed", 15h, 24h, 24h, fails
; Memory.
        ROW     "low memory",       0, 0, 0, low_memory         ; value: KiB
        ROW     "12h says",         12h, ANY, ANY, says_ax      ; value: AX
        ROW     "no E820",          15h, 0E8h, 0E8h, fails
        ROW     "no 88h",           15h, 88h, 88h, fails
        ROW     "E820 one range",   15h, 0E8h, 0E8h, e820_one   ; value: usable bytes from 0 on
        ROW     "E820 no end",      15h, 0E8h, 0E8h, e820_no_end
        ROW     "E820 ends by CF",  15h, 0E8h, 0E8h, e820_ends_by_carry
        ROW     "E820 one more",    15h, 0E8h, 0E8h, e820_more  ; value: its base; to 2^64 and on
        ROW     "E820 no length",   15h, 0E8h, 0E8h, e820_more  ; 0: 0 bytes
; The screen.
        ROW     "VBE mode list",    10h, 4Fh, 4Fh, vbe_list     ; value: far pointer
        ROW     "VBE base",         10h, 4Fh, 4Fh, vbe_base     ; value: address
        ROW     "VBE pitch",        10h, 4Fh, 4Fh, vbe_pitch    ; value: bytes a line
        ROW     "VBE height",       10h, 4Fh, 4Fh, vbe_height   ; value: lines
        ROW     "VBE refuses",      10h, 4Fh, 4Fh, vbe_refuses
; The keyboard.
        ROW     "16h key",          16h, 10h, 11h, says_key     ; value: AX, for ever
; The first sector in memory, and how it is entered.
        ROW     "noise",            0, 0, 0, noise              ; value: offset, and bytes above
        ROW     "other segment",    0, 0, 0, other_segment
        ROW     "other drive",      0, 0, 0, other_drive        ; value: DL
        ROW     "A20 closed",       0, 0, 0, close_a20
row_count equ ($ - rows) / row_size

; ---- how a lie is told ---------------------------------------------------------------------------
;
; A handler is called with SS:BP = frame, DS = CS, SI = its slot, flags unknown but DF clear. It may
; change all registers but BP, DS and SS. `original` calls what lies below, the next lie or the
; BIOS, with the registers of the frame, and puts there what it returns.

struc frame
.es:    resw    1
.ds:    resw    1
.edi:   resd    1
.esi:   resd    1
.ebp:   resd    1
.esp:   resd    1
.ebx:   resd    1
.edx:   resd    1
.ecx:   resd    1
.eax:   resd    1
.slot:  resw    1                       ; the next one to be asked
.vector: resw   1
.ip:    resw    1
.cs:    resw    1
.flags: resw    1
endstruc
CARRY           equ 1
ZERO            equ 40h
DIRECTION       equ 400h
FLAGS_BACK      equ 8D5h                ; what the caller sees of the BIOS's: OF, SF, ZF, AF, PF, CF

%macro VECTORS 1-*
vectors:
%rep %0
        dw      4 * %1
        dw      entry_%1
        dd      0                       ; as it was
%rotate 1
%endrep
vectors_end:
%rep %0
entry_%1:
        push    word %1
        jmp     entered
%rotate 1
%endrep
%endmacro
        VECTORS 10h, 12h, 13h, 14h, 15h, 16h, 1Ah

entered:
        push    word slots
        pushad
        push    ds
        push    es
        mov     bp, sp
        push    cs
        pop     ds
        cld
        call    original
        pop     es
        pop     ds
        popad
        lea     esp, [esp + 4]
        iret

original:
        mov     si, [bp + frame.slot]
        push    si
.next:  cmp     si, slots + SLOTS * slot_size
        je      .bios
        lea     ax, [si + slot_size]
        mov     [bp + frame.slot], ax
        call    find_row
        jne     .not
        call    is_its_turn
        jc      .not
        call    [bx + row.lie]
        jmp     .done
.not:   add     si, slot_size
        jmp     .next
.bios:  call    bios
.done:  pop     word [bp + frame.slot]
        cld
        ret

; In: SI = slot. Out: BX = its row; ZF = it is for this call.
find_row:
        mov     bx, [si + slot.row]
        cmp     bx, row_count
        jae     .done                   ; ZF is clear, but for the number behind the last
        imul    bx, bx, row_size
        add     bx, rows
        mov     al, [bp + frame.vector]
        cmp     al, [bx + row.vector]
        jne     .done
        mov     al, [bp + frame.eax + 1]
        cmp     byte [bx + row.ah], ANY
        je      .done
        cmp     al, [bx + row.ah]
        je      .done
        cmp     al, [bx + row.ah + 1]
        je      .done
        cmp     al, [bx + row.ah + 2]
.done:  ret

; In: SI = slot. Out: CF = not yet, or no longer. Clobbers AX.
is_its_turn:
        sub     word [si + slot.skip], 1
        jnc     .not                    ; below 0: it is
        inc     word [si + slot.skip]
        mov     ax, [si + slot.told]
        cmp     word [si + slot.times], 1
        jb      .tell
        cmp     ax, [si + slot.times]
        jae     .not
.tell:  inc     word [si + slot.told]
        mov     ax, si
        sub     ax, slots
        shr     ax, 4                   ; slot_size is 16
        add     al, '0'
        out     TOLD_PORT, al
        clc
        ret
.not:   stc
        ret

bios:   push    bp
        pushf                           ; for the BIOS's IRET
        push    cs
        push    .back
        mov     si, vectors - 8
        mov     ax, [bp + frame.vector]
        shl     ax, 2
.find:  add     si, 8
        cmp     [si], ax
        jne     .find
        push    dword [si + 4]
        mov     eax, [bp + frame.eax]
        mov     ebx, [bp + frame.ebx]
        mov     ecx, [bp + frame.ecx]
        mov     edx, [bp + frame.edx]
        mov     esi, [bp + frame.esi]
        mov     edi, [bp + frame.edi]
        mov     es, [bp + frame.es]
        mov     ds, [bp + frame.ds]
        mov     ebp, [bp + frame.ebp]
        retf
.back:  pushf
        pushad
        push    ds
        push    es
        cld
        mov     bp, sp
        mov     di, [bp + 36 + 2]       ; behind the registers and flags: BP, our frame
        mov     si, bp
        push    ss
        pop     ds
        push    ss
        pop     es
        mov     cx, 36 / 2
        rep movsw
        mov     ax, [bp + 36]
        mov     bp, [bp + 36 + 2]
        and     ax, FLAGS_BACK
        and     word [bp + frame.flags], ~FLAGS_BACK
        or      [bp + frame.flags], ax
        push    cs
        pop     ds
        add     sp, 36 + 2 + 2
        ret

; ---- lies about reads ----------------------------------------------------------------------------

read_fails:
        cmp     byte [bp + frame.eax + 1], READ
        jne     fails
        call    packet
        mov     word [es:bx + 2], 0     ; none came
fails:  mov     al, [si + slot.value]
        mov     [bp + frame.eax + 1], al
        or      byte [bp + frame.flags], CARRY
        ret

; Out: ES:DI = the buffer, CX = sectors, of this read.
what_is_read:
        les     di, [bp + frame.ebx]
        mov     es, [bp + frame.es]
        movzx   cx, byte [bp + frame.eax]
        cmp     byte [bp + frame.eax + 1], READ
        jne     .done
        call    packet
        mov     cx, [es:bx + 2]
        les     di, [es:bx + 4]
.done:  ret

; Out: ES:BX = the disk address packet.
packet: mov     es, [bp + frame.ds]
        mov     bx, [bp + frame.esi]
        ret

succeeds:
        mov     byte [bp + frame.eax + 1], 0
        and     byte [bp + frame.flags], ~CARRY
        ret

read_nothing equ succeeds

read_zeros:
        call    what_is_read
        xor     ax, ax
.sector:
        jcxz    succeeds
        push    cx
        mov     cx, 512 / 2
        rep stosw
        pop     cx
        dec     cx
        jmp     .sector

; In: AX = sectors. Asks for that many, by either function.
set_count:
        cmp     byte [bp + frame.eax + 1], READ
        jne     .geometry
        call    packet
        mov     [es:bx + 2], ax
        ret
.geometry:
        mov     [bp + frame.eax], al
        ret

; Half of them come, all are said to have come.
read_half:
        call    what_is_read
        push    word [bp + frame.eax]
        push    cx
        mov     ax, cx
        shr     ax, 1
        jz      .none
        call    set_count
        call    original
.none:  pop     ax
        pop     cx
        mov     [bp + frame.eax], cx
        call    set_count
        jmp     succeeds

read_short:
        call    what_is_read
        cmp     cx, [si + slot.value]
        jbe     original
        mov     ax, [si + slot.value]
        call    set_count
        jmp     original

read_limit:
        call    what_is_read
        cmp     cx, [si + slot.value]
        jbe     original
        mov     byte [bp + frame.eax + 1], 1 ; invalid
        or      byte [bp + frame.flags], CARRY
        ret

read_another:
        cmp     byte [bp + frame.eax + 1], READ
        jne     .geometry
        call    packet
        mov     eax, [si + slot.value]
        add     [es:bx + 8], eax
        push    eax
        push    bx
        push    es
        call    original
        pop     es
        pop     bx
        pop     eax
        sub     [es:bx + 8], eax
        ret
.geometry:
        mov     al, [si + slot.value]   ; the cylinder
        add     [bp + frame.ecx + 1], al
        jmp     original

; ---- lies about a drive --------------------------------------------------------------------------

sector_bytes:
        push    si
        call    original
        pop     si
        call    packet
        mov     ax, [si + slot.value]
        mov     [es:bx + 18h], ax
        ret

sector_count:
        push    si
        call    original
        pop     si
        call    packet
        mov     eax, [si + slot.value]
        mov     [es:bx + 10h], eax
        mov     eax, [si + slot.value + 4]
        mov     [es:bx + 14h], eax
        ret

geometry:
        mov     ax, [si + slot.value]
        mov     [bp + frame.ecx], ax
        mov     ax, [si + slot.value + 2]
        mov     [bp + frame.edx], ax
        jmp     succeeds

; ---- lies about memory ---------------------------------------------------------------------------

SMAP            equ 534D4150h

; In: other functions of AH=E8h come here, too. Out: ZF = it is E820h.
is_e820:
        cmp     byte [bp + frame.eax], 20h
        ret

; Out: ES:DI = the entry.
entry:  mov     es, [bp + frame.es]
        mov     di, [bp + frame.edi]
        ret

e820_one:
        call    is_e820
        jne     original
        call    entry
        mov     ecx, [si + slot.value]
        mov     edx, [si + slot.value + 4]
tell_entry:                             ; EDX:ECX = bytes from 0 on; the last entry
        xor     eax, eax
        mov     [es:di], eax
        mov     [es:di + 4], eax
        mov     [es:di + 8], ecx
        mov     [es:di + 12], edx
        inc     ax
        mov     [es:di + 16], eax       ; usable
        mov     dword [bp + frame.ebx], 0
entry_told:
        mov     dword [bp + frame.eax], SMAP
        mov     dword [bp + frame.ecx], 20
        and     byte [bp + frame.flags], ~CARRY
        ret

e820_no_end:
        call    is_e820
        jne     original
        mov     dword [bp + frame.ebx], 0
        call    original                ; the first, for ever
        mov     dword [bp + frame.ebx], 1
        ret

e820_ends_by_carry:
        call    is_e820
        jne     original
        call    original
        cmp     dword [bp + frame.ebx], 0
        jne     .done
        mov     dword [bp + frame.ebx], 0FFFFh
.done:  ret

; The first entry is one more; the BIOS's own follow.
MORE            equ 80000000h
e820_more:
        call    is_e820
        jne     original
        cmp     dword [bp + frame.ebx], 0
        jne     .others
        call    entry
        mov     eax, [si + slot.value]
        mov     edx, [si + slot.value + 4]
        mov     ecx, eax
        or      ecx, edx
        jz      .bytes
        mov     ecx, -1
.bytes: push    eax
        push    edx
        mov     edx, ecx
        call    tell_entry
        pop     dword [es:di + 4]
        pop     dword [es:di]
        mov     dword [bp + frame.ebx], MORE
        ret
.others:
        cmp     dword [bp + frame.ebx], MORE
        jne     original
        mov     dword [bp + frame.ebx], 0
        jmp     original

; ---- lies about the screen -----------------------------------------------------------------------

VBE_LIST        equ 0Eh                 ; in the answer of AX=4F00h
VBE_PITCH       equ 10h                 ; of 4F01h
VBE_HEIGHT      equ 14h
VBE_BASE        equ 28h
VBE_LINEAR_PITCH equ 32h

; In: AL = function. Tells the truth. Out: ZF = this function was called: ES:DI = its answer.
vbe:    push    ax
        push    word [bp + frame.eax]
        push    si
        call    original
        pop     si
        pop     cx
        pop     ax
        cmp     al, cl
        mov     es, [bp + frame.es]
        mov     di, [bp + frame.edi]
        mov     ecx, [si + slot.value]
        ret

vbe_list:
        mov     al, 0
        call    vbe
        jne     .done
        mov     [es:di + VBE_LIST], ecx
.done:  ret

vbe_base:
        mov     al, 1
        call    vbe
        jne     .done
        mov     [es:di + VBE_BASE], ecx
.done:  ret

vbe_pitch:
        mov     al, 1
        call    vbe
        jne     .done
        mov     [es:di + VBE_PITCH], cx
        mov     [es:di + VBE_LINEAR_PITCH], cx
.done:  ret

vbe_height:
        mov     al, 1
        call    vbe
        jne     .done
        mov     [es:di + VBE_HEIGHT], cx
.done:  ret

vbe_refuses:
        cmp     byte [bp + frame.eax], 2
        jne     original
        mov     word [bp + frame.eax], 014Fh
        ret

; ---- lies about the keyboard ---------------------------------------------------------------------

says_key:
        and     byte [bp + frame.flags], ~ZERO
        jmp     says_ax

; ---- lies about what a call keeps ----------------------------------------------------------------

CHANGES_BP      equ 1
CHANGES_DS      equ 2
CHANGES_ES      equ 4
CHANGES_DF      equ 8
CHANGES_HIGH    equ 10h                 ; the upper halves of all registers
CHANGES_SI_DI   equ 20h

changes:
        push    si
        call    original
        pop     si
        mov     al, [si + slot.value]
        test    al, CHANGES_BP
        jz      .ds
        xor     word [bp + frame.ebp], 5A5Ah
.ds:    test    al, CHANGES_DS
        jz      .es
        xor     word [bp + frame.ds], 5A5Ah
.es:    test    al, CHANGES_ES
        jz      .df
        xor     word [bp + frame.es], 5A5Ah
.df:    test    al, CHANGES_DF
        jz      .high
        or      word [bp + frame.flags], DIRECTION
.high:  test    al, CHANGES_HIGH
        jz      .si_di
        mov     di, 8 * 4
.next:  sub     di, 4
        xor     word [bp + di + frame.edi + 2], 5A5Ah
        test    di, di
        jnz     .next
.si_di: test    al, CHANGES_SI_DI
        jz      .done
        xor     word [bp + frame.esi], 5A5Ah
        xor     word [bp + frame.edi], 5A5Ah
.done:  ret

closes_a20:
        call    original
close_a20:
        in      al, 92h
        and     al, ~3                  ; bit 0 resets
        out     92h, al
        ret

says_ax:
        mov     ax, [si + slot.value]
        mov     [bp + frame.eax], ax
        ret

; ---- lies about the start ------------------------------------------------------------------------

low_memory:
        mov     ax, BDA
        mov     es, ax
        mov     ax, [si + slot.value]
        mov     [es:BDA_MEMORY], ax
        ret

noise:  xor     ax, ax
        mov     es, ax
        mov     di, [si + slot.value]
        add     di, FIRST_SECTOR
        mov     cx, [si + slot.value + 2]
        mov     al, 0E5h
.byte:  stosb
        imul    ax, ax, 109
        add     ax, 89
        loop    .byte
        ret

other_segment:
        mov     word [first_sector], 0
        mov     word [first_sector + 2], FIRST_SECTOR >> 4
        ret

other_drive:
        mov     al, [si + slot.value]
        mov     [drive_told], al
        ret

; ---- the start -----------------------------------------------------------------------------------

begin:  push    cs
        pop     ds
        xor     ax, ax
        mov     es, ax
        mov     al, [drive]
        mov     [drive_told], al
        mov     dl, al
        mov     ax, 0201h
        mov     bx, FIRST_SECTOR
        mov     cx, 1
        mov     dh, 0
        int     13h
        jc      $
        call    wrap
        mov     bp, start_frame
        mov     byte [bp + frame.vector], 0
        push    cs
        pop     ss
        mov     sp, stack_end
        mov     si, slots
.slot:  call    find_row
        jne     .next
        push    si
        call    [bx + row.lie]
        pop     si
        mov     ax, si
        sub     ax, slots
        shr     ax, 4
        add     al, '0'
        out     TOLD_PORT, al
.next:  add     si, slot_size
        cmp     si, slots + SLOTS * slot_size
        jb      .slot
        mov     dl, [drive_told]
        xor     ax, ax
        mov     es, ax
        mov     ss, ax
        mov     sp, 7000h
        jmp     far [first_sector]

; Puts each entry into its vector.
wrap:   cli
        mov     si, vectors
.next:  mov     di, [si]
        mov     eax, [es:di]
        mov     [si + 4], eax
        mov     ax, [si + 2]
        stosw
        mov     ax, cs
        stosw
        add     si, 8
        cmp     si, vectors_end
        jb      .next
        sti
        ret

first_sector:
        dw      FIRST_SECTOR, 0
drive_told:
        db      0
        align   16, db 0
start_frame:
        times   frame_size db 0
        times   128 db 0
stack_end:
        times   512 - ($ - $$) % 512 db 0
SHIM_SECTORS    equ ($ - $$) / 512
