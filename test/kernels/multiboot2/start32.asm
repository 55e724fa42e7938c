; start32.asm: a 32-bit Multiboot2 kernel. Built as an ELF32 file, and with FLAT as a flat file that
; says by its own tags where it goes.
%include "header.inc"

bits 32
        HEADER
        TAG     1, REQUIRED, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, \
                20, 21
        TAG     6, REQUIRED             ; modules on page boundaries
%ifdef FRAMEBUFFER
        TAG     4, REQUIRED, 3          ; a console is required; text is known
        TAG     5, REQUIRED, 800, 600, 32
%else
        TAG     4, REQUIRED, 2
%endif
%ifdef FLAT
extern data_end, image_end, image_start
        TAG     2, REQUIRED, header, image_start, data_end, image_end
        TAG     3, REQUIRED, start
%endif
        TAG     8, REQUIRED, 0FFFFFFFFh ; for 32-bit EFI: nobody's business here
        TAG     4711, OPTIONAL, 1, 2, 3
        HEADER_END

section .text progbits alloc exec nowrite align=16
%include "start32.inc"
