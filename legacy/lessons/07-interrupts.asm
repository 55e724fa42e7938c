; Lesson 07: interrupts of our own: a clock, keys, and a fault that does not reset the machine.
;
; The CPU finds an interrupt's handler in the IDT: a gate of 8 bytes a vector (Intel SDM 3A, 6.10, 6.11).
; Vectors 0 to 31 are its own exceptions. One without a gate is a double fault, that without a gate a reset
; (6.15). The devices' requests come from two 8259, which a BIOS leaves at vectors 8 and 70h, on top of the
; exceptions: so they are moved first (Intel 8259A, "Initialization Command Words").
%include "legacy/lessons/lesson.inc"

EXCEPTIONS equ 32                       ; and behind them the requests: 32 the timer, 33 the keyboard, ...
WITH_ERROR equ 1 << 8 | 1Fh << 10 | 1 << 17 | 1 << 21 ; 8, 10 to 14, 17, 21: they push an error code
GATE    equ 8E00h                       ; present, DPL 0, an interrupt gate: the next interrupt has to wait
PIC_1   equ 20h                         ; the first 8259's port of commands; its data: + 1
PIC_2   equ 0A0h
END_OF_INTERRUPT equ 20h                ; command; until then nothing less urgent comes
KEYS    equ 60h
CLOCK   equ 0B8000h + 79 * 2            ; on the screen: the upper right corner

global main, main32, divide, on_exception, on_timer, on_key, rest
main:   jmp     to_protected

bits 32
main32: lidt    [idt_pointer]
        call    move_controllers
        mov     esi, before
        call    say32
        xor     ecx, ecx
divide: div     ecx                     ; two bytes; the handler goes on behind them
        mov     esi, behind
        call    say32
        in      al, KEYS                ; a key of before: ICW1 made its request forgotten, and as long as
        sti                             ; its byte is not read, no other comes
rest:   hlt
        jmp     rest

; ICW1: 11h: four words; ICW2: vectors; ICW3: the second one hangs on line 2 of the first; ICW4: 1: 8086.
; Then OCW1, whose bits hold lines back: all but the timer's and the keyboard's.
move_controllers:
        mov     esi, words
.next:  lodsw
        movzx   edx, al
        mov     al, ah
        out     dx, al
        out     80h, al                 ; nobody's port: old controllers need the time
        cmp     esi, words_end
        jb      .next
        ret
words:  db      PIC_1, 11h, PIC_1 + 1, EXCEPTIONS,     PIC_1 + 1, 1 << 2, PIC_1 + 1, 1
        db      PIC_2, 11h, PIC_2 + 1, EXCEPTIONS + 8, PIC_2 + 1, 2,      PIC_2 + 1, 1
        db      PIC_1 + 1, ~3 & 0FFh, PIC_2 + 1, 0FFh
words_end:

; On the stack: the vector, its error code or 0, and what the CPU pushed: EIP, CS, EFLAGS.
on_exception:
        pusha                           ; 32 bytes
        mov     esi, exception
        call    say32
        mov     eax, [esp + 32]
        lea     esi, [names + eax * 4]
        call    say32
        mov     eax, [esp + 40]
        mov     esi, address
        call    tell32
        cmp     dword [esp + 32], 0     ; a division is left out; for all others there is no way back
        jne     rest
        add     dword [esp + 40], 2
        popa
        add     esp, 8
        iret

on_timer:                               ; 18.2 times a second, as the BIOS has set it
        pusha
        inc     dword [ticks]
        mov     eax, [ticks]
        mov     edi, CLOCK
        mov     ecx, 10
.next:  xor     edx, edx                ; the last digit first
        div     ecx
        add     dl, '0'
        mov     [edi], dl
        sub     edi, 2
        test    eax, eax
        jnz     .next
        jmp     end_of_interrupt
on_key: pusha
        in      al, KEYS                ; has to be read, or no other comes
        movzx   eax, al
        mov     esi, scan_code
        call    tell32
end_of_interrupt:
        mov     al, END_OF_INTERRUPT
        out     PIC_1, al
        popa
no_request: iret                        ; went away before it was asked for, as line 7 then: nothing to end

        align   8, db 0
idt:                                    ; the handler's address in two halves: we lie below 64 KiB
%assign vector 0
%rep    EXCEPTIONS
        dw      exception_%[vector], CODE32, GATE, 0
%assign vector vector + 1
%endrep
        dw      on_timer, CODE32, GATE, 0, on_key, CODE32, GATE, 0
        times 6 dw no_request, CODE32, GATE, 0
idt_pointer:
        dw      $ - idt - 1
        dd      idt

%assign vector 0                        ; the CPU does not tell the vector: each exception has code for that
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
names:  dd      '#DE', '#DB', 'NMI', '#BP', '#OF', '#BR', '#UD', '#NM', '#DF', '9', '#TS', '#NP', '#SS', '#GP'
        dd      '#PF', '15', '#MF', '#AC', '#MC', '#XM', '#VE', '#CP' ; Intel SDM 3A, table 6-1
        times   EXCEPTIONS - ($ - names) / 4 dd '?'
before: db      'Dividing by zero.', 13, 10, 0
exception: db   'Exception ', 0
address: db     ' at ', 0
behind: db      'Still here. Keys, please.', 13, 10, 0
scan_code: db   'Scan code ', 0

%include "legacy/lessons/protected.inc"
TEXT_ROUTINES 32
