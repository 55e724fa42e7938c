; The one handoff program (handoff.h): from the loader's last instruction, after the firmware has left, to the
; kernel's first one.
;
;   begin           the state, its stack, tables of its own
;   make_moves      what could not be loaded in place
;   and by the mode of the entry
;   kernel's tables mask the 8259s, set MSRs, leave long mode, enter it again on the kernel's tables, go to the
;                   window, empty the lower half, settle the CPU, clear memory, load GDT, IDT, TSS, enter
;   long            leave long mode, enter it again on tables of 4 levels, enter
;   protected       leave long mode, enter
;   real            leave long mode, go on at 500h, leave protected mode, enter
;
; All modes leave long mode: LA57 can only change, and what is not long mode only begin, where paging is off.

%include "core/offsets.inc"
%include "common/handoff/clear_registers.inc"

%define S(field) (handoff_state. %+ field)

; Selectors in the program's own GDTs, beside HANDOFF_CODE and HANDOFF_DATA.
CODE32          equ 08h
CODE16          equ 20h
DATA16          equ 28h

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

; void handoff_enter(uint64_t root, uint64_t region)
;   in:  rdi = physical address of the top table, rsi = of the region.
;   Does not return. PGE goes off, and drops the loader's translations, global ones too. The stack is gone then.
global handoff_enter:function hidden
handoff_enter:
        cli
        mov     rax, cr4
        and     rax, ~CR4_PGE
        mov     cr4, rax
        mov     cr3, rdi
        lea     rax, [rsi + PAGE_BYTES]
        jmp     rax

; void handoff_enter_with_services(uint64_t entry, const struct handoff_registers *registers)
;   in:  rdi = the kernel's entry, rsi = RAX and RBX for it. Does not return, also when the kernel does. The CPU stays
;   as UEFI 2.10, 2.3.4 describes it, with firmware's own stack and tables.
global handoff_enter_with_services:function hidden
handoff_enter_with_services:
        cld
        and     rsp, -16
        mov     rax, [rsi + handoff_registers.rax]
        mov     rbx, [rsi + handoff_registers.rbx]
        call    rdi
.stop:  hlt
        jmp     .stop

section .rodata

; In: 64-bit mode with 4 or 5 levels, the region mapped one to one, interrupts off, RSI = the region.
        align   16
global handoff_program:data hidden, handoff_program_end:data hidden
handoff_program:
        cld
        mov     rbx, rsi
        lea     rsp, [rbx + PAGE_BYTES]
        call    load_own_tables
        call    make_low_move
        call    make_moves
        mov     eax, [rbx + S(mode)]
        cmp     eax, HANDOFF_LONG
        je      enter_in_long_mode
        cmp     eax, HANDOFF_PROTECTED
        je      enter_in_protected_mode
        cmp     eax, HANDOFF_REAL
        je      enter_in_real_mode

enter_on_kernel_tables:
        call    mask_interrupt_controllers
        call    set_msrs
        call    leave_long_mode
bits 32
        call    enter_long_mode
bits 64
        call    go_to_window
        call    empty_lower_half
        call    settle_cpu
        call    clear_memory
        call    load_kernels_tables
        call    push_return_address
        jmp     enter_kernel

enter_in_long_mode:
        call    leave_long_mode
bits 32
        call    enter_long_mode
bits 64

; RFLAGS are 2. What is needed last lies on the stack, so that every register can be loaded first.
enter_kernel:
        movzx   eax, word [rbx + S(data)]
        push    rax
        push    qword [rbx + S(registers.rsp)]
        push    2
        movzx   eax, word [rbx + S(code)]
        push    rax
        push    qword [rbx + S(entry)]
        clear_upper_registers
        mov     rax, [rbx + S(registers.rax)]
        mov     rcx, [rbx + S(registers.rcx)]
        mov     rdx, [rbx + S(registers.rdx)]
        mov     rsi, [rbx + S(registers.rsi)]
        mov     rdi, [rbx + S(registers.rdi)]
        mov     rbp, [rbx + S(registers.rbp)]
        mov     rbx, [rbx + S(registers.rbx)]
        iretq

; A kernel that returns goes to 0, faults, and is told so.
push_return_address:
        sub     qword [rbx + S(registers.rsp)], 8
        mov     rax, [rbx + S(registers.rsp)]
        mov     qword [rax], 0
        ret

; ---- moves ---------------------------------------------------------------------------------------

make_low_move:
        lea     rbp, [rbx + S(low)]
        mov     r8d, 1
        jmp     make_moves.next

