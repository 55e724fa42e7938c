; A CPU's way from its reset to the kernel (handoff/mp.h): the page that a startup message points it to. The page
; lies below 1 MiB, where the CPU runs until it is in long mode; where the kernel's tables map the page for good, it
; goes on and waits. So the code is position-independent, and writes to itself only before paging is on.

%include "core/offsets.inc"
%include "common/handoff/clear_registers.inc"

CODE32          equ 0x08                ; in the page's own GDT
CODE64          equ 0x10
DATA            equ 0x18

%define at(label) (label - mp_trampoline)

section .rodata

global mp_trampoline:data hidden, mp_trampoline_end:data hidden
        align   16
mp_trampoline:
bits 16
        jmp     near real_mode
        times mp_page_bytes - ($ - mp_trampoline) db 0

; CS is the page's segment, IP 0. Only the CPU whose APIC ID is the gate's comes in, and shuts the gate: a CPU that
; was given up and comes late stays here.
real_mode:
        cli
        cld
        mov     ax, cs
        mov     ds, ax
        xor     eax, eax
        cpuid
        cmp     eax, 0xb
        jb      .short_id
        mov     eax, 0xb
        xor     ecx, ecx
        cpuid
        mov     eax, edx                ; all 32 bits, where EBX says that the leaf is there
        test    ebx, ebx
        jnz     .gate
.short_id:
        mov     eax, 1
        cpuid
        shr     ebx, 24
        mov     eax, ebx
.gate:  mov     ecx, MP_NOBODY
        lock cmpxchg [mp_page.gate], ecx
        je      .enter
.stay:  hlt
        jmp     .stay
.enter: xor     ebx, ebx
        mov     bx, cs
        shl     ebx, 4
        lea     eax, [ebx + at(gdt)]
        mov     [at(gdtr) + 2], eax
        lea     eax, [ebx + at(protected_mode)]
        mov     [at(far_protected_mode)], eax
        lea     eax, [ebx + at(long_mode)]
        mov     [at(far_long_mode)], eax
        o32 lgdt [at(gdtr)]
        mov     eax, cr0
        or      eax, CR0_PE
        mov     cr0, eax
        jmp     far dword [at(far_protected_mode)]

; EBX is the page's physical address. PGE stays off until the page's lower address is no longer used: what a CPU
; keeps of it is then not global.
bits 32
protected_mode:
        mov     eax, DATA
        mov     ds, eax
        mov     es, eax
        mov     ss, eax

; The MTRRs of the CPU that boots. They are written, with the caches off (Intel SDM 3A, 11.11.8), only where one
; differs: the threads of a core share them, and one of these may be running. The last one turns them on.
        lea     edi, [ebx + mp_page.mtrrs]
        mov     esi, [ebx + mp_page.mtrr_count]
        shl     esi, 4
        add     esi, edi
.compare:
        cmp     edi, esi
        je      .paging
        mov     ecx, [edi]
        rdmsr
        xor     eax, [edi + 8]
        xor     edx, [edi + 12]
        add     edi, 16
        or      eax, edx
        jz      .compare
        mov     eax, cr0
        or      eax, CR0_CD
        and     eax, ~CR0_NW
        mov     cr0, eax
        wbinvd
        mov     ecx, MSR_MTRR_DEF_TYPE
        xor     eax, eax
        xor     edx, edx
        wrmsr
        lea     edi, [ebx + mp_page.mtrrs]
.write: mov     ecx, [edi]
        mov     eax, [edi + 8]
        mov     edx, [edi + 12]
        wrmsr
        add     edi, 16
        cmp     edi, esi
        jne     .write
        wbinvd

.paging:
        mov     eax, [ebx + mp_page.world.cr4]
        and     eax, ~CR4_PGE
        or      eax, CR4_OSFXSR         ; for LDMXCSR
        mov     cr4, eax
        mov     eax, [ebx + mp_page.world.root]
        mov     cr3, eax
        mov     ecx, MSR_EFER
        mov     eax, [ebx + mp_page.world.efer]
        xor     edx, edx
        wrmsr
        mov     eax, [ebx + mp_page.world.cr0]
        mov     cr0, eax
        jmp     far dword [ebx + at(far_long_mode)]

bits 64
default rel
long_mode:
        mov     ebx, ebx                ; its upper half is undefined after a change of mode
        mov     ecx, MSR_PAT
        mov     eax, [rbx + mp_page.world.pat]
        mov     edx, [rbx + mp_page.world.pat + 4]
        test    eax, eax
        jz      .go_up
        wrmsr
