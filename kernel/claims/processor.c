/* Claims C1 to C8: the processor's registers at the first instruction. */
#include "kernel/claims/claims.h"

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
    return all_equal(0, &(struct comparison){name, found, wanted}, 1);
}

bool segments_are_flat(uint64_t cpu, const struct initial_state *r)
{
    const struct comparison rows[] = {{"CS", r->cs, SELECTOR_CODE},
                                      {"SS", r->ss, SELECTOR_DATA},
                                      {"DS", r->ds, SELECTOR_DATA},
                                      {"ES", r->es, SELECTOR_DATA},
                                      {"FS", r->fs, 0},
                                      {"GS", r->gs, 0}};
    return all_equal(cpu, rows, sizeof rows / sizeof *rows);
}

bool mode_is_promised(void)
{
    return segments_are_flat(0, &initial_state) && equals("LDTR", read_ldtr(), 0) &&
           equals("FS base", read_msr(MSR_FS_BASE), 0) &&
           equals("GS base", read_msr(MSR_GS_BASE), 0);
}

bool general_registers_are_zero(uint64_t cpu, const struct initial_state *r)
{
    const struct comparison rows[] = {{"RAX", r->rax, 0}, {"RBX", r->rbx, 0}, {"RCX", r->rcx, 0},
                                      {"RDX", r->rdx, 0}, {"RSI", r->rsi, 0}, {"RBP", r->rbp, 0},
                                      {"R8", r->r8, 0},   {"R9", r->r9, 0},   {"R10", r->r10, 0},
                                      {"R11", r->r11, 0}, {"R12", r->r12, 0}, {"R13", r->r13, 0},
                                      {"R14", r->r14, 0}, {"R15", r->r15, 0}};
    return all_equal(cpu, rows, sizeof rows / sizeof *rows);
}

bool registers_are_zero(void)
{
    uint64_t rdi = initial_state.rdi;
    return must(rdi >= boot->direct_map && rdi < WINDOW_START,
                "RDI is %#lx, wanted an address in the direct map at %#lx", rdi,
                boot->direct_map) &&
           general_registers_are_zero(0, &initial_state);
}

bool flags_are_promised(void)
{
    return equals("RFLAGS", initial_state.rflags, 2);
}

bool stack_is_usable(void)
{
    uint64_t rsp = initial_state.rsp;
    uint64_t bottom = boot->stack_top - boot->stack_bytes;
    return must(rsp % 16 == 8, "RSP is %#lx, wanted RSP + 8 to be a multiple of 16", rsp) &&
           must(rsp >= bottom && rsp < boot->stack_top, "RSP is %#lx, wanted it from %#lx to %#lx",
                rsp, bottom, boot->stack_top) &&
           must(boot->stack_bytes >= WISHED_STACK_BYTES &&
                    rsp - bottom >= WISHED_STACK_BYTES - PAGE_BYTES,
                "stack of %lu bytes, %lu of them below RSP, wanted %lu", boot->stack_bytes,
                rsp - bottom, WISHED_STACK_BYTES) &&
           stack_is_writable(0, "stack", bottom, boot->stack_top) &&
           equals("return address on the stack", *(const uint64_t *)rsp, 0);
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
    if (!cpu_has(LINTEL_CPU_PAT))
        return remark("the CPU has none");
    return equals("PAT", read_msr(MSR_PAT), PAT_PROMISED);
}
