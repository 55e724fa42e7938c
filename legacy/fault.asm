; fault.asm: what the CPU's exceptions enter while the loader runs.

%include "core/offsets.inc"
%include "legacy/offsets.inc"
%include "common/resident/vectors.inc"

extern fault_report

section .text
bits 64

global fault_stubs
align VECTOR_BYTES
fault_stubs:
        fault_vectors FAULT_VECTORS
