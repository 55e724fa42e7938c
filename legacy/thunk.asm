; thunk.asm: from long mode to one real-mode interrupt, and back.

%include "core/offsets.inc"
%include "legacy/offsets.inc"

FLAGS_IF        equ 200h
TASK_BUSY       equ 2                   ; in a descriptor's type

%if bios_regs.edi != 0 || bios_regs.eax != 28 || bios_regs.ds != 32 || bios_regs.flags != 40
%error struct bios_regs is not what POPAD, POP DS, ES, FS, GS and POPFD take
%endif

REAL_STACK      equ 7C00h

extern gdt_pointer, real_idt, CODE16, DATA16, CODE64, DATA64
extern enable_a20, stop, text_a20, page0

; void bios_call(uint8_t vector, struct bios_regs *regs)
; void real_call(uint32_t handler, struct bios_regs *regs)
;
; Calls a real-mode interrupt, or any handler of that shape, with the registers of *regs, and puts
; there what it returns. SS:SP is the loader's real-mode stack at 0000:7C00; interrupts are on until
; the handler is entered, and as it likes from then on, and never in long mode. Address line A20 is
; on afterwards.
;
; In:        EDI = vector, or the handler's far pointer; RSI = regs (any address)
; Preserves: RBX, RBP, RSP, R12 to R15, RFLAGS (DF and IF too), CR0, CR3, CR4, EFER, GDTR, IDTR, TR
; Clobbers:  RAX, RCX, RDX, RSI, RDI, R8 to R11; x87, MMX and SSE registers, as the BIOS pleases
section .real progbits alloc exec nowrite align=16
bits 64
global bios_call
bios_call:
        movzx   edi, dil
        mov     edi, [page0 + edi * 4]  ; the interrupt vector table
global real_call
real_call:
        pushfq
        cli
        cld
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        push    rsi
        mov     [abs saved_rsp], rsp
        sgdt    [abs saved_gdt]
        sidt    [abs saved_idt]
        str     [abs saved_task]
        mov     rax, cr0
        mov     [abs saved_cr0], eax
        mov     rax, cr3
        mov     [abs saved_cr3], eax
        mov     rax, cr4
        mov     [abs saved_cr4], eax
        mov     ecx, MSR_EFER
        rdmsr
        and     eax, ~EFER_LMA          ; not ours to write
        mov     [abs saved_efer], eax

        mov     [abs handler], edi
        mov     edi, registers
        mov     ecx, bios_regs_bytes / 4
        rep     movsd
        and     dword [abs registers + bios_regs.flags], ~FLAGS_IF
        mov     dword [abs resume], .back
        push    CODE16
        push    leave_long_mode
        retfq

.back:  mov     rsp, [abs saved_rsp]
        lgdt    [abs saved_gdt]
        lidt    [abs saved_idt]
        movzx   eax, word [abs saved_task]
        test    eax, eax
        jz      .return
        mov     rcx, [abs saved_gdt + 2]
        and     byte [rcx + rax + 5], ~TASK_BUSY ; or LTR faults
        ltr     ax
.return:
        pop     rdi
        mov     esi, registers
        mov     ecx, bios_regs_bytes / 4
        rep     movsd
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        popfq
        ret

bits 16

; In: compatibility mode in CODE16, interrupts off.
leave_long_mode:
        mov     ax, DATA16              ; real mode keeps the limits that these load
        mov     ds, ax
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        mov     ss, ax
        lidt    [real_idt]
        mov     eax, cr0
        and     eax, ~CR0_PG            ; ends long mode
        mov     cr0, eax
        mov     ecx, MSR_EFER               ; a BIOS may use paging itself, and expects legacy paging
        rdmsr
        and     eax, ~EFER_LME
        wrmsr
        xor     eax, eax
        mov     cr4, eax
        mov     eax, cr0
        and     eax, ~CR0_PE
        mov     cr0, eax
        jmp     0:.real
.real:  xor     ax, ax
        mov     ss, ax
        mov     sp, registers
        popad
        pop     ds
        pop     es
        pop     fs
        pop     gs
        popfd
        mov     sp, REAL_STACK
        sti
        pushf                           ; as INT does it; the handler may end in IRET or RETF 2
        cli
        call    far [cs:handler]
        cli
        mov     sp, registers + bios_regs_bytes
        pushfd
        push    gs
        push    fs
        push    es
        push    ds
        pushad
        xor     ax, ax
        mov     ds, ax
        mov     sp, REAL_STACK
        call    enable_a20
        mov     si, text_a20
        jc      stop

; Real mode to long mode with the saved control registers; goes on at the 64-bit address `resume`
; with flat data segments. Clobbers all but RBX, RSI, RDI, RBP.
global to_long_mode
to_long_mode:
        cli
        cld
        xor     ax, ax
        mov     ds, ax
        lgdt    [gdt_pointer]
        mov     eax, [saved_cr4]
        mov     cr4, eax
        mov     eax, [saved_cr3]
        mov     cr3, eax
        mov     ecx, MSR_EFER
        rdmsr
        mov     eax, [saved_efer]
        wrmsr
        mov     eax, [saved_cr0]
        mov     cr0, eax                ; PE and PG at once: straight into long mode
        jmp     dword CODE64:.long
bits 64
.long:  mov     ax, DATA64
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        xor     eax, eax
        mov     fs, ax
        mov     gs, ax
        mov     eax, [abs resume]
        jmp     rax

section .real_data nobits alloc noexec write align=8
global resume, saved_cr0, saved_cr3, saved_cr4, saved_efer
saved_rsp:      resq 1
resume:         resq 1
saved_cr0:      resd 1
saved_cr3:      resd 1
saved_cr4:      resd 1
saved_efer:     resd 1
handler:        resd 1
                resb 64                 ; an NMI while SP is in `registers` pushes here
registers:      resb bios_regs_bytes
saved_gdt:      resb 10
saved_idt:      resb 10
saved_task:     resw 1
