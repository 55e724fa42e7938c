/* What breaks which claim: bits flipped in memory that was handed over, in page tables, or in a
 * register, looked at by the claim's own check, and flipped back. */
#include "sabotage.h"
#include "claims.h"
#include "../console/console.h"
#include "../handover/handover.h"
#include "../handover/memory_map.h"
#include "../machine/cpu.h"
#include "../machine/descriptors.h"
#include "../machine/instructions.h"
#include "../machine/page_tables.h"
#include "../machine/processors.h"

/* Bits of page-table entries. */
#define WRITE   0x2
#define CACHING 0x18
#define GLOBAL  0x100

#define LOCAL_APIC 0xfee00000 /* physical: device registers on every PC */
#define UNBACKED   0xd0000000 /* physical: neither memory nor a device on QEMU's PCs */

/* ---- places in memory: quadwords; NULL where this boot has none ------------------------------ */

static struct lintel_memory_range *range_at(uint64_t physical)
{
    for (uint64_t i = 0; i < boot->memory_map_count; i++)
        if (physical - boot->memory_map[i].base_physical < boot->memory_map[i].bytes)
            return (struct lintel_memory_range *)&boot->memory_map[i];
    return NULL;
}

static void *type_of_information(void)
{
    struct lintel_memory_range *range = range_at(address_of(boot) - boot->direct_map);
    return range ? &range->type : NULL;
}

static void *low_memory_base(void)
{
    struct lintel_memory_range *range = range_at(PAGE_BYTES);
    return range && range->type == LINTEL_MEMORY_USABLE ? &range->base_physical : NULL;
}

#define PLACE(name, pointer)                                                                       \
    static void *name(void)                                                                        \
    {                                                                                              \
        return (void *)(pointer);                                                                  \
    }
PLACE(saved_cs, &initial_state.cs)
PLACE(saved_rbx, &initial_state.rbx)
PLACE(saved_rflags, &initial_state.rflags)
PLACE(saved_rsp, &initial_state.rsp)
PLACE(saved_bss_dirty, &initial_state.bss_dirty)
PLACE(return_address, initial_state.rsp)
PLACE(gdt_code, read_gdtr().base + 8)
PLACE(tss_rsp0, tss_address() + 4)
PLACE(idt_gate_200, read_idtr().base + 200 * 16)

PLACE(top_table_first, direct(tables[0].physical))
PLACE(top_table_last, direct(tables[0].physical + 511 * 8))
PLACE(text_entry, page_table_entry(address_of(text_start)))
PLACE(text_alias_entry, page_table_entry(boot->direct_map + boot->kernel_physical))
PLACE(rodata_entry, page_table_entry(address_of(rodata_start)))
PLACE(device_entry, page_table_entry(boot->direct_map + LOCAL_APIC))
PLACE(stack_entry, page_table_entry(boot->stack_top - PAGE_BYTES))
PLACE(stack_guard_entry, page_table_entry(boot->stack_top))
PLACE(fault_guard_entry, page_table_entry(fault_stack_top()))

PLACE(second_range_base, &boot->memory_map[1].base_physical)
PLACE(first_module, boot->module_count ? boot->modules[0].data : NULL)
PLACE(framebuffer_pitch, boot->framebuffer_count ? &boot->framebuffers[0].pitch : NULL)
PLACE(end_of_log, boot->log + boot->log_bytes)
PLACE(first_stage_tsc, &boot->stages[0].tsc)
PLACE(info_kernel_slide, &boot->kernel_slide)
PLACE(info_flags, &boot->flags)
PLACE(info_abi_version, &boot->abi_version)
PLACE(info_loader, &boot->loader)
PLACE(info_rsdp, &boot->rsdp_physical)
PLACE(info_system_table, &boot->efi_system_table_physical)
PLACE(info_features, &boot->cpu.features)
PLACE(info_sector_bytes, &boot->volume.sector_bytes)
PLACE(info_tsc_hz, &boot->tsc_hz)
PLACE(info_entropy_strong, &boot->entropy_strong)
PLACE(info_boot_time, &boot->boot_time)

