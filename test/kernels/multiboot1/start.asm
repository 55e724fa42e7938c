; start.asm: a Multiboot kernel (specification 0.6.96). Built as an ELF32 file that asks for a
; framebuffer, and with FLAT as a flat file that says by its address fields where it goes.
%ifdef FLAT
FLAGS equ 10003h
%else
FLAGS equ 7                             ; pages, memory, video
%endif

bits 32
extern image_start, data_end, image_end
section .header progbits alloc noexec nowrite align=4
        dd      0BAADF00Dh              ; the header need not come first
header: dd      1BADB002h, FLAGS, -(1BADB002h + FLAGS)
        dd      header, image_start, data_end, image_end, start
        dd      0, 800, 600, 32         ; linear graphics

section .text progbits alloc exec nowrite align=16
%include "start32.inc"
