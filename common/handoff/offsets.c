/* What must the assembly know of C? Offsets in structs, and constants. Linked into nothing: the
 * build makes offsets.inc of it. */
#include "common/handoff/offsets.h"
#include "common/handoff/handoff.h"
#include "common/handoff/mp.h"
#include "common/hw/apic.h"
#include "common/hw/registers.h"
#include "common/lib/mem.h"
#include "common/memory/gdt.h"
#include "common/resident/frame.h"

void handoff(void)
{
    CONSTANT(PAGE_BYTES);
    CONSTANT(HANDOFF_LONG);
    CONSTANT(HANDOFF_PROTECTED);
    CONSTANT(HANDOFF_REAL);
    CONSTANT(HANDOFF_CODE);
    CONSTANT(HANDOFF_DATA);

    OFFSET(handoff_state, mode);
    OFFSET(handoff_state, interrupts);
    OFFSET(handoff_state, entry);
    OFFSET(handoff_state, registers.rax);
    OFFSET(handoff_state, registers.rbx);
    OFFSET(handoff_state, registers.rcx);
    OFFSET(handoff_state, registers.rdx);
    OFFSET(handoff_state, registers.rsi);
    OFFSET(handoff_state, registers.rdi);
    OFFSET(handoff_state, registers.rbp);
    OFFSET(handoff_state, registers.rsp);
    OFFSET(handoff_state, registers.ds);
    OFFSET(handoff_state, registers.es);
    OFFSET(handoff_state, registers.fs);
    OFFSET(handoff_state, registers.gs);
    OFFSET(handoff_state, registers.ss);
    OFFSET(handoff_state, moves);
    OFFSET(handoff_state, move_count);
    OFFSET(handoff_state, low);
    OFFSET(handoff_state, code);
    OFFSET(handoff_state, data);
    OFFSET(handoff_state, root);
    OFFSET(handoff_state, cr0);
    OFFSET(handoff_state, cr4);
    OFFSET(handoff_state, efer);
    OFFSET(handoff_state, fs_gs);
    OFFSET(handoff_state, tss);
    OFFSET(handoff_state, delta);
    OFFSET(handoff_state, root_virtual);
    OFFSET(handoff_state, pat);
    OFFSET(handoff_state, zero);
    OFFSET(handoff_state, zero_count);
    OFFSET(handoff_state, gdtr);
    OFFSET(handoff_state, idtr);

    OFFSET(handoff_registers, rax);
    OFFSET(handoff_registers, rbx);

    OFFSET(handoff_move, from);
    OFFSET(handoff_move, to);
    OFFSET(handoff_move, bytes);
    BYTES(handoff_move);
    OFFSET(handoff_zero, base);
    OFFSET(handoff_zero, bytes);
    BYTES(handoff_zero);
}

void start_of_cpus(void)
{
    CONSTANT(MP_NOBODY);

    OFFSET(mp_page, gate);
    OFFSET(mp_page, apic_base);
    OFFSET(mp_page, mailbox);
    OFFSET(mp_page, world.page_virtual);
    OFFSET(mp_page, world.root);
    OFFSET(mp_page, world.cr0);
    OFFSET(mp_page, world.cr4);
    OFFSET(mp_page, world.efer);
    OFFSET(mp_page, world.pat);
    OFFSET(mp_page, world.code);
    OFFSET(mp_page, world.data);
    OFFSET(mp_page, world.fs_gs);
    OFFSET(mp_page, world.local.spurious);
    OFFSET(mp_page, world.local.lint);
    OFFSET(mp_page, world.local.registers);
    OFFSET(mp_page, mtrr_count);
    OFFSET(mp_page, mtrrs);
    BYTES(mp_page);

    OFFSET(mp_mailbox, parked);
    OFFSET(mp_mailbox, word);
    OFFSET(mp_mailbox, argument);
    OFFSET(mp_mailbox, stack_top);
    OFFSET(mp_mailbox, tss);
    OFFSET(mp_mailbox, gdtr);
    OFFSET(mp_mailbox, idtr);
}

void registers(void)
{
    CONSTANT(DR7_AT_RESET);
    CONSTANT(MXCSR_AT_RESET);
    CONSTANT(CR0_PE);
    CONSTANT(CR0_MP);
    CONSTANT(CR0_ET);
    CONSTANT(CR0_NE);
    CONSTANT(CR0_WP);
    CONSTANT(CR0_NW);
    CONSTANT(CR0_CD);
    CONSTANT(CR0_PG);
    CONSTANT(CR4_PAE);
    CONSTANT(CR4_PGE);
    CONSTANT(CR4_OSFXSR);
    CONSTANT(CR4_OSXMMEXCPT);
    CONSTANT(MSR_EFER);
    CONSTANT(EFER_LME);
    CONSTANT(EFER_LMA);
    CONSTANT(EFER_NXE);
    CONSTANT(MSR_PAT);
    CONSTANT(MSR_FS_BASE);
    CONSTANT(MSR_MTRR_DEF_TYPE);
    CONSTANT(MSR_APIC_BASE);
    CONSTANT(APIC_BASE_X2APIC);
    CONSTANT(APIC_BASE_ENABLED);
    CONSTANT(MSR_X2APIC);
    CONSTANT(APIC_SPURIOUS);
    CONSTANT(APIC_LINT0);
    CONSTANT(APIC_LINT1);
}

void segments(void)
{
    CONSTANT(SEGMENT_CODE_64);
    CONSTANT(SEGMENT_CODE_32);
    CONSTANT(SEGMENT_CODE_16);
    CONSTANT(SEGMENT_DATA_32);
    CONSTANT(SEGMENT_DATA_16);
}

void fault_vectors(void)
{
    CONSTANT(VECTOR_BYTES);
}
