; The resident image, as the loader carries it.

section .rodata

; Page-aligned, so that its own alignment holds in memory too.
        align   4096
global resident_image:data hidden, resident_image_end:data hidden
resident_image:
        incbin  RESIDENT_ELF
resident_image_end:

section .note.GNU-stack noalloc noexec nowrite progbits
