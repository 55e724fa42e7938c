; Lesson 07: interrupts of our own: a clock, a key, and a fault that does not reset the machine.
;
; The CPU looks up each interrupt's handler in the IDT, 8 bytes a vector (Intel SDM 3A, 6.11). Vectors 0 to
; 31 are its own exceptions; an exception without a handler is a double fault, and that without a handler
; a reset. The devices' requests come through two 8259 controllers, which a BIOS leaves at vectors 8 and
; 70h, on top of the exceptions: so they are moved first (Intel 8259A, "Initialization Command Words").
%include "legacy/lessons/lesson.inc"

EXCEPTIONS equ 32
IRQ_BASE equ 32                         ; where the controllers' requests are moved to
CONTROLLER_1 equ 20h                    ; ports: command; data is the next one
CONTROLLER_2 equ 0A0h
END_OF_INTERRUPT equ 20h
CLOCK   equ 0B8000h + 79 * 2            ; on the screen: the character in the upper right corner
WITH_ERROR equ 27D00h                   ; a bit for each exception that pushes an error code: 8, 10 to 14, 17

global main, main32, divide, on_exception, on_timer, on_key, rest
main:   jmp     to_protected

bits 32
main32: lidt    [idt_pointer]
        call    move_controllers
        mov     esi, before
        call    say32
        mov     eax, 100
        xor     edx, edx
        xor     ecx, ecx
divide: div     ecx                     ; two bytes; the handler goes on behind them
        mov     esi, behind
        call    say32
        sti                             ; from now on ticks and keys come
rest:   hlt
        jmp     rest

; ICW1: 11h, four words follow; ICW2: the vectors; ICW3: the second hangs on line 2 of the first; ICW4: 8086.
; Then the masks: a bit that is set holds a line back. Only the timer's and the keyboard's are let through.
move_controllers:
        mov     esi, words
.next:  lodsb
        movzx   edx, al
        lodsb
        out     dx, al
        cmp     esi, words_end
        jb      .next
        ret
words:  db      CONTROLLER_1, 11h, CONTROLLER_2, 11h
        db      CONTROLLER_1 + 1, IRQ_BASE, CONTROLLER_2 + 1, IRQ_BASE + 8
        db      CONTROLLER_1 + 1, 4, CONTROLLER_2 + 1, 2, CONTROLLER_1 + 1, 1, CONTROLLER_2 + 1, 1
        db      CONTROLLER_1 + 1, ~3 & 0FFh, CONTROLLER_2 + 1, 0FFh
words_end:

; On the stack: the vector, the error code or 0, and what the CPU pushed: EIP, CS, EFLAGS.
on_exception:
        pusha                           ; 32 bytes
        mov     eax, [esp + 32]
        mov     esi, exception
        call    tell32
        mov     eax, [esp + 40]
        mov     esi, address
        call    tell32
        cmp     dword [esp + 32], 0     ; a division: its next instruction. All others: no way back
        jne     rest
        add     dword [esp + 40], 2
        popa
        add     esp, 8
        iret

on_timer:                               ; IRQ 0: 18.2 times a second, as the BIOS has set it
        push    eax
        inc     dword [ticks]
        inc     byte [CLOCK]
        mov     al, END_OF_INTERRUPT    ; or the controller holds back all that is no more urgent
        out     CONTROLLER_1, al
        pop     eax
        iret

on_key: pusha                           ; IRQ 1: the byte has to be read, or no other comes
        in      al, 60h
        movzx   eax, al
        mov     esi, scan_code
        call    tell32
        mov     al, END_OF_INTERRUPT
        out     CONTROLLER_1, al
        popa
        iret

%macro  GATE 1                          ; the handler's address in two halves; 8E00h: present, DPL 0, and
        dw      (%1 - start + 7C00h) & 0FFFFh, CODE32, 8E00h ; an interrupt gate: the next one waits
        dw      (%1 - start + 7C00h) >> 16
%endmacro
        align   8, db 0
idt:
%assign vector 0
%rep    EXCEPTIONS
        GATE    exception_%[vector]
%assign vector vector + 1
%endrep
        GATE    on_timer
        GATE    on_key
idt_pointer:
        dw      $ - idt - 1
        dd      idt

%assign vector 0                        ; every exception has code of its own, which says its number
%rep    EXCEPTIONS
exception_%[vector]:
%if !(WITH_ERROR >> vector & 1)
        push    0                       ; so that the stack looks alike
%endif
        push    vector
        jmp     on_exception
%assign vector vector + 1
%endrep

ticks:  dd      0
before: db      'Dividing by zero.', 13, 10, 0
exception:
        db      'Exception ', 0
address:
        db      '  at ', 0
behind: db      'Still here. Keys, please.', 13, 10, 0
scan_code:
        db      'Scan code ', 0

%include "legacy/lessons/protected.inc"
TEXT_ROUTINES 32