.go_up: mov     rsi, [rbx + mp_page.mailbox]
        mov     rbx, [rbx + mp_page.world.page_virtual]
        lea     rax, [rbx + at(take_mailbox)]
        jmp     rax

; RBX is the page's address for good, RSI the mailbox's.
take_mailbox:
        mov     rsp, [rsi + mp_mailbox.stack_top]
        call    load_tables
        call    set_machine_state
        mov     qword [rsi + mp_mailbox.parked], 1
        mov     rdx, [rsi + mp_mailbox.word]
.wait:  pause
        mov     rax, [rdx]
        test    rax, rax
        jz      .wait

; The kernel's tables have changed meanwhile. All that this CPU keeps of the old ones goes with CR3.
        mov     rcx, cr3
        mov     cr3, rcx
        mov     rcx, [rbx + mp_page.world.cr4]
        mov     cr4, rcx
        mov     rdi, [rsi + mp_mailbox.argument]
        push    0                       ; the return address
        push    rax
        push    2                       ; RFLAGS
        clear_registers
        popfq
        ret

load_tables:
        lgdt    [rsi + mp_mailbox.gdtr]
        lidt    [rsi + mp_mailbox.idtr]
        xor     eax, eax
        lldt    ax
        mov     rax, [rbx + mp_page.world.fs_gs]
        mov     fs, eax
        mov     gs, eax
        mov     rax, [rbx + mp_page.world.data]
        mov     ds, eax
        mov     es, eax
        mov     ss, eax
        mov     rax, [rsi + mp_mailbox.tss]
        test    eax, eax
        jz      .code
        ltr     ax
.code:  pop     rax
        push    qword [rbx + mp_page.world.code]
        push    rax
        retfq

; What a reset by INIT leaves as it was (Intel SDM 3A, table 9-1), and the APIC's mode.
set_machine_state:
        xor     eax, eax
        xor     edx, edx
        mov     ecx, MSR_FS_BASE
        wrmsr
        inc     ecx
        wrmsr
        inc     ecx
        wrmsr
        mov     ecx, MSR_APIC_BASE
        rdmsr
        test    eax, APIC_BASE_X2APIC
        jz      .mode
        test    dword [rbx + mp_page.apic_base], APIC_BASE_X2APIC
        jnz     .mode
        and     eax, ~(APIC_BASE_ENABLED | APIC_BASE_X2APIC) ; the way back leads through "off"
        wrmsr
.mode:  or      eax, [rbx + mp_page.apic_base]
        wrmsr
        call    set_local_apic
        fninit
        push    MXCSR_AT_RESET
        ldmxcsr [rsp]
        pop     rax
        ret

; The spurious vector first: it turns the APIC on, and entries can be written only then.
set_local_apic:
        cmp     qword [rbx + mp_page.world.local.spurious], 0
        je      .done
        test    dword [rbx + mp_page.apic_base], APIC_BASE_X2APIC
        jnz     .x2apic
        mov     rdx, [rbx + mp_page.world.local.registers]
        mov     eax, [rbx + mp_page.world.local.spurious]
        mov     [rdx + APIC_SPURIOUS], eax
        mov     eax, [rbx + mp_page.world.local.lint]
        mov     [rdx + APIC_LINT0], eax
        mov     eax, [rbx + mp_page.world.local.lint + 8]
        mov     [rdx + APIC_LINT1], eax
.done:  ret
.x2apic:
        xor     edx, edx
        mov     ecx, MSR_X2APIC + APIC_SPURIOUS / 16
        mov     eax, [rbx + mp_page.world.local.spurious]
        wrmsr
        mov     ecx, MSR_X2APIC + APIC_LINT0 / 16
        mov     eax, [rbx + mp_page.world.local.lint]
        wrmsr
        inc     ecx
        mov     eax, [rbx + mp_page.world.local.lint + 8]
        wrmsr
        ret

        align   8
gdt:    dq      0
        dq      SEGMENT_CODE_32         ; CODE32
        dq      SEGMENT_CODE_64         ; CODE64
        dq      SEGMENT_DATA_32         ; DATA
gdt_end:
gdtr:   dw      gdt_end - gdt - 1
        dd      0
        align   4
far_protected_mode:
        dd      0
        dw      CODE32
        align   4
far_long_mode:
        dd      0
        dw      CODE64
        align   4
mp_trampoline_end:

section .note.GNU-stack noalloc noexec nowrite progbits
