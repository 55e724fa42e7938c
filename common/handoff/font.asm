; The reporter's font: 256 characters of 8 x 16 pixels, one byte a line.
section .rodata
global font
font:   incbin  FONT_BIN
section .note.GNU-stack noalloc noexec nowrite progbits
