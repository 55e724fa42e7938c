; Lesson 05: address line 20, and three ways to let it through.
;
; The 8086 had 20 address lines: FFFFh:0010h was address 0 again. Programs relied on that, so the PC/AT got
; a gate that holds line 20 at 0 (Intel SDM 3B, 20.1.1). Each odd MiB is then the even one below it. Machines
; have several gates, or by now none, and nothing says what they do together. So: look at memory itself.
%include "legacy/lessons/lesson.inc"

LOW     equ COPY                        ; free memory in segment 0, and
HIGH    equ LOW + 10h                   ; what is 1 MiB above it, in segment FFFFh
CLOSE   equ 0
OPEN    equ 2                           ; bit 1 of both ports
FAST_GATE equ 92h                       ; PS/2's system control port A (IBM PS/2 Technical Reference);
FAST_RESET equ 1                        ; its bit 0 resets the CPU when it becomes 1
DATA    equ 60h                         ; the keyboard controller (IBM PC/AT Technical Reference, "8042")
STATUS  equ 64h                         ; read: status; written: command
BUSY    equ 2                           ; status: it has not yet taken what was written last
WRITE_OUTPUT equ 0D1h                   ; command: the next byte of data is for its output port,
OUTPUT  equ 0DDh                        ; where bit 0 resets the CPU when it is 0, and others are the keys'
NOTHING equ 0FFh                        ; command: pulse none of that port's bits

global main, try, is_held, by_bios, by_controller, by_fast_gate
main:   mov     si, at_first
        call    tell
        mov     bx, by_bios
        mov     si, bios
        call    try
        mov     bx, by_controller
        mov     si, controller
        call    try
        mov     bx, by_fast_gate
        mov     si, fast_gate
        call    try
        jmp     stop

; In: BX = a method, SI = its name. One open gate is enough: so all are closed, then this one is opened.
try:    push    si
        mov     al, CLOSE
        call    by_bios
        call    by_controller
        call    by_fast_gate
        mov     si, closed
        call    tell
        mov     al, OPEN
        call    bx
        pop     si
; In: SI = text. Says it, and how the line is now.
tell:   call    say
        call    is_held
        mov     si, held
        je      .end
        mov     si, let_through
.end:   jmp     say

; Out: ZF = 1: a byte and the one 1 MiB above it are the same. Both are put back: they may be somebody's.
; A CPU may read what it wrote before it has left: OUT waits for that (Intel SDM 1, "Ordering I/O"). Its
; cache is no trap: since the 486 the gate is in front of it.
is_held:
        mov     ax, 0FFFFh
        mov     es, ax
        mov     cx, 00FFh               ; CH for the low one, CL for the high one
        xchg    [LOW], ch
        xchg    [es:HIGH], cl
        out     80h, al                 ; nobody's port
        cmp     byte [LOW], 0FFh
        mov     [es:HIGH], cl           ; MOV leaves the flags alone
        mov     [LOW], ch               ; the first one that was taken is put back last
        ret

; In, of all three: AL = OPEN or CLOSE. Each may be one that this machine does not have.
by_bios:
        pusha
        shr     al, 1
        mov     ah, 24h                 ; INT 15h AX=2400h closes, 2401h opens
        int     15h
        popa
        ret
by_fast_gate:
        pusha
        mov     ah, al
        in      al, FAST_GATE
        and     al, ~(OPEN | FAST_RESET) & 0FFh
        or      al, ah
        out     FAST_GATE, al
        popa
        ret
by_controller:
        pusha
        cli                             ; the BIOS's handler of keys would get in between
        mov     ah, al
        or      ah, OUTPUT
        call    taken                   ; what the BIOS wrote last
        mov     al, WRITE_OUTPUT
        call    command
        mov     al, ah
        out     DATA, al
        call    taken
        mov     al, NOTHING             ; it takes a byte, and moves the line then: when it takes the next
        call    command                 ; one, it has moved it
        sti
        popa
        ret
command:
        out     STATUS, al
taken:  mov     cx, 0FFFFh              ; tries: no controller, no answer
.again: in      al, STATUS
        test    al, BUSY
        loopnz  .again
        ret

at_first: db    'As the BIOS left it', 0
closed: db      'Closed by all', 0
bios:   db      '  Opened by the BIOS', 0
controller: db  '  Opened by the keyboard controller', 0
fast_gate: db   '  Opened by the fast gate', 0
held:   db      ': line 20 is held', 13, 10, 0
let_through: db ': line 20 is let through', 13, 10, 0
