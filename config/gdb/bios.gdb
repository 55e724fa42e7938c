# First sector at 7C00h in real mode; second stage and core at 8000h in real, then long mode.
add-symbol-file build/legacy/boot.elf
add-symbol-file build/legacy/stage2.elf
