; The table of functions and lines (symbols.h). The build makes the file SYMBOLS_BIN with
; config/symbols.py: empty for the first link, from that link's result for the second.

global symbol_table

section .rodata.symbols
align 8
symbol_table:
    incbin SYMBOLS_BIN
