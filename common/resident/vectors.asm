; The vectors of the kernel's first interrupt table, at the very start of the resident image.

bits 64
default rel

%include "core/offsets.inc"
%include "common/resident/vectors.inc"

extern fault_report

section .text.vectors

global resident_vectors
resident_vectors:
        fault_vectors 256

section .note.GNU-stack noalloc noexec nowrite progbits
