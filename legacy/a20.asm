; a20.asm: the address line that PCs keep off for programs of the 8086. SeaBIOS leaves it on, GRUB's
; chainloader off, and a BIOS that meets it on may close it in any call.

section .real progbits alloc exec nowrite align=16
bits 16

TRIES_QUICK     equ 1000                ; each takes about a microsecond
TRIES_SLOW      equ 60000               ; for a line that the keyboard controller moves

; Lets addresses keep their bit 20. Out: CF = failed; AL = how: 0 was on, 1 BIOS, 2 port 92h, 3
; keyboard controller. Clobbers EAX, CX, FS, and what the BIOS does in INT 15h.
global enable_a20
enable_a20:
        mov     byte [method], 0
        mov     cx, 1
        call    test_a20
        jnc     .done
        inc     byte [method]
        mov     ax, 2401h
        int     15h
        call    test_a20_quick
        jnc     .done
        inc     byte [method]
        in      al, 92h
        cmp     al, 0FFh                ; no such port
        je      .keyboard
        or      al, 2
        and     al, 0FEh                ; bit 0 resets
        out     92h, al
        call    test_a20_quick
        jnc     .done
.keyboard:
        inc     byte [method]
        call    wait_keyboard
        jc      .done
        mov     al, 0D1h                ; write output port
        out     64h, al
        call    wait_keyboard
        jc      .done
        mov     al, 0DFh
        out     60h, al
        call    wait_keyboard
        jc      .done
        mov     al, 0FFh                ; some controllers act only on a further command
        out     64h, al
        call    wait_keyboard
        mov     cx, TRIES_SLOW
        call    test_a20
.done:  mov     al, [method]
        ret

test_a20_quick:
        xor     cx, cx
        mov     ds, cx                  ; after the BIOS
        cld
        mov     cx, TRIES_QUICK

; In: CX = tries. Out: CF = off, found so in each of them. Clobbers EAX, CX, FS.
test_a20:
        mov     ax, 0FFFFh
        mov     fs, ax
.try:   inc     dword [probe]
        mov     eax, [probe]
        out     80h, al                 ; takes about a microsecond
        cmp     eax, [fs:probe + 10h]
        loope   .try
        je      .off
        clc
        ret
.off:   stc
        ret

; Waits until the keyboard controller takes a byte. Out: CF = it doesn't, or there is none.
; Clobbers AL, CX.
wait_keyboard:
        xor     cx, cx
.try:   out     80h, al
        in      al, 64h
        cmp     al, 0FFh
        je      .none
        test    al, 2
        loopnz  .try
        jnz     .none
        clc
        ret
.none:  stc
        ret

section .real_data nobits alloc noexec write align=4
probe:          resd 1
method:         resb 1
