/* What breaks which claim: bits flipped in memory that was handed over, in page tables, or in a
 * register, looked at by the claim's own check, and flipped back. */
#include "kernel/claims/claims.h"
#include "kernel/console/console.h"
#include "kernel/machine/processors.h"

#define CACHING (ENTRY_PWT | ENTRY_PCD)

#define LOCAL_APIC 0xfee00000 /* physical: device registers on every PC */
#define UNBACKED   0xd0000000 /* physical: neither memory nor a device on QEMU's PCs */

static bool all_noticed;

static bool still_holds(uint32_t claim)
{
    page_tables_walk();
    memory_look_for_zeroes();
    return claim_holds(claim);
}

static void tell(uint32_t claim, const char *what, bool holds)
{
    print("sabotage: C%-2u %s  %s", claim, holds ? "MISSED" : "noticed", what);
    if (holds)
        print_colour(COLOUR_QUIET, " (%s)", claim_explanation());
    print("\n");
    all_noticed &= !holds;
}

static void put(uint32_t claim, const char *what, volatile uint64_t *place, uint64_t value)
{
    uint64_t before = *place;
    *place = value;
    bool holds = still_holds(claim);
    *place = before;
    tell(claim, what, holds);
}

/* Places are quadwords, whatever their type; NULL where this boot has none. */
static void flip(uint32_t claim, const char *what, const volatile void *place, uint64_t bits)
{
    if (place)
        put(claim, what, (uint64_t *)place, *(uint64_t *)place ^ bits);
}

static void copy(uint32_t claim, const char *what, void *to, const void *from)
{
    put(claim, what, to, *(const uint64_t *)from);
}

/* `write` writes the variable `value`. */
#define FLIP_REGISTER(claim, what, bits, read, write)                                              \
    do {                                                                                           \
        uint64_t value = (read) ^ (bits);                                                          \
        write;                                                                                     \
        bool holds = still_holds(claim);                                                           \
        value ^= (bits);                                                                           \
        write;                                                                                     \
        tell(claim, what, holds);                                                                  \
    } while (0)

static void damage_processor(void)
{
    flip(1, "CS at CPL 3", &initial_state.cs, 3);
    flip(2, "RBX not 0", &initial_state.rbx, 1);
    flip(3, "direction flag on", &initial_state.rflags, 0x400);
    flip(4, "RSP off by 8", &initial_state.rsp, 8);
    flip(4, "a return address", (void *)initial_state.rsp, 1);
    FLIP_REGISTER(5, "CR0.AM", 0x40000, read_cr0(), write_cr0(value));
    FLIP_REGISTER(6, "CR4.TSD", 0x4, read_cr4(), write_cr4(value));
    FLIP_REGISTER(7, "EFER.SCE", 0x1, read_msr(MSR_EFER), write_msr(MSR_EFER, value));
    if (cpu_has(LINTEL_CPU_PAT))
        FLIP_REGISTER(8, "PA6 uncached", UINT64_C(7) << 48, read_msr(MSR_PAT),
                      write_msr(MSR_PAT, value));
    flip(9, "code descriptor at DPL 3", (uint64_t *)read_gdtr().base + 1, UINT64_C(3) << 45);
    flip(10, "RSP0 not 0", (char *)tss_address() + offsetof(struct tss, rsp), 16);
    flip(11, "gate 200 absent", (struct gate *)read_idtr().base + 200, UINT64_C(1) << 47);
    FLIP_REGISTER(12, "timer interrupt not masked", 0x1, in8(PIC_PRIMARY),
                  out8(PIC_PRIMARY, (uint8_t)value));
}

static void damage_page_tables(void)
{
    uint64_t *top_table = direct(tables[0].physical);
    uint64_t *text = page_table_entry(address_of(text_start));
    uint64_t *text_alias = page_table_entry(boot->direct_map + boot->kernel_physical);
    uint64_t *device = page_table_entry(boot->direct_map + LOCAL_APIC);
    uint64_t *stack = page_table_entry(boot->stack_top - PAGE_BYTES);
    copy(13, "a table in the lower half", top_table, top_table + TABLE_ENTRIES - 1);
    if (cpu_has(LINTEL_CPU_NX)) {
        flip(14, "text writable", text, ENTRY_WRITE);
        flip(14, "text writable through the direct map", text_alias, ENTRY_WRITE);
    }
    if (cpu_has(LINTEL_CPU_PGE))
        flip(15, "text not global", text, ENTRY_GLOBAL);
    flip(16, "rodata writable", page_table_entry(address_of(rodata_start)), ENTRY_WRITE);
    flip(16, ".bss not zeroed", &initial_state.bss_dirty, 8);
    flip(16, "a wrong slide", &boot->kernel_slide, PAGE_BYTES);
    flip(17, "device registers write-back", device, CACHING);
    flip(17, "device registers read-only", device, ENTRY_WRITE);
    flip(17, "text writable through the direct map", text_alias, ENTRY_WRITE);
    copy(18, "no guard above the stack", page_table_entry(boot->stack_top), stack);
    copy(18, "no guard above the fault stack", page_table_entry(fault_stack_top()), stack);
}

