; 256 interrupt vectors of 16 bytes (RESIDENT_VECTOR_BYTES), at the very start of the resident image. Each
; brings the stack into the shape of struct fault_frame (fault.c) and goes on in fault_report().

bits 64
default rel

%include "common/resident/push_registers.inc"

extern fault_report

section .text.vectors

%macro vector 1
        align   16
%if (%1 == 8) || (%1 >= 10 && %1 <= 14) || %1 == 17 || %1 == 21 || %1 == 29 || %1 == 30
        ; the CPU has pushed an error code (Intel SDM 3A, table 6-1; AMD APM 2, 8.2)
%else
        push    0
%endif
        push    qword %1
        jmp     near report
%endmacro

global resident_vectors
resident_vectors:
%assign number 0
%rep 256
        vector  number
%assign number number + 1
%endrep
        align   16

section .text

report: push_registers
        cld
        mov     rdi, rsp
        and     rsp, ~15
        call    fault_report
.stop:  cli
        hlt
        jmp     .stop

section .note.GNU-stack noalloc noexec nowrite progbits
