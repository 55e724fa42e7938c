; pxe.asm: the way in from the network, and the calls back into the PXE ROM.

extern boot_network, check_machine, clear_real_data

section .real progbits alloc exec nowrite align=16
bits 16

; In: as pxe_boot.asm leaves it: ES:BX = PXENV+ structure, SS:SP + 4 = far pointer to !PXE.
global from_network
from_network:
        mov     bp, sp
        mov     eax, [bp + 4]
        xor     cx, cx
        mov     ds, cx
        call    clear_real_data
        mov     [bang_pxe], eax
        mov     [pxenv_plus], bx
        mov     [pxenv_plus + 2], es
        mov     byte [boot_network], 1
        jmp     check_machine

; The PXE API in the shape of an interrupt handler, for real_call(). !PXE takes its arguments on the
; stack, PXENV+ in registers (PXE 2.1, 3.2 and 3.1): both are given. ROMs wait by the timer, so
; interrupts are on.
;
; In:       BX = function, ES:DI = its parameters
; Out:      AX = 0: done; else the first word of the parameters says what failed
; Clobbers: what the ROM pleases
global pxe_handler
pxe_handler:
        sti
        cld
        push    es
        push    di
        push    bx
        call    far [cs:pxe_entry]
        add     sp, 6
        iret

section .real_data nobits alloc noexec write align=4
global bang_pxe, pxenv_plus, pxe_entry
bang_pxe:       resd 1                  ; far pointers, as the ROM gave them
pxenv_plus:     resd 1
pxe_entry:      resd 1                  ; the one that pxe.c chose
