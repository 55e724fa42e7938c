; The leap: from the loader's last instruction, after the firmware has left, to a foreign kernel's
; first one. leap.c copies the program below to memory that no move touches.

; struct leap_state, asserted in leap_state.h
S_TABLES        equ 0                   ; the 4-level top table
S_MOVES         equ 8
S_MOVE_COUNT    equ 16
S_MODE          equ 24
S_ENTRY         equ 32
S_REGISTERS     equ 40                  ; as PUSHAD leaves them, 64-bit: RDI RSI RBP RSP RBX RDX RCX RAX
S_SEGMENTS      equ 104                 ; DS ES FS GS SS
S_INTERRUPTS    equ 114
S_CODE          equ 116
S_DATA          equ 118
S_GDTR          equ 120
S_IDTR          equ 136
S_STACK_TOP     equ 4096

MODE_LONG       equ 0
MODE_REAL       equ 2

; The leap's own selectors, behind the three that a protocol may choose.
CODE32          equ 20h
CODE16          equ 28h
DATA16          equ 30h
DATA32          equ 38h

CR0_PE          equ 1
CR0_PROTECTED   equ 11h                 ; ET PE
CR0_PG          equ 80000000h
CR4_PAE         equ 20h
CR4_PGE         equ 80h
MSR_EFER        equ 0C0000080h
EFER_LME        equ 100h

section .text
bits 64
default rel

; void leap_jump(uint64_t root, uint64_t program, uint64_t state)
;   in:  rdi = physical address of the leap's tables, rsi = of the program, rdx = of its state.
;   Does not return. PGE goes off, and drops the loader's translations, global ones too.
global leap_jump:function hidden
leap_jump:
        cli
        mov     rax, cr4
        and     rax, ~CR4_PGE
        mov     cr4, rax
        mov     cr3, rdi
        jmp     rsi

section .rodata

; In: 64-bit mode with 4 or 5 levels, on tables that map all memory one to one, below 4 GiB,
; interrupts off, RDX = struct leap_state.
        align   16
global leap_program:data hidden, leap_program_end:data hidden
leap_program:
        cld
        mov     rbx, rdx
        lea     rsp, [rbx + S_STACK_TOP]
        lgdt    [rbx + S_GDTR]
        call    make_moves
        cmp     dword [rbx + S_MODE], MODE_REAL
        jne     .leave_long_mode
        call    copy_real_mode_part
.leave_long_mode:
        lidt    [rbx + S_IDTR]
        push    CODE32
        lea     rax, [in_32_bits]
        push    rax
        retfq

; Backwards where a move's source begins below its destination and reaches into it.
; In: RBX = struct leap_state. Clobbers RAX, RCX, RSI, RDI, RBP, R8. Also called by a host test.
global make_moves:data hidden
make_moves:
        mov     rbp, [rbx + S_MOVES]
        mov     r8, [rbx + S_MOVE_COUNT]
.next:  sub     r8, 1
        jb      .done
        mov     rsi, [rbp]
        mov     rdi, [rbp + 8]
        mov     rcx, [rbp + 16]
        add     rbp, 24
        mov     rax, rdi
        sub     rax, rsi
        cmp     rax, rcx
        jb      .backwards
        mov     eax, ecx
        shr     rcx, 3
        rep     movsq
        mov     ecx, eax
        and     ecx, 7
        rep     movsb
        jmp     .next
.backwards:
        std
        lea     rsi, [rsi + rcx - 1]
        lea     rdi, [rdi + rcx - 1]
        mov     eax, ecx
        and     eax, 7
        shr     rcx, 3
        xchg    rax, rcx                ; the odd bytes first
        rep     movsb
        sub     rsi, 7
        sub     rdi, 7
        mov     rcx, rax
        rep     movsq
        cld
        jmp     .next
.done:  ret

; Paging off ends long mode, whatever its levels were. Everything is as a CPU has it that has never
; seen long mode, but for the registers.
bits 32
in_32_bits:
        mov     eax, cr0
        and     eax, ~CR0_PG
        mov     cr0, eax
        mov     ecx, MSR_EFER
        xor     eax, eax
        xor     edx, edx
        wrmsr
        mov     cr4, eax
        mov     eax, CR0_PROTECTED
        mov     cr0, eax
        cmp     dword [ebx + S_MODE], MODE_REAL
        je      to_real_mode
        movzx   eax, word [ebx + S_DATA]
        mov     ds, eax
        mov     es, eax
        mov     fs, eax
        mov     gs, eax
        mov     ss, eax
        cmp     dword [ebx + S_MODE], MODE_LONG
        je      to_long_mode

; POPAD leaves ESP alone, and no register is left to hold an address then, so that ESP and the entry
; become part of the instructions.
        call    .here
