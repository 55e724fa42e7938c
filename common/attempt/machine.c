/* In what state does a kernel on page tables of its own find the machine? */
#include "common/attempt/attempt.h"
#include "common/hw/registers.h"
#include "common/lib/mem.h"
#include "common/memory/gdt.h"

#define IDT_VECTORS 256
#define VGA_TEXT    0xb8000

/* ---- page tables ----------------------------------------------------------------------------- */

static enum err map_bridge(const struct plan *plan, struct paging *paging)
{
    for (uint64_t i = 0; i < plan->bridge_count; i++)
        TRY(paging_map(paging, &plan->bridge[i]));
    return OK;
}

/* The kernel's tables hold the bridge too, until the handoff empties their lower half. The other
 * side of the bridge is a small set of tables for the loader's paging mode, without NX: the loader
 * may not have it on. */
static enum err build_tables(struct attempt *attempt, struct paging *kernel)
{
    const struct plan *plan = &attempt->plan;
    const struct placement *place = &plan->places[PLACE_TABLES];

    memset(at_physical(place->physical), 0, place->bytes);
    *kernel = plan->paging;
    kernel->next = place->physical;
    kernel->end = place->physical + place->bytes;
    for (uint64_t i = 0; i < plan->mapping_count; i++)
        TRY(paging_map(kernel, &plan->mappings[i]));
    if (!attempt->wishes.space->identity)
        TRY(map_bridge(plan, kernel));

    struct paging bridge = {
        .levels = attempt->request.loader_levels, .next = kernel->next, .end = kernel->end};
    TRY(map_bridge(plan, &bridge));
    attempt->root = bridge.root;
    return OK;
}

/* ---- descriptor tables ----------------------------------------------------------------------- */

static void make_pseudo_descriptor(uint8_t to[16], uint64_t bytes, const void *virtual)
{
    uint16_t limit = (uint16_t)(bytes - 1);
    memcpy(to, &limit, sizeof limit);
    memcpy(to + sizeof limit, &virtual, sizeof virtual);
}

enum err attempt_build_gdt(const struct attempt *attempt, struct buffer *buffer,
                           uint64_t fault_stack_top, uint8_t gdtr[16])
{
    const struct cpu_rules *rules = attempt->cpu_rules;
    uint64_t *gdt, tss_virtual = 0;
    uint8_t *tss;

    if (rules->reports) {
        TRY(buffer_take(buffer, TSS_BYTES, (void **)&tss));
        gdt_build_tss(tss, fault_stack_top);
        tss_virtual = (uintptr_t)buffer_virtual(buffer, tss);
    }
    TRY(buffer_take(buffer, rules->gdt_bytes, (void **)&gdt));
    rules->build_gdt(gdt, tss_virtual);
    make_pseudo_descriptor(gdtr, rules->gdt_bytes, buffer_virtual(buffer, gdt));
    return OK;
}

/* Without a fault table the IDTR stays zero. */
static enum err build_fault_table(const struct attempt *attempt, struct buffer *buffer,
                                  uint8_t idtr[16])
{
    uint64_t(*idt)[2];

    if (!attempt->cpu_rules->reports)
        return OK;
    TRY(buffer_take(buffer, IDT_VECTORS * sizeof *idt, (void **)&idt));
    for (uint64_t i = 0; i < IDT_VECTORS; i++)
        idt_build_gate(idt[i], attempt->cpu_rules->code,
                       attempt->plan.resident_virtual + i * VECTOR_BYTES, IST_FAULT);
    make_pseudo_descriptor(idtr, IDT_VECTORS * sizeof *idt, buffer_virtual(buffer, idt));
    return OK;
}

/* ---- the fault reporter's state -------------------------------------------------------------- */

static enum err add_guard(struct buffer *buffer, struct resident_state *state, uint64_t base,
                          uint64_t end, const char *meaning)
{
    struct resident_guard *guard = state->guards;

    while (guard->bytes)
        guard++;
    guard->base = base;
    guard->bytes = end - base;
    return buffer_copy_text(buffer, meaning, &guard->meaning);
}

static enum err add_guards(const struct plan *plan, struct buffer *buffer,
                           struct resident_state *state)
{
    uint64_t stack = plan->stack_top - plan->places[PLACE_STACK].bytes;

    TRY(add_guard(buffer, state, stack - PAGE_BYTES, stack,
                  "the kernel's stack has overflowed: ask for a larger one in the Lintel note"));
    TRY(add_guard(buffer, state, plan->stack_top, plan->stack_top + PAGE_BYTES,
                  "above the kernel's stack: more was popped than pushed"));
    TRY(add_guard(buffer, state, plan->fault_stack_top, plan->fault_stack_top + PAGE_BYTES,
                  "above the fault stack"));
    if (plan->cpu_count == 1)
        return OK;
    return add_guard(buffer, state, plan->cpu_stacks_virtual,
                     plan_cpu_fault_stack_top(plan, plan->cpu_count - 1) + PAGE_BYTES,
                     "beside the stack that this CPU was started on: give it a larger one");
}

static enum err describe_kernel(const struct attempt *attempt, struct buffer *buffer,
                                struct resident_state *state)
{
    const struct elf *kernel = attempt->wishes.image;
    const struct plan *plan = &attempt->plan;