; Backwards where a move's source begins below its destination and reaches into it.
; In: RBX = the state. Clobbers RAX, RCX, RSI, RDI, RBP, R8. Also called by a host test.
global make_moves:data hidden
make_moves:
        mov     rbp, [rbx + S(moves)]
        mov     r8, [rbx + S(move_count)]
.next:  sub     r8, 1
        jb      .done
        mov     rsi, [rbp + handoff_move.from]
        mov     rdi, [rbp + handoff_move.to]
        mov     rcx, [rbp + handoff_move.bytes]
        add     rbp, handoff_move_bytes
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

; ---- changes of mode -----------------------------------------------------------------------------

; The GDT that fits the mode of the entry, and the IDT of the state: the kernel's, or none. Data segments are
; loaded when long mode is left.
load_own_tables:
        lea     rax, [gdt_64]
        lea     rdx, [gdt_32]
        cmp     dword [rbx + S(mode)], HANDOFF_PROTECTED
        cmovae  rax, rdx
        push    rax
        push    word GDT_LIMIT
        lgdt    [rsp]
        add     rsp, 10
        lidt    [rbx + S(idtr)]
        ret

; Returns in 32-bit code with flat segments. All is then as a CPU has it that has never seen long mode, but for the
; registers. Clobbers EAX, ECX, EDX.
leave_long_mode:
        push    CODE32
        lea     rax, [.compatibility]
        push    rax
        retfq
bits 32
.compatibility:
        mov     eax, HANDOFF_DATA
        mov     ds, eax
        mov     es, eax
        mov     fs, eax
        mov     gs, eax
        mov     ss, eax
        mov     eax, cr0
        and     eax, ~CR0_PG
        mov     cr0, eax
        mov     ecx, MSR_EFER
        xor     eax, eax
        xor     edx, edx
        wrmsr
        mov     cr4, eax
        mov     eax, CR0_ET | CR0_PE
        mov     cr0, eax
        ret     4                       ; the caller pushed 64 bits

; Returns in 64-bit code, on the tables and with the control registers of the state; global pages are still off.
; The tables may need NX, so that EFER comes first. Clobbers EAX, ECX, EDX.
enter_long_mode:
        mov     eax, [ebx + S(cr4)]
        and     eax, ~CR4_PGE
        mov     cr4, eax
        mov     eax, [ebx + S(root)]
        mov     cr3, eax
        mov     ecx, MSR_EFER
        mov     eax, [ebx + S(efer)]
        xor     edx, edx
        wrmsr
        mov     eax, [ebx + S(cr0)]
        mov     cr0, eax
        pop     eax
        push    HANDOFF_CODE
        push    eax
        retf
bits 64

; ---- on the kernel's tables ----------------------------------------------------------------------

; Both 8259s. A spurious interrupt would otherwise meet the kernel before its own handlers do.
mask_interrupt_controllers:
        mov     al, 0xff
        out     0xa1, al
        out     0x21, al
        ret

; The PAT has to have its entries before a page refers to them. Segment bases are the kernel's to set.
set_msrs:
        mov     eax, [rbx + S(pat)]
        mov     edx, [rbx + S(pat) + 4]
        test    eax, eax
        jz      .bases
        mov     ecx, MSR_PAT
        wrmsr
.bases: xor     eax, eax
        xor     edx, edx
        mov     ecx, MSR_FS_BASE
        wrmsr
        inc     ecx
        wrmsr
        inc     ecx
        wrmsr
        ret

; From the physical addresses to the virtual ones.
go_to_window:
        mov     rdx, [rbx + S(delta)]
        add     rbx, rdx
        add     rsp, rdx
        add     [rsp], rdx
        ret

empty_lower_half:
        mov     rdi, [rbx + S(root_virtual)]
        test    rdi, rdi
        jz      .done
        mov     ecx, 256
        xor     eax, eax
        rep     stosq
.done:  ret

; What a CPU kept of the tables goes with CR3; nothing of it is global yet.
settle_cpu:
        mov     rax, cr3
        mov     cr3, rax
        mov     rax, cr4
        or      rax, CR4_OSFXSR         ; for LDMXCSR
        mov     cr4, rax
        fninit
        push    MXCSR_AT_RESET
        ldmxcsr [rsp]
        pop     rax
        mov     rax, [rbx + S(cr4)]
        mov     cr4, rax
        mov     eax, DR7_AT_RESET       ; no breakpoints
        mov     dr7, rax
        ret

clear_memory:
        mov     rsi, [rbx + S(zero)]
        mov     rdx, [rbx + S(zero_count)]
        xor     eax, eax
