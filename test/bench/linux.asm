; linux.asm: what takes the place of a Linux kernel's first 4 KiB behind its real-mode part, so that
; it only stamps the moment at which a loader enters it with everything loaded, by each of its
; entries. bench_linux.py patches the file and its header.
%include "stamp.inc"

; Offsets in UEFI's tables (UEFI 2.10, 4.3 and 4.4).
BOOT_SERVICES   equ 60h                 ; of the system table
ALLOCATE_PAGES  equ 28h
HANDLE_PROTOCOL equ 98h
LOCATE_PATH     equ 0B8h
LOADER_DATA     equ 2

bits 32
entry_32:
        STAMP   'K'
        END

times 200h - ($ - $$) db 0
bits 64
default rel
entry_64:
        STAMP   'K'
        END

; The EFI entry: RDX = system table. Loads the initrd by LoadFile2, as Linux does. RBX = boot
; services, RSI = the file's protocol, RSP is kept at a multiple of 16.
times 400h - ($ - $$) db 0
efi_entry:
        sub     rsp, 58h
        mov     rbx, [rdx + BOOT_SERVICES]
        lea     rcx, [load_file2]
        lea     rax, [initrd_path]
        mov     [rsp + 30h], rax
        lea     rdx, [rsp + 30h]
        lea     r8, [rsp + 38h]
        call    [rbx + LOCATE_PATH]
        test    rax, rax
        jnz     failed
        mov     rcx, [rsp + 38h]
        lea     rdx, [load_file2]
        lea     r8, [rsp + 40h]
        call    [rbx + HANDLE_PROTOCOL]
        test    rax, rax
        jnz     failed
        mov     rsi, [rsp + 40h]
        mov     qword [rsp + 48h], 0    ; bytes
        xor     r9d, r9d
        call    load_file
        mov     r8, [rsp + 48h]
        add     r8, 4095
        shr     r8, 12
        xor     ecx, ecx                ; any pages
        mov     edx, LOADER_DATA
        lea     r9, [rsp + 50h]
        call    [rbx + ALLOCATE_PAGES]
        test    rax, rax
        jnz     failed
        mov     r9, [rsp + 50h]
        call    load_file
        test    rax, rax
        jnz     failed
        STAMP   'K'
        END

; In: R9 = buffer or 0. The stack is entered 8 bytes deeper than the offsets above.
load_file:
        sub     rsp, 28h
        mov     [rsp + 20h], r9
        mov     rcx, rsi
        mov     rdx, [rsp + 60h]        ; what is left of the path: its end
        xor     r8d, r8d
        lea     r9, [rsp + 78h]
        call    [rsi]
        add     rsp, 28h
        ret

failed: END

; The EFI handover entry: GRUB has loaded the initrd by then.
times 800h - ($ - $$) db 0
handover_entry:
        STAMP   'K'
        END

align 8
load_file2:                             ; EFI_LOAD_FILE2_PROTOCOL_GUID
        dd      4006C0C1h
        dw      0FCB3h, 403Eh
        db      99h, 6Dh, 4Ah, 6Ch, 87h, 24h, 0E0h, 6Dh
initrd_path:                            ; a vendor's media path with LINUX_EFI_INITRD_MEDIA_GUID
        db      4, 3, 20, 0
        dd      5568E427h
        dw      68FCh, 4F3Dh
        db      0ACh, 74h, 0CAh, 55h, 52h, 31h, 0CCh, 68h
        db      7Fh, 0FFh, 4, 0