/* Of the second CPU, where there is one. */
#define PLACE_OF_CPU(name, pointer) PLACE(name, boot->processor_count > 1 ? (pointer) : NULL)
PLACE_OF_CPU(cpu_apic_id, &boot->processors[1].apic_id)
PLACE_OF_CPU(cpu_stack_top, &boot->processors[1].stack_top)
PLACE_OF_CPU(cpu_saved_rbx, &processor_states[1].registers.rbx)
PLACE_OF_CPU(cpu_saved_rsp, &processor_states[1].registers.rsp)
PLACE_OF_CPU(cpu_own_id, &processor_states[1].apic_id)
PLACE_OF_CPU(cpu_arrived, (void *)&processor_states[1].arrived)
PLACE_OF_CPU(cpu_cr4, &processor_states[1].cr4)
PLACE_OF_CPU(cpu_pat, &processor_states[1].pat)
PLACE_OF_CPU(cpu_gdt, &processor_states[1].gdtr.base)
PLACE_OF_CPU(first_gdt, &processor_states[0].gdtr.base)
PLACE_OF_CPU(cpu_gdt_code, (uint64_t *)processor_states[1].gdtr.base + 1)
PLACE_OF_CPU(cpu_ist, (uint8_t *)tss_in(processor_states[1].gdtr) + offsetof(struct tss, ist))
PLACE(first_ist, (uint8_t *)tss_address() + offsetof(struct tss, ist))
PLACE_OF_CPU(cpu_stack_entry, page_table_entry(boot->processors[1].stack_top - PAGE_BYTES))
PLACE_OF_CPU(cpu_guard_entry, page_table_entry(boot->processors[1].stack_top))

static const struct damage {
    uint32_t claim;
    const char *what;
    void *(*where)(void);
    uint64_t flip;
    void *(*copy_from)(void); /* not NULL: the place gets what lies there instead */
    uint32_t needs;           /* LINTEL_CPU_...: without it the claim says nothing */
} damages[] = {
    {1, "CS at CPL 3", saved_cs, 3, NULL, 0},
    {2, "RBX not 0", saved_rbx, 1, NULL, 0},
    {3, "direction flag on", saved_rflags, 0x400, NULL, 0},
    {4, "RSP off by 8", saved_rsp, 8, NULL, 0},
    {4, "a return address", return_address, 1, NULL, 0},
    {9, "code descriptor at DPL 3", gdt_code, UINT64_C(3) << 45, NULL, 0},
    {10, "RSP0 not 0", tss_rsp0, 16, NULL, 0},
    {11, "gate 200 absent", idt_gate_200, UINT64_C(1) << 47, NULL, 0},
    {13, "a table in the lower half", top_table_first, 0, top_table_last, 0},
    {14, "text writable", text_entry, WRITE, NULL, LINTEL_CPU_NX},
    {14, "text writable through the direct map", text_alias_entry, WRITE, NULL, LINTEL_CPU_NX},
    {15, "text not global", text_entry, GLOBAL, NULL, LINTEL_CPU_PGE},
    {16, "rodata writable", rodata_entry, WRITE, NULL, 0},
    {16, ".bss not zeroed", saved_bss_dirty, 8, NULL, 0},
    {16, "a wrong slide", info_kernel_slide, PAGE_BYTES, NULL, 0},
    {17, "device registers write-back", device_entry, CACHING, NULL, 0},
    {17, "device registers read-only", device_entry, WRITE, NULL, 0},
    {17, "text writable through the direct map", text_alias_entry, WRITE, NULL, 0},
    {18, "no guard above the stack", stack_guard_entry, 0, stack_entry, 0},
    {18, "no guard above the fault stack", fault_guard_entry, 0, stack_entry, 0},
    {19, "a range not page-aligned", second_range_base, 0x800, NULL, 0},
    {20, "the boot information's memory free", type_of_information,
     LINTEL_MEMORY_RECLAIMABLE ^ LINTEL_MEMORY_USABLE, NULL, 0},
    {21, "usable memory that isn't there", low_memory_base, UNBACKED, NULL, 0},
    {22, "zeroed memory that isn't", info_flags, LINTEL_BOOT_MEMORY_ZEROED, NULL, 0},
    {23, "another ABI version", info_abi_version, 2, NULL, 0},
    {23, "a string at an unmapped address", info_loader, UINT64_C(1) << 45, NULL, 0},
    {24, "a module's first byte", first_module, 1, NULL, 0},
    {25, "a pitch that leaves the framebuffer", framebuffer_pitch, 0x100000, NULL, 0},
    {26, "RSDP 16 bytes off", info_rsdp, 16, NULL, 0},
    {27, "system table 8 bytes off", info_system_table, 8, NULL, 0},
    {28, "a CPU feature", info_features, LINTEL_CPU_LA57, NULL, 0},
    {29, "an odd sector size", info_sector_bytes, 1, NULL, 0},
    {30, "a log without end", end_of_log, 1, NULL, 0},
    {31, "a stage in the future", first_stage_tsc, UINT64_C(1) << 62, NULL, 0},
    {31, "a clock of a terahertz", info_tsc_hz, UINT64_C(1) << 40, NULL, 0},
    {32, "entropy of unknown strength", info_entropy_strong, 2, NULL, 0},
    {33, "a time before 1970", info_boot_time, UINT64_C(1) << 63, NULL, 0},
    {34, "two CPUs with one APIC ID", cpu_apic_id, 1, NULL, 0},
    {35, "a CPU with another APIC ID", cpu_own_id, 1, NULL, 0},
    {35, "a CPU that did not come", cpu_arrived, 1, NULL, 0},
    {35, "a CPU with RBX not 0", cpu_saved_rbx, 1, NULL, 0},
    {36, "a CPU without LA57, or with it", cpu_cr4, 0x1000, NULL, 0},
    {36, "a CPU with another PAT", cpu_pat, 7, NULL, 0},
    {37, "a CPU with the first one's GDT", cpu_gdt, 0, first_gdt, 0},
    {37, "a CPU's code descriptor at DPL 3", cpu_gdt_code, UINT64_C(3) << 45, NULL, 0},
    {37, "a CPU with the first one's fault stack", cpu_ist, 0, first_ist, 0},
    {38, "a CPU's RSP off by 8", cpu_saved_rsp, 8, NULL, 0},
    {38, "a CPU's stack elsewhere", cpu_stack_top, 0x1000, NULL, 0},
    {38, "a CPU's stack read-only", cpu_stack_entry, WRITE, NULL, 0},
    {38, "no guard above a CPU's stack", cpu_guard_entry, 0, cpu_stack_entry, 0},
};