static struct lintel_memory_range *range_at(uint64_t physical)
{
    for (uint64_t i = 0; i < boot->memory_map_count; i++)
        if (physical - boot->memory_map[i].base_physical < boot->memory_map[i].bytes)
            return (struct lintel_memory_range *)&boot->memory_map[i];
    return NULL;
}

static void damage_memory_map(void)
{
    struct lintel_memory_range *information = range_at(address_of(boot) - boot->direct_map);
    struct lintel_memory_range *low = range_at(PAGE_BYTES);
    flip(19, "a range not page-aligned", &boot->memory_map[1].base_physical, 0x800);
    if (information)
        flip(20, "the boot information's memory free", &information->type,
             LINTEL_MEMORY_RECLAIMABLE ^ LINTEL_MEMORY_USABLE);
    if (low && low->type == LINTEL_MEMORY_USABLE)
        flip(21, "usable memory that isn't there", &low->base_physical, UNBACKED);
    flip(22, "zeroed memory that isn't", &boot->flags, LINTEL_BOOT_MEMORY_ZEROED);
}

static void damage_information(void)
{
    flip(23, "another ABI version", &boot->abi_version, 2);
    flip(23, "a string at an unmapped address", &boot->loader, UINT64_C(1) << 45);
    flip(23, "a stage's name at an unmapped address", &boot->stages[0].name, UINT64_C(1) << 45);
    if (boot->module_count)
        flip(24, "a module's first byte", boot->modules[0].data, 1);
    if (boot->framebuffer_count)
        flip(25, "a pitch that leaves the framebuffer", &boot->framebuffers[0].pitch, 0x100000);
    flip(26, "RSDP 16 bytes off", &boot->rsdp_physical, 16);
    flip(27, "system table 8 bytes off", &boot->efi_system_table_physical, 8);
    flip(28, "a CPU feature", &boot->cpu.features, LINTEL_CPU_LA57);
    flip(29, "an odd sector size", &boot->volume.sector_bytes, 1);
    flip(30, "a log without end", boot->log + boot->log_bytes, 1);
    flip(31, "a stage in the future", &boot->stages[0].tsc, UINT64_C(1) << 62);
    flip(31, "a clock of a terahertz", &boot->tsc_hz, UINT64_C(1) << 40);
    flip(32, "entropy of unknown strength", &boot->entropy_strong, 2);
    flip(33, "a time before 1970", &boot->boot_time, UINT64_C(1) << 63);
}

/* Of the second CPU. */
static void damage_processors(void)
{
    struct lintel_processor *processor = &boot->processors[1];
    struct processor_state *state = &processor_states[1];
    uint64_t *stack = page_table_entry(processor->stack_top - PAGE_BYTES);
    char *ist = (char *)tss_in(state->gdtr) + offsetof(struct tss, ist);
    flip(34, "two CPUs with one APIC ID", &processor->apic_id, 1);
    flip(35, "a CPU with another APIC ID", &state->apic_id, 1);
    flip(35, "a CPU that did not come", &state->arrived, 1);
    flip(35, "a CPU with RBX not 0", &state->registers.rbx, 1);
    flip(36, "a CPU without LA57, or with it", &state->cr4, CR4_LA57);
    flip(36, "a CPU with another PAT", &state->pat, 7);
    copy(37, "a CPU with the first one's GDT", &state->gdtr.base, &processor_states[0].gdtr.base);
    flip(37, "a CPU's code descriptor at DPL 3", (uint64_t *)state->gdtr.base + 1,
         UINT64_C(3) << 45);
    copy(37, "a CPU with the first one's fault stack", ist,
         (char *)tss_address() + offsetof(struct tss, ist));
    flip(38, "a CPU without a fault stack", ist, UINT64_C(1) << 46);
    flip(38, "a CPU's RSP off by 8", &state->registers.rsp, 8);
    flip(38, "a CPU's stack elsewhere", &processor->stack_top, PAGE_BYTES);
    flip(38, "a CPU's stack read-only", stack, ENTRY_WRITE);
    copy(38, "no guard above a CPU's stack", page_table_entry(processor->stack_top), stack);
}

bool sabotage_all(void)
{
    all_noticed = true;
    page_tables_walk();
    damage_processor();
    damage_page_tables();
    damage_memory_map();
    damage_information();
    if (boot->processor_count > 1)
        damage_processors();
    page_tables_walk();
    print("sabotage: %s\n", all_noticed ? "all noticed" : "some missed");
    return all_noticed;
}
