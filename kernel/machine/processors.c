/* What does each CPU find at its first instruction? */
#include "kernel/machine/processors.h"
#include "kernel/machine/cpu.h"

#define MSR_APIC_BASE  0x1b
#define APIC_BASE_MODE UINT64_C(0xc00) /* enabled, x2APIC */

#define PATIENCE_SECONDS 10
#define TSC_HZ_GUESS     UINT64_C(3000000000)

_Static_assert(offsetof(struct lintel_processor, argument) == 16, "entry.asm: PROCESSOR_ARGUMENT");

struct processor_state processor_states[PROCESSORS_MAX];

void processor_entry(struct lintel_processor *processor); /* entry.asm */
void processor_main(struct lintel_processor *processor) __attribute__((noreturn));

uint64_t processors_known(void)
{
    return boot->processor_count < PROCESSORS_MAX ? boot->processor_count : PROCESSORS_MAX;
}

/* Intel SDM 2A, CPUID: leaf 0Bh has all 32 bits. */
static uint32_t read_apic_id(void)
{
    struct cpuid wide = cpuid(0).a >= 0xb ? cpuid(0xb) : (struct cpuid){0};
    return wide.b ? wide.d : cpuid(1).b >> 24;
}

static void look_around(struct processor_state *state)
{
    state->cr0 = read_cr0();
    state->cr3 = read_cr3();
    state->cr4 = read_cr4();
    state->efer = read_msr(MSR_EFER);
    state->pat = cpu_has(LINTEL_CPU_PAT) ? read_msr(MSR_PAT) : 0;
    state->apic_mode = cpu_has(LINTEL_CPU_APIC) ? read_msr(MSR_APIC_BASE) & APIC_BASE_MODE : 0;
    state->fs_base = read_msr(MSR_FS_BASE);
    state->gs_base = read_msr(MSR_GS_BASE);
    state->gdtr = read_gdtr();
    state->idtr = read_idtr();
    state->tr = read_tr();
    state->ldtr = read_ldtr();
    __asm__ volatile("stmxcsr %0" : "=m"(state->mxcsr));
    __asm__ volatile("fnstcw %0" : "=m"(state->x87_control));
    state->apic_id = read_apic_id();
}

static bool try_stack(uint64_t bottom)
{
    const uint64_t pattern = UINT64_C(0x9e3779b97f4a7c15) ^ bottom;
    *(volatile uint64_t *)bottom = pattern;
    return *(volatile uint64_t *)bottom == pattern;
}

void processor_main(struct lintel_processor *processor)
{
    struct processor_state *state = (struct processor_state *)processor->argument;
    look_around(state);
    state->return_address = *(const uint64_t *)state->registers.rsp;
    state->stack_works = try_stack(processor->stack_top - LINTEL_PROCESSOR_STACK_BYTES);
    state->arrived = true;
    halt_forever();
}

static bool all_arrived(void)
{
    for (uint64_t i = 1; i < processors_known(); i++)
        if (!processor_states[i].arrived)
            return false;
    return true;
}

void processors_start(void)
{
    uint64_t start = read_tsc();
    uint64_t patience = (boot->tsc_hz ? boot->tsc_hz : TSC_HZ_GUESS) * PATIENCE_SECONDS;
    look_around(&processor_states[0]);
    cpu_features(); /* asked once, for all CPUs */
    for (uint64_t i = 1; i < processors_known(); i++) {
        boot->processors[i].argument = address_of(&processor_states[i]);
        boot->processors[i].entry = processor_entry;
    }
    while (!all_arrived() && read_tsc() - start < patience)
        __asm__ volatile("pause");
}
