; Lesson 05: address line 20, and three ways to let it through.
;
; The 8086 had 20 address lines: FFFFh:0010h was address 0 again. Programs relied on that, so the PC/AT got
; a gate that holds line 20 at 0 (IBM PC/AT Technical Reference, 8042). Closed, it makes every odd MiB
; look like the even one below it: whoever loads a kernel at 1 MiB writes over the interrupt vectors.
; There are several gates and no one place that says whether any is closed. So: look at memory itself.
%include "legacy/lessons/lesson.inc"

LOW     equ 500h                        ; 0000h:0500h, free, and
HIGH    equ LOW + 10h                   ; FFFFh:0510h, which is 1 MiB above it
STATUS  equ 64h                         ; the keyboard controller (Intel 8042): status, command
STATUS_FULL equ 1                       ; a byte waits for us
STATUS_BUSY equ 2                       ; our last byte waits for it
READ_OUTPUT equ 0D0h                    ; commands: the output port is read; 0D1h: is written
FAST    equ 92h                         ; PS/2's system control port A
A20     equ 2                           ; bit 1 of both ports; bit 0 of both has to do with reset:
RESET   equ 1                           ; the controller's must stay 1, the other's 0

global main, is_open, by_bios, by_controller, by_fast_gate
main:   mov     si, at_first
        call    tell
        mov     si, methods
.next:  mov     bx, [si]
        add     si, 2
        test    bx, bx
        jz      stop
        push    si
        mov     al, 0                   ; all of them close it: on real machines the gates are in parallel,
        call    by_bios                 ; and one that is open is enough
        call    by_controller
        call    by_fast_gate
        mov     si, closed
        call    tell
        mov     al, 1
        call    bx
        pop     si
        call    tell
        jmp     .next

; In: SI = text. Says it, and how the line is now. Out: SI behind the text.
tell:   call    say
        call    is_open
        push    si
        mov     si, yes
        jnz     .say
        mov     si, no
.say:   call    say
        pop     si
        ret

; Out: ZF = 1: closed, a byte and the one 1 MiB above it are the same. Puts back what was there.
is_open:
        push    es
        mov     ax, 0FFFFh
        mov     es, ax
        mov     cl, [LOW]
        mov     ch, [es:HIGH]
        mov     byte [LOW], 0
        mov     byte [es:HIGH], 0FFh
        out     80h, al                 ; a slow port that nobody needs: the write has arrived by now
        cmp     byte [LOW], 0FFh
        mov     [es:HIGH], ch           ; MOV leaves the flags alone
        mov     [LOW], cl
        pop     es
        ret

; In, of all three: AL = 1: open, 0: close. Each may be one that this machine does not have.
by_bios:
        push    ax
        mov     ah, 24h                 ; INT 15h AX=2400h, 2401h
        int     15h
        pop     ax
        ret

by_fast_gate:
        mov     ah, al
        in      al, FAST
        and     al, ~(A20 | RESET) & 0FFh
        shl     ah, 1                   ; A20, or 0
        or      al, ah
        out     FAST, al
        ret

by_controller:
        push    ax
        mov     dl, al
        shl     dl, 1                   ; A20, or 0
        mov     al, READ_OUTPUT
        call    command
        mov     cx, 0FFFFh              ; no controller, no answer: nothing waits for ever
.wait:  in      al, STATUS
        test    al, STATUS_FULL
        loopz   .wait
        in      al, 60h
        and     al, ~A20 & 0FFh
        or      dl, al
        mov     al, READ_OUTPUT + 1
        call    command
        mov     al, dl
        out     60h, al
        call    ready                   ; it has obeyed
        pop     ax
        ret

command:
        call    ready
        out     STATUS, al
ready:  mov     ah, al
        mov     cx, 0FFFFh
.wait:  in      al, STATUS
        test    al, STATUS_BUSY
        loopnz  .wait
        mov     al, ah
        ret

%macro  METHOD 2
        dw      %1
        db      %2, 0
%endmacro
methods:
        METHOD  by_bios, '  by the BIOS'
        METHOD  by_controller, '  by the keyboard controller'
        METHOD  by_fast_gate, '  by the fast gate'
        dw      0
at_first: db     'As the BIOS left it', 0
closed: db      'Closed by all', 0
yes:    db      ': line 20 is let through', 13, 10, 0
no:     db      ': line 20 is held', 13, 10, 0