    if (!attempt->cpu_rules->reports)
        return OK;
    TRY(buffer_copy(buffer, kernel->symbols, kernel->symbol_count * sizeof *kernel->symbols,
                    (const void **)&state->symbols));
    TRY(buffer_copy(buffer, kernel->names, kernel->names_bytes, (const void **)&state->names));
    state->symbol_count = kernel->symbol_count;
    state->slide = plan->slide;
    state->kernel_first = plan->kernel_virtual;
    state->kernel_end = plan->kernel_virtual + (kernel->end - kernel->first);
    state->stack_top = plan->stack_top;
    state->cpu_count = plan->cpu_count;
    state->cpu_stack_top = plan_cpu_stack_top(plan, 1);
    state->cpu_stack_distance = plan_cpu_stack_top(plan, 2) - state->cpu_stack_top;
    return attempt->wishes.space->window ? add_guards(plan, buffer, state) : OK;
}

/* The text screen is no memory, and not mapped by every protocol. */
static void describe_screen(const struct attempt *attempt, const struct buffer *buffer,
                            struct resident_state *state)
{
    if (attempt->has_video) {
        state->framebuffer = attempt->video.fb;
        state->framebuffer.pixels =
            buffer_virtual(buffer, at_physical(attempt->video.fb.base_physical));
    } else if (attempt_facts(attempt)->firmware == LINTEL_FIRMWARE_BIOS &&
               attempt->wishes.space->attribute_of(LINTEL_MEMORY_RESERVED, false) !=
                   ATTRIBUTE_ABSENT) {
        state->vga_text = (uintptr_t)buffer_virtual(buffer, at_physical(VGA_TEXT));
    }
}

static void put_resident_state(const struct attempt *attempt, const struct resident_state *state)
{
    const struct elf *resident = &attempt->resident;
    const struct elf_segment *data = &resident->segments[resident->segment_count - 1];

    memcpy(at_physical(attempt->plan.places[PLACE_RESIDENT].physical + data->virtual -
                       resident->first),
           state, sizeof *state);
}

static enum err describe_for_reports(const struct attempt *attempt, struct buffer *buffer)
{
    struct resident_state state = {0};

    TRY(describe_kernel(attempt, buffer, &state));
    describe_screen(attempt, buffer, &state);
    if (!buffer_counts(buffer))
        put_resident_state(attempt, &state);
    return OK;
}

/* ---- the handoff's state --------------------------------------------------------------------- */

static uint64_t final_cr4(const struct attempt *attempt)
{
    const struct cpu_rules *rules = attempt->cpu_rules;
    const struct paging *paging = &attempt->plan.paging;
    bool smep = attempt_facts(attempt)->cpu.features & LINTEL_CPU_SMEP;

    return rules->cr4 | (smep ? rules->cr4_smep : 0) | (paging->has_pge ? CR4_PGE : 0) |
           (paging->levels == 5 ? CR4_LA57 : 0);
}

static enum err list_memory_to_zero(const struct attempt *attempt, struct buffer *buffer,
                                    struct handoff_state *state)
{
    struct handoff_zero *zero;

    if (!attempt->zero_memory)
        return OK;
    TRY(buffer_take(buffer, attempt->map.count * sizeof *zero, (void **)&zero));
    for (uint64_t i = 0; i < attempt->map.count; i++) {
        const struct memmap_range *range = &attempt->map.ranges[i];
        if (range->type == LINTEL_MEMORY_USABLE)
            zero[state->zero_count++] = (struct handoff_zero){
                attempt->plan.direct_map + range->first, range->last - range->first + 1};
    }
    state->zero = buffer_virtual(buffer, zero);
    return OK;
}

static void describe_cpu(const struct attempt *attempt, struct handoff_state *state)
{
    const struct cpu_rules *rules = attempt->cpu_rules;
    const struct paging *paging = &attempt->plan.paging;

    state->code = rules->code;
    state->data = rules->data;
    state->fs_gs = rules->fs_gs;
    state->tss = rules->tss;
    state->cr0 = rules->cr0;
    state->cr4 = final_cr4(attempt);
    state->efer = EFER_LME | (paging->has_nx ? EFER_NXE : 0);
    state->pat = paging->has_pat ? rules->pat : 0;
}

static void describe_entry(const struct attempt *attempt, const struct paging *tables,
                           struct handoff_state *state)
{
    const struct plan *plan = &attempt->plan;

    state->mode = HANDOFF_KERNEL_TABLES;
    state->delta = plan->handoff_virtual - plan->places[PLACE_HANDOFF].physical;
    state->root = tables->root;
    state->root_virtual = attempt->wishes.space->identity ? 0 : plan->direct_map + tables->root;
    state->entry = attempt->entry_point;
    state->registers = attempt->registers;
    state->registers.rsp = plan->stack_top;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static enum err build_descriptors(struct attempt *attempt, struct buffer *buffer,
                                  struct handoff_state *state)
{
    TRY(build_fault_table(attempt, buffer, state->idtr));
    TRY(attempt_build_gdt(attempt, buffer, attempt->plan.fault_stack_top, state->gdtr));
    TRY(list_memory_to_zero(attempt, buffer, state));
    return attempt_build_mailboxes(attempt, buffer, state->idtr);
}

enum err attempt_build_machine(struct attempt *attempt, struct buffer *buffer)
{
    uint64_t region = attempt->plan.places[PLACE_HANDOFF].physical;
    struct handoff_state counted = {0}, *state = &counted;
    struct paging tables;

    if (!buffer_counts(buffer)) {
        state = handoff_install(region, NULL, 0);
        TRY(build_tables(attempt, &tables));
        describe_entry(attempt, &tables, state);
        describe_cpu(attempt, state);
    }
    TRY(describe_for_reports(attempt, buffer));
    return build_descriptors(attempt, buffer, state);
}
