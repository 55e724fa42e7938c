; embedded.asm: the loader's files, so that the tool is one file that needs no other.
;
; Each `embedded_NAME` is a struct content (host/file.h): the address and the size of the bytes. NASM is
; told with -I in which folder the build puts them.

bits 64

%macro embed 2 ; name, file
section .rodata align=16
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

        embed   boot, "legacy/boot.bin"
        embed   boot_pxe, "legacy/pxe_boot.bin"
        embed   stage2, "legacy/stage2.bin"
        embed   efi, "uefi/lintelx64.efi"

section .note.GNU-stack noalloc noexec nowrite progbits
