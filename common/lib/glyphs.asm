; The font of screens (config/psf_to_bin.py): glyphs, one byte a row of pixels, and the code points of
; those in the place of the control characters.
section .rodata
global font, font_extras
font:        incbin FONT_BIN, 0, 256 * 16
font_extras: incbin FONT_BIN, 256 * 16
%if $ - font_extras != 32 * 2
%error FONT_BIN must hold 4160 bytes
%endif
section .note.GNU-stack noalloc noexec nowrite progbits