/* ---- registers ------------------------------------------------------------------------------- */

static uint64_t read_efer(void)
{
    return read_msr(MSR_EFER);
}

static void write_efer(uint64_t value)
{
    write_msr(MSR_EFER, value);
}

static uint64_t read_pat(void)
{
    return read_msr(MSR_PAT);
}

static void write_pat(uint64_t value)
{
    write_msr(MSR_PAT, value);
}

static uint64_t read_pic(void)
{
    return in8(0x21);
}

static void write_pic(uint64_t value)
{
    out8(0x21, (uint8_t)value);
}

static const struct register_damage {
    uint32_t claim;
    const char *what;
    uint64_t (*read)(void);
    void (*write)(uint64_t value);
    uint64_t flip;
    uint32_t needs;
} register_damages[] = {
    {5, "CR0.AM", read_cr0, write_cr0, 0x40000, 0},
    {6, "CR4.TSD", read_cr4, write_cr4, 0x4, 0},
    {7, "EFER.SCE", read_efer, write_efer, 0x1, 0},
    {8, "PA6 uncached", read_pat, write_pat, UINT64_C(7) << 48, LINTEL_CPU_PAT},
    {12, "timer interrupt not masked", read_pic, write_pic, 0x1, 0},
};

/* ---- doing it -------------------------------------------------------------------------------- */

static bool say_verdict(uint32_t claim, const char *what, bool holds)
{
    print("sabotage: C%-2u %s  %s", claim, holds ? "MISSED" : "noticed", what);
    if (!holds)
        print_colour(COLOUR_QUIET, " (%s)", claim_explanation());
    print("\n");
    return !holds;
}

static bool check_damaged(uint32_t claim)
{
    page_tables_walk();
    memory_look_for_zeroes();
    return claim_holds(claim);
}

static bool damage_memory(const struct damage *damage)
{
    volatile uint64_t *place = damage->where();
    if (!place || (damage->needs && !cpu_has(damage->needs)))
        return true;
    uint64_t before = *place;
    *place = damage->copy_from ? *(uint64_t *)damage->copy_from() : before ^ damage->flip;
    bool holds = check_damaged(damage->claim);
    *place = before;
    return say_verdict(damage->claim, damage->what, holds);
}

static bool damage_register(const struct register_damage *damage)
{
    if (damage->needs && !cpu_has(damage->needs))
        return true;
    uint64_t before = damage->read();
    damage->write(before ^ damage->flip);
    bool holds = check_damaged(damage->claim);
    damage->write(before);
    return say_verdict(damage->claim, damage->what, holds);
}

bool sabotage_all(void)
{
    bool noticed = true;
    page_tables_walk();
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++)
        noticed &= damage_memory(&damages[i]);
    for (size_t i = 0; i < sizeof register_damages / sizeof *register_damages; i++)
        noticed &= damage_register(&register_damages[i]);
    page_tables_walk();
    print("sabotage: %s\n", noticed ? "all noticed" : "some missed");
    return noticed;
}
