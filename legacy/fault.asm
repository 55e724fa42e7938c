; fault.asm: what the CPU's exceptions enter while the loader runs.

; What lies on the stack when fault_report() is called; struct fault of fault.c:
; R15 to R8, RDI, RSI, RBP, RBX, RDX, RCX, RAX, vector, error code, RIP, CS, RFLAGS, RSP, SS.

FAULT_VECTORS   equ 32                  ; as fault.c has it
STUB_BYTES      equ 16

%include "common/resident/push_registers.inc"

extern fault_report

section .text
bits 64

; FAULT_VECTORS entry points, STUB_BYTES apart.
global fault_stubs
align 16
fault_stubs:
%assign vector 0
%rep FAULT_VECTORS
        align   STUB_BYTES
%if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21
        push    0                       ; where the CPU gives no error code
%endif
        push    vector
        jmp     near report
%assign vector vector + 1
%endrep

report: push_registers
        cld
        mov     rdi, rsp
        call    fault_report
