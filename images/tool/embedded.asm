; embedded.asm: the loader's files, so that the tool is one file that needs no other.
;
; Each `embedded_NAME` is a struct content (file.h): the address and the size of the bytes. BUILD is
; the folder that the files were built in.

bits 64
default rel

%macro embed 2 ; name, file
section .rodata
align 16
bytes_%1:
        incbin  %2
end_%1:
section .data.rel.ro progbits alloc noexec write align=8
global embedded_%1:data 16
embedded_%1:
        dq      bytes_%1
        dq      end_%1 - bytes_%1
%endmacro

        embed   boot_mbr, BOOT_MBR
        embed   boot_vbr16, BOOT_VBR16
        embed   boot_vbr32, BOOT_VBR32
        embed   stage2, STAGE2
        embed   efi, EFI_APPLICATION

section .note.GNU-stack noalloc noexec nowrite progbits
