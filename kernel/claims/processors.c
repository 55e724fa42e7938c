/* Claims C34 to C38: the other CPUs, as each found itself at its first instruction. */
#include "kernel/claims/claims.h"
#include "kernel/machine/processors.h"

#define RFLAGS_CLEAR 0x2
#define MXCSR_RESET  0x1f80 /* Intel SDM 1, 10.2.3 */
#define X87_RESET    0x37f  /* as FNINIT leaves it: Intel SDM 1, 8.1.5 */
#define UID_UNKNOWN  UINT32_MAX

static const struct lintel_processor *processor(uint64_t index)
{
    return &boot->processors[index];
}

static bool is_alone(void)
{
    return boot->processor_count <= 1 && remark("there is one CPU");
}

/* Whether a check holds for all CPUs but the one that boots. */
static bool holds_for_each(bool (*check)(uint64_t index, const struct processor_state *state))
{
    for (uint64_t i = 1; i < processors_known(); i++)
        if (!check(i, &processor_states[i]))
            return false;
    return true;
}

/* ---- C34 ------------------------------------------------------------------------------------- */

static bool check_identity(uint64_t index)
{
    const struct lintel_processor *one = processor(index);
    for (uint64_t i = 0; i < index; i++) {
        if (processor(i)->apic_id == one->apic_id)
            return violated("CPUs %lu and %lu both have APIC ID %u", i, index, one->apic_id);
        if (processor(i)->acpi_uid == one->acpi_uid && one->acpi_uid != UID_UNKNOWN)
            return violated("CPUs %lu and %lu both have ACPI UID %u", i, index, one->acpi_uid);
    }
    return true;
}

bool processors_are_listed(void)
{
    if (boot->processor_count == 0)
        return violated("not even the CPU that boots is listed");
    if (processor(0)->apic_id != processor_states[0].apic_id)
        return violated("CPU 0 has APIC ID %u, the CPU that boots %u", processor(0)->apic_id,
                        processor_states[0].apic_id);
    if (processor(0)->stack_top != boot->stack_top)
        return violated("CPU 0 has not the kernel's stack");
    for (uint64_t i = 1; i < boot->processor_count; i++)
        if (!check_identity(i))
            return false;
    return remark("%lu, %lu missing", boot->processor_count, boot->processors_missing);
}

/* ---- C35 ------------------------------------------------------------------------------------- */

static bool check_registers(uint64_t index, const struct processor_state *state)
{
    const struct initial_state *r = &state->registers;
    if (!state->arrived)
        return violated("CPU %lu did not come", index);
    const struct comparison rows[] = {{"APIC ID", state->apic_id, processor(index)->apic_id},
                                      {"RDI", r->rdi, address_of(processor(index))},
                                      {"RFLAGS", r->rflags, RFLAGS_CLEAR},
                                      {"MXCSR", state->mxcsr, MXCSR_RESET},
                                      {"the x87 control word", state->x87_control, X87_RESET}};
    return all_equal(index, rows, sizeof rows / sizeof *rows) &&
           general_registers_are_zero(index, r);
}

bool processors_start_clean(void)
{
    return is_alone() || holds_for_each(check_registers);
}

/* ---- C36 ------------------------------------------------------------------------------------- */

static bool check_control(uint64_t index, const struct processor_state *state)
{
    const struct processor_state *first = &processor_states[0];
    const struct comparison rows[] = {
        {"CR0", state->cr0, first->cr0},
        {"CR3", state->cr3, first->cr3},
        {"CR4", state->cr4, first->cr4},
        {"EFER", state->efer, first->efer},
        {"PAT", state->pat, first->pat},
        {"the APIC's mode", state->apic_mode, first->apic_mode},
        {"IDT", state->idtr.base, first->idtr.base},
        {"IDT limit", state->idtr.limit, first->idtr.limit},
        {"FS base", state->fs_base, 0},
        {"GS base", state->gs_base, 0},
        {"LDTR", state->ldtr, 0},
        {"TR", state->tr, SELECTOR_TSS},
    };
    return all_equal(index, rows, sizeof rows / sizeof *rows) &&
           segments_are_flat(index, &state->registers);
}

bool processors_are_alike(void)
{
    return is_alone() || holds_for_each(check_control);
}

/* ---- C37 ------------------------------------------------------------------------------------- */

static bool check_descriptors(uint64_t index, const struct processor_state *state)
{
    for (uint64_t i = 0; i < index; i++) {
        const struct processor_state *other = &processor_states[i];
        if (other->gdtr.base == state->gdtr.base)
            return violated("CPUs %lu and %lu have one GDT", i, index);
        if (tss_in(other->gdtr) == tss_in(state->gdtr))
            return violated("CPUs %lu and %lu have one TSS", i, index);
        if (tss_in(other->gdtr)->ist[IST_FAULT - 1] == tss_in(state->gdtr)->ist[IST_FAULT - 1])
            return violated("CPUs %lu and %lu have one fault stack", i, index);
    }
    return true;
}

static bool check_promises(uint64_t index, const struct processor_state *state)
{
    (void)index;
    return gdt_is_good(state->gdtr) && tss_is_good(state->gdtr);
}

bool processors_have_own_tables(void)
{
    return is_alone() || (holds_for_each(check_promises) && holds_for_each(check_descriptors));
}

/* ---- C38 ------------------------------------------------------------------------------------- */

static bool check_stack(uint64_t index, const struct processor_state *state)
{
    uint64_t top = processor(index)->stack_top, bottom = top - LINTEL_PROCESSOR_STACK_BYTES;
    const struct comparison rows[] = {
        {"RSP", state->registers.rsp, top - 8},
        {"RSP + 8 within 16 bytes", top % 16, 0},
        {"the return address on the stack", state->return_address, 0},
        {"whether the stack can be written", state->stack_works, true},
    };
    if (!all_equal(index, rows, sizeof rows / sizeof *rows))
        return false;
    for (uint64_t i = 0; i < index; i++)
        if (processor(i)->stack_top == top)
            return violated("CPUs %lu and %lu have one stack", i, index);
    return stack_is_writable(index, "stack", bottom, top) &&
           stack_is_guarded(index, "stack", bottom, top) &&
           fault_stack_is_good(index, tss_in(state->gdtr)->ist[IST_FAULT - 1]);
}

bool processors_have_own_stacks(void)
{
    return is_alone() || holds_for_each(check_stack);
}
