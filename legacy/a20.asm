; a20.asm: the address line that PCs keep off for programs of the 8086. SeaBIOS leaves it on, GRUB's
; chainloader off.

section .real progbits alloc exec write align=16
bits 16

; Lets addresses keep their bit 20. Out: CF = failed; a20_method. Clobbers EAX, CX, FS.
global enable_a20
enable_a20:
        call    test_a20
        jnc     .done
        inc     byte [a20_method]
        mov     ax, 2401h
        int     15h
        call    test_a20
        jnc     .done
        inc     byte [a20_method]
        in      al, 92h
        cmp     al, 0FFh                ; no such port
        je      .keyboard
        or      al, 2
        and     al, 0FEh                ; bit 0 resets
        out     92h, al
        call    test_a20
        jnc     .done
.keyboard:
        inc     byte [a20_method]
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
        call    test_a20
.done:  ret

; Out: CF = off, found so for about 60 ms: the line may be slow. Clobbers EAX, CX.
test_a20:
        mov     ax, 0FFFFh
        mov     fs, ax
        xor     cx, cx
.try:   inc     dword [a20_probe]
        mov     eax, [a20_probe]
        out     80h, al                 ; takes about a microsecond
        cmp     eax, [fs:a20_probe + 10h]
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

global a20_method
a20_method:     db 0                    ; 0 was on, 1 BIOS, 2 port 92h, 3 keyboard controller
align 4, db 0
a20_probe:      dd 0
