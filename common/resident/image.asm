; The resident image, as the loader carries it; its font is the loader's, too.

section .rodata

; Page-aligned, so that its own alignment holds in memory too.
        align   4096
global resident_image:data hidden, resident_image_end:data hidden
resident_image:
        incbin  RESIDENT_ELF
resident_image_end:

global font:data hidden, font_extras:data hidden ; glyphs.asm
font        equ resident_image + FONT_AT
font_extras equ font + 256 * 16

section .note.GNU-stack noalloc noexec nowrite progbits
