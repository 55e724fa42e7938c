; probe.asm: a kernel for the Linux boot protocol that must lie where the loader or the firmware
; lives, so that a leap has to move it. It says on COM1 whether it was entered as it should be, and
; whether all of it is there. -DBITS=64, 32 or real: its only entry. -DADDRESS: its place.

%define real    16
PATTERN_DWORDS  equ 10000h              ; 256 KiB
PATTERN_STEP    equ 9E3779B1h
COM1            equ 3F8h

%if BITS == 16
LOADFLAGS       equ 0                   ; LOADED_HIGH is clear
%else
LOADFLAGS       equ 1
%endif

; ---- the real-mode part --------------------------------------------------------------------------
bits 16
section setup start=0
        times   1F1h db 0
        db      SETUP_SECTORS - 1
        dw      0
        dd      (PAYLOAD_BYTES + 15) / 16
        dw      0, 0, 0, 0AA55h
        jmp     short setup
        db      "HdrS"
        dw      20Fh, 0, 0, 0, 0
        db      0, LOADFLAGS
        dw      0
        dd      0x100000                ; code32_start: the entry is the first byte
        dd      0, 0, 0
        dw      0
        db      0, 0
        dd      0, 7FFFFFFFh            ; cmd_line_ptr, initrd_addr_max
        dd      0                       ; kernel_alignment
        db      0, 0                    ; not relocatable
        dw      BITS == 64              ; xloadflags
        dd      255
        dd      0
        dq      0
        dd      0, 0
        dq      0, ADDRESS
        dd      PAYLOAD_BYTES
        dd      0
setup:
%if BITS == 16
        mov     ax, cs
        sub     ax, 20h
        mov     bx, ds
        cmp     ax, bx
        jne     .wrong
        mov     bx, ss
        cmp     ax, bx
        jne     .wrong
        cmp     sp, 0E000h
        jne     .wrong
        int     12h                     ; the BIOS is there
        cmp     ax, 512
        jb      .wrong
        mov     ah, 2                   ; and its clock runs: interrupts arrive
        sti
        int     1Ah
        mov     ax, 40h
        mov     fs, ax
        mov     ax, [fs:6Ch]
.tick:  cmp     ax, [fs:6Ch]
        je      .tick
        mov     ax, ADDRESS >> 4
        mov     ecx, PATTERN_DWORDS
        xor     edi, edi                ; the value
        mov     es, ax
        mov     si, pattern - payload
.next:  cmp     [es:si], edi
        jne     .wrong
        add     edi, PATTERN_STEP
        add     si, 4
        jnc     .same
        mov     ax, es
        add     ax, 1000h
        mov     es, ax
.same:  dec     ecx
        jnz     .next
        mov     esi, [228h]             ; the command line, in this segment
        mov     ax, ds
        movzx   eax, ax
        shl     eax, 4
        sub     esi, eax
        mov     bx, right - setup_start
        call    say
        mov     bx, si
        call    say
        mov     bx, line - setup_start
        call    say
        jmp     $
.wrong: mov     bx, wrong - setup_start
        call    say
        jmp     $
say:    mov     dx, COM1
.byte:  mov     al, [bx]
        test    al, al
        jz      .done
        out     dx, al
        inc     bx
        jmp     .byte
.done:  ret
right:  db      "probe: real mode, all there: ", 0
wrong:  db      "probe: wrong", 10, 0
line:   db      10, 0
%endif
        align   512, db 0
SETUP_SECTORS   equ ($ - $$) / 512
setup_start     equ $$

; ---- the kernel ----------------------------------------------------------------------------------
section kernel follows=setup vstart=ADDRESS
payload:
%if BITS != 16
%if BITS == 64
        times   200h db 0F4h            ; the 32-bit entry is not the one
bits 64
default abs
%else
bits 32
%endif
        mov     esp, ADDRESS
        mov     dx, ss
        mov     ax, cs
        cmp     ax, 10h
        jne     wrong
        mov     ax, ds
        mov     bx, es
        cmp     ax, 18h
        jne     wrong
        cmp     bx, ax
        jne     wrong
        cmp     dx, ax
        jne     wrong
        cmp     dword [esi + 202h], "HdrS"
        jne     wrong
        mov     edi, pattern
        mov     ecx, PATTERN_DWORDS
        xor     eax, eax
.next:  cmp     [edi], eax
        jne     wrong
        add     eax, PATTERN_STEP
        add     edi, 4
        dec     ecx
        jnz     .next
%if BITS == 64
        mov     rax, 140000000h         ; 5 GiB: memory above 4 GiB is mapped, too
        mov     [rax], rsi
        cmp     [rax], rsi
        jne     wrong
%endif
        mov     ebx, [esi + 228h]
        mov     esi, right
        call    say
        mov     esi, ebx
        call    say
        mov     esi, line
        call    say
        jmp     $
wrong:  mov     esi, text_wrong
        call    say
        jmp     $
say:    mov     dx, COM1
.byte:  mov     al, [esi]
        test    al, al
        jz      .done
        out     dx, al
        inc     esi
        jmp     .byte
.done:  ret
right:  db      "probe: ", '0' + BITS / 10, '0' + BITS % 10, " bits, all there: ", 0
text_wrong:
        db      "probe: wrong", 10, 0
line:   db      10, 0
%endif
        align   16, db 0
pattern:
%assign value 0
%rep PATTERN_DWORDS
        dd      value
%assign value (value + PATTERN_STEP) & 0FFFFFFFFh
%endrep
PAYLOAD_BYTES   equ $ - payload
