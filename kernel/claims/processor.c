/* Claims C1 to C8: the processor's registers at the first instruction. */
#include "claims.h"
#include "../handover/handover.h"
#include "../machine/cpu.h"
#include "../machine/instructions.h"
#include "../machine/page_tables.h"

#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10

/* Intel SDM 3A, 2.5. */
#define CR0_PE UINT64_C(0x1)
#define CR0_MP UINT64_C(0x2)
#define CR0_ET UINT64_C(0x10)
#define CR0_NE UINT64_C(0x20)
#define CR0_WP UINT64_C(0x10000)
#define CR0_PG UINT64_C(0x80000000)

#define CR4_PAE        UINT64_C(0x20)
#define CR4_PGE        UINT64_C(0x80)
#define CR4_OSFXSR     UINT64_C(0x200)
#define CR4_OSXMMEXCPT UINT64_C(0x400)
#define CR4_SMEP       UINT64_C(0x100000)

#define EFER_LME UINT64_C(0x100)
#define EFER_LMA UINT64_C(0x400)
#define EFER_NXE UINT64_C(0x800)

#define PAT_PROMISED UINT64_C(0x0107050600070406)

static bool equals(const char *name, uint64_t found, uint64_t wanted)
{
    if (found == wanted)
        return true;
    return violated("%s is %#lx, wanted %#lx", name, found, wanted);
}

bool mode_is_promised(void)
{
    const struct initial_state *s = &initial_state;
    return equals("CS", s->cs, SELECTOR_CODE) && equals("SS", s->ss, SELECTOR_DATA) &&
           equals("DS", s->ds, SELECTOR_DATA) && equals("ES", s->es, SELECTOR_DATA) &&
           equals("FS", s->fs, 0) && equals("GS", s->gs, 0) && equals("LDTR", read_ldtr(), 0) &&
           equals("FS base", read_msr(MSR_FS_BASE), 0) &&
           equals("GS base", read_msr(MSR_GS_BASE), 0);
}

bool registers_are_zero(void)
{
    const struct initial_state *s = &initial_state;
    const struct {
        char name[4];
        uint64_t value;
    } zero[] = {{"RAX", s->rax}, {"RBX", s->rbx}, {"RCX", s->rcx}, {"RDX", s->rdx}, {"RSI", s->rsi},
                {"RBP", s->rbp}, {"R8", s->r8},   {"R9", s->r9},   {"R10", s->r10}, {"R11", s->r11},
                {"R12", s->r12}, {"R13", s->r13}, {"R14", s->r14}, {"R15", s->r15}};
    for (size_t i = 0; i < sizeof zero / sizeof *zero; i++)
        if (!equals(zero[i].name, zero[i].value, 0))
            return false;
    if (s->rdi < boot->direct_map || s->rdi >= WINDOW_START)
        return violated("RDI is %#lx, wanted an address in the direct map at %#lx", s->rdi,
                        boot->direct_map);
    return true;
}

bool flags_are_promised(void)
{
    return equals("RFLAGS", initial_state.rflags, 2);
}

bool stack_is_usable(void)
{
    uint64_t rsp = initial_state.rsp;
    uint64_t bottom = boot->stack_top - boot->stack_bytes;
    if (rsp % 16 != 8)
        return violated("RSP is %#lx, wanted RSP + 8 to be a multiple of 16", rsp);
    if (rsp < bottom || rsp >= boot->stack_top)
        return violated("RSP is %#lx, wanted it from %#lx to %#lx", rsp, bottom, boot->stack_top);
    if (boot->stack_bytes < WISHED_STACK_BYTES || rsp - bottom < WISHED_STACK_BYTES - PAGE_BYTES)
        return violated("stack of %lu bytes, %lu of them below RSP, wanted %lu", boot->stack_bytes,
                        rsp - bottom, WISHED_STACK_BYTES);
    if (!mapped_with(bottom, boot->stack_bytes, RIGHT_WRITE))
        return violated("stack at %#lx is not all mapped writable", bottom);
    for (uint64_t at = bottom; at < boot->stack_top; at += PAGE_BYTES)
        if (cpu_has(LINTEL_CPU_NX) && mapped_at(at)->rights & RIGHT_EXECUTE)
            return violated("stack page %#lx is executable", at);
    return equals("return address on the stack", *(const uint64_t *)rsp, 0);
}

bool cr0_is_promised(void)
{
    return equals("CR0", read_cr0(), CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG);
}

bool cr4_is_promised(void)
{
    uint64_t wanted = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
    if (cpu_has(LINTEL_CPU_PGE))
        wanted |= CR4_PGE;
    if (cpu_has(LINTEL_CPU_SMEP))
        wanted |= CR4_SMEP;
    if (boot->paging_levels == 5)
        wanted |= CR4_LA57;
    return equals("CR4", read_cr4(), wanted);
}

bool efer_is_promised(void)
{
    uint64_t nxe = cpu_has(LINTEL_CPU_NX) ? EFER_NXE : 0;
    return equals("EFER", read_msr(MSR_EFER), EFER_LME | EFER_LMA | nxe);
}

bool pat_is_promised(void)
{
    if (!cpu_has(LINTEL_CPU_PAT)) {
        remark("the CPU has none");
        return true;
    }
    return equals("PAT", read_msr(MSR_PAT), PAT_PROMISED);
}