.next:  sub     rdx, 1
        jb      .done
        mov     rdi, [rsi + handoff_zero.base]
        mov     rcx, [rsi + handoff_zero.bytes]
        add     rsi, handoff_zero_bytes
        shr     rcx, 3
        rep     stosq
        jmp     .next
.done:  ret

; SS and CS come with the entry.
load_kernels_tables:
        lgdt    [rbx + S(gdtr)]
        xor     eax, eax
        lldt    ax
        movzx   eax, word [rbx + S(fs_gs)]
        mov     fs, eax
        mov     gs, eax
        movzx   eax, word [rbx + S(data)]
        mov     ds, eax
        mov     es, eax
        ltr     [rbx + S(tss)]
        ret

; ---- protected mode ------------------------------------------------------------------------------

; The registers' lower halves, in PUSHAD's order.
%macro push_registers 0
        push    dword [ebx + S(registers.rax)]
        push    dword [ebx + S(registers.rcx)]
        push    dword [ebx + S(registers.rdx)]
        push    dword [ebx + S(registers.rbx)]
        push    dword [ebx + S(registers.rsp)]
        push    dword [ebx + S(registers.rbp)]
        push    dword [ebx + S(registers.rsi)]
        push    dword [ebx + S(registers.rdi)]
%endmacro

; POPAD leaves ESP alone, and no register is left to hold an address then, so that ESP and the entry become part of
; the instructions.
enter_in_protected_mode:
        call    leave_long_mode
bits 32
        call    .here
.here:  pop     ebp
        mov     eax, [ebx + S(registers.rsp)]
        mov     [ebp + .set_esp - .here + 1], eax
        mov     eax, [ebx + S(entry)]
        mov     [ebp + .enter - .here + 1], eax
        mov     ax, [ebx + S(code)]
        mov     [ebp + .enter - .here + 5], ax
        push_registers
        popad
.set_esp:
        mov     esp, strict dword 0
.enter: jmp     dword 0:0
bits 64

; ---- real mode -----------------------------------------------------------------------------------

REAL            equ 500h                ; free on every PC: behind the BIOS's data, in page 0

%define in_real(label) (REAL + label - real_mode_part)

; The part that real mode runs goes to where real mode reaches it, and the registers behind it.
enter_in_real_mode:
        lea     rsi, [real_mode_part]
        mov     edi, REAL
        mov     ecx, real_mode_part_end - real_mode_part
        rep     movsb
        call    leave_long_mode
bits 32
        mov     al, [ebx + S(interrupts)]
        mov     [in_real(interrupts)], al
        mov     esp, in_real(interrupts)
        push    dword [ebx + S(entry)]
        push    word [ebx + S(registers.ss)]
        push    word [ebx + S(registers.rsp)]
        push    word [ebx + S(registers.gs)]
        push    word [ebx + S(registers.fs)]
        push    word [ebx + S(registers.es)]
        push    word [ebx + S(registers.ds)]
        push_registers
        mov     eax, DATA16             ; real mode keeps the limits that these load
        mov     ds, eax
        mov     es, eax
        mov     fs, eax
        mov     gs, eax
        mov     ss, eax
        jmp     CODE16:REAL

bits 16
real_mode_part:
        lidt    [in_real(.idt)]
        mov     eax, cr0
        and     al, ~CR0_PE
        mov     cr0, eax
        jmp     0:in_real(.real)
.real:  xor     ax, ax
        mov     ss, ax
        mov     esp, in_real(registers)
        cmp     byte [ss:in_real(interrupts)], 0
        popad
        pop     ds
        pop     es
        pop     fs
        pop     gs
        lss     sp, [ss:in_real(stack)]
        je      .enter
        sti
.enter: jmp     far [cs:in_real(entry)]
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

; ---- GDTs ----------------------------------------------------------------------------------------

; Flat segments (Intel SDM 3A, 3.4.5). Accessed is set, so that no CPU writes here. LONG and PROTECTED keep theirs.
        align   8
gdt_64: dq      0
        dq      SEGMENT_CODE_32         ; CODE32
        dq      SEGMENT_CODE_64         ; HANDOFF_CODE
        dq      SEGMENT_DATA_32         ; HANDOFF_DATA
        dq      0, 0
gdt_32: dq      0
        dq      SEGMENT_CODE_32         ; CODE32
        dq      SEGMENT_CODE_32         ; HANDOFF_CODE
        dq      SEGMENT_DATA_32         ; HANDOFF_DATA
        dq      SEGMENT_CODE_16         ; CODE16
        dq      SEGMENT_DATA_16         ; DATA16
GDT_LIMIT       equ $ - gdt_32 - 1
handoff_program_end:

section .note.GNU-stack noalloc noexec nowrite progbits
