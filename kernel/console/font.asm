; The screen's font: 256 glyphs in Latin-1 order, 16 rows of 8 pixels each, bit 7 leftmost. The build
; makes the file FONT_BIN with config/psf_to_bin.py.

global font

section .rodata
align 16
font:
    incbin FONT_BIN, 0, 256 * 16
%if $ - font != 256 * 16
%error FONT_BIN must hold 4096 bytes
%endif
section .note.GNU-stack noalloc noexec nowrite progbits