.here:  pop     ebp
        mov     eax, [ebx + S_REGISTERS + 3 * 8]
        mov     [ebp + .set_esp - .here + 1], eax
        mov     eax, [ebx + S_ENTRY]
        mov     [ebp + .enter - .here + 1], eax
        mov     ax, [ebx + S_CODE]
        mov     [ebp + .enter - .here + 5], ax
        call    pack_registers
        popad
.set_esp:
        mov     esp, strict dword 0
.enter: jmp     dword 0:0

; The registers' lower halves, in PUSHAD's order, under the return address. Clobbers EAX, ECX, ESI.
pack_registers:
        pop     eax
        lea     esi, [ebx + S_REGISTERS + 7 * 8]
        mov     ecx, 8
.next:  push    dword [esi]
        sub     esi, 8
        loop    .next
        jmp     eax

to_long_mode:
        mov     eax, CR4_PAE
        mov     cr4, eax
        mov     eax, [ebx + S_TABLES]
        mov     cr3, eax
        mov     ecx, MSR_EFER
        mov     eax, EFER_LME
        xor     edx, edx
        wrmsr
        mov     eax, CR0_PROTECTED | CR0_PG
        mov     cr0, eax
        call    .here
.here:  pop     eax
        add     eax, .in_64_bits - .here
        movzx   ecx, word [ebx + S_CODE]
        push    ecx
        push    eax
        retf
bits 64
.in_64_bits:
        movzx   eax, word [rbx + S_DATA]
        push    rax
        push    qword [rbx + S_REGISTERS + 3 * 8]
        push    2                       ; RFLAGS
        movzx   eax, word [rbx + S_CODE]
        push    rax
        push    qword [rbx + S_ENTRY]
        mov     rdi, [rbx + S_REGISTERS]
        mov     rsi, [rbx + S_REGISTERS + 8]
        mov     rbp, [rbx + S_REGISTERS + 2 * 8]
        mov     rdx, [rbx + S_REGISTERS + 5 * 8]
        mov     rcx, [rbx + S_REGISTERS + 6 * 8]
        mov     rax, [rbx + S_REGISTERS + 7 * 8]
        mov     rbx, [rbx + S_REGISTERS + 4 * 8]
        xor     r8d, r8d
        xor     r9d, r9d
        xor     r10d, r10d
        xor     r11d, r11d
        xor     r12d, r12d
        xor     r13d, r13d
        xor     r14d, r14d
        xor     r15d, r15d
        iretq

; ---- real mode -----------------------------------------------------------------------------------

REAL            equ 500h                ; free on every PC: behind the BIOS's data, in page 0

; The part that real mode runs, and its registers behind it. Clobbers RAX, RCX, RSI, RDI.
copy_real_mode_part:
        lea     rsi, [real_mode_part]
        mov     edi, REAL
        mov     ecx, real_mode_part_end - real_mode_part
        rep     movsb
        lea     rsi, [rbx + S_REGISTERS]
        mov     edi, REAL + registers - real_mode_part
        mov     ecx, 8
.next:  lodsq
        stosd
        loop    .next
        lea     rsi, [rbx + S_SEGMENTS]
        mov     ecx, 4
        rep     movsw
        mov     eax, [rbx + S_REGISTERS + 3 * 8]
        stosw
        movsw                           ; SS
        mov     eax, [rbx + S_ENTRY]
        stosd
        lodsb
        stosb
        ret

bits 32
to_real_mode:
        mov     eax, DATA16             ; real mode keeps the limits that these load
        mov     ds, eax
        mov     es, eax
        mov     fs, eax
        mov     gs, eax
        mov     ss, eax
        jmp     CODE16:REAL

bits 16
real_mode_part:
        lidt    [REAL + .idt - real_mode_part]
        mov     eax, cr0
        and     al, ~CR0_PE
        mov     cr0, eax
        jmp     0:REAL + .real - real_mode_part
.real:  xor     ax, ax
        mov     ss, ax
        mov     esp, REAL + registers - real_mode_part
        cmp     byte [ss:REAL + interrupts - real_mode_part], 0
        popad
        pop     ds
        pop     es
        pop     fs
        pop     gs
        lss     sp, [ss:REAL + stack - real_mode_part]
        je      .enter
        sti
.enter: jmp     far [cs:REAL + entry - real_mode_part]
.idt:   dw      3FFh
        dd      0
registers:
        times   8 dd 0
        times   4 dw 0                  ; DS ES FS GS
stack:  dd      0
entry:  dd      0
interrupts:
        db      0
real_mode_part_end:
leap_program_end:

section .note.GNU-stack noalloc noexec nowrite progbits
