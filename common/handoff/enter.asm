; The loader's side of the handoff, and the resident image that it jumps into.

bits 64
default rel

section .text

; uint32_t handoff_levels(void)
;   out: eax = 4 or 5, by CR4.LA57 (bit 12). Clobbers nothing else.
global handoff_levels:function hidden
handoff_levels:
        mov     rax, cr4
        shr     eax, 12
        and     eax, 1
        add     eax, 4
        ret

; void handoff_enter(uint64_t bridge, uint64_t resident_entry)
;   in:  rdi = physical address of the bridge's top table, rsi = physical address to go on at.
;   Does not return. The stack is gone after the first line: the bridge does not map it.
global handoff_enter:function hidden
handoff_enter:
        cli
        mov     cr3, rdi
        jmp     rsi

section .rodata

; Page-aligned, so that its own alignment holds in memory too.
        align   4096
global resident_image:data hidden, resident_image_end:data hidden
resident_image:
        incbin  RESIDENT_ELF
resident_image_end:

section .note.GNU-stack noalloc noexec nowrite progbits
