; kernel.asm: the smallest kernel, which only stamps the moment at which it runs. The same for
; Lintel (elf64, by its own protocol with -DLINTEL, by Limine's with -DLIMINE) and for GRUB (elf32,
; Multiboot2).
%include "stamp.inc"

%ifdef LINTEL
bits 64
section .note.lintel note alloc
        dd      7, 32, 1                ; name bytes, descriptor bytes, LINTEL_NOTE_REQUEST
        db      "Lintel", 0, 0
        dd      1, 0                    ; LINTEL_ABI_VERSION, flags
        dq      0
        dd      0, 0, 0, 0
%elifdef LIMINE
bits 64
section .data
        align   8
        dq      0F9562B2D5C95A6C8h, 6A7B384944536BDCh, 3 ; base revision 3
%else
bits 32
section .multiboot2 align=8
header: dd      0E85250D6h, 0, header_end - header, -(0E85250D6h + header_end - header)
        dw      0, 0
        dd      8
header_end:
%endif

section .text
global _start
_start: STAMP   'K'
        END
