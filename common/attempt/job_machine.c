#include "common/attempt/job.h"
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

/* The kernel's tables hold the bridge too, until the handoff program empties their lower half. The
 * other side of the bridge is a small set of tables for the loader's paging mode, without NX: the
 * loader may not have it on. */
static enum err build_tables(struct job *job, struct paging *kernel, struct paging *bridge)
{
    const struct plan *plan = &job->plan;
    const struct placement *place = &plan->places[PLACE_TABLES];

    memset(at_physical(place->physical), 0, place->bytes);
    *kernel = plan->paging;
    kernel->next = place->physical;
    kernel->end = place->physical + place->bytes;
    for (uint64_t i = 0; i < plan->mapping_count; i++)
        TRY(paging_map(kernel, &plan->mappings[i]));
    if (!job->rules->plan.identity)
        TRY(map_bridge(plan, kernel));

    *bridge = (struct paging){
        .levels = job->request.loader_levels, .next = kernel->next, .end = kernel->end};
    return map_bridge(plan, bridge);
}

/* ---- descriptor tables ----------------------------------------------------------------------- */

static void make_pseudo_descriptor(uint8_t to[16], uint64_t bytes, const void *virtual)
{
    uint16_t limit = (uint16_t)(bytes - 1);
    memcpy(to, &limit, sizeof limit);
    memcpy(to + sizeof limit, &virtual, sizeof virtual);
}

enum err job_build_gdt(const struct job *job, struct block *block, uint64_t fault_stack_top,
                       uint8_t gdtr[16])
{
    const struct job_rules *rules = job->rules;
    uint64_t *gdt, tss_virtual = 0;
    uint8_t *tss;
    if (rules->reports) {
        TRY(block_take(block, TSS_BYTES, (void **)&tss));
        gdt_build_tss(tss, fault_stack_top);
        tss_virtual = (uintptr_t)block_virtual(block, tss);
    }
    TRY(block_take(block, rules->gdt_bytes, (void **)&gdt));
    rules->build_gdt(gdt, tss_virtual);
    make_pseudo_descriptor(gdtr, rules->gdt_bytes, block_virtual(block, gdt));
    return OK;
}

static enum err build_fault_table(const struct job *job, struct block *block, uint8_t idtr[16])
{
    uint64_t(*idt)[2];
    TRY(block_take(block, IDT_VECTORS * sizeof *idt, (void **)&idt));
    for (uint64_t i = 0; i < IDT_VECTORS; i++)
        idt_build_gate(idt[i], job->rules->code, job->plan.resident_virtual + i * VECTOR_BYTES,
                       IST_FAULT);
    make_pseudo_descriptor(idtr, IDT_VECTORS * sizeof *idt, block_virtual(block, idt));
    return OK;
}

/* Without a fault table the IDTR stays zero. */
static enum err build_descriptors(const struct job *job, struct block *block,
                                  struct handoff_state *state)
{
    const struct job_rules *rules = job->rules;
    if (rules->reports)
        TRY(build_fault_table(job, block, state->idtr));
    state->code = rules->code;
    state->data = rules->data;
    state->fs_gs = rules->fs_gs;
    state->tss = rules->tss;
    return job_build_gdt(job, block, job->plan.fault_stack_top, state->gdtr);
}

/* ---- the handoff program's state ------------------------------------------------------------- */

static uint64_t final_cr4(const struct job *job)
{
    const struct paging *paging = &job->plan.paging;
    bool smep = job->boot->machine.facts->cpu.features & LINTEL_CPU_SMEP;
    return job->rules->cr4 | (smep ? job->rules->cr4_smep : 0) | (paging->has_pge ? CR4_PGE : 0) |
           (paging->levels == 5 ? CR4_LA57 : 0);
}

static enum err list_memory_to_zero(const struct job *job, struct block *block,
                                    struct handoff_state *state)
{
    struct handoff_zero *zero;
    if (!job->boot->config.zero_memory)
        return OK;
    TRY(block_take(block, job->map.count * sizeof *zero, (void **)&zero));
    for (uint64_t i = 0; i < job->map.count; i++) {
        const struct memmap_range *range = &job->map.ranges[i];
        if (range->type == LINTEL_MEMORY_USABLE)
            zero[state->zero_count++] = (struct handoff_zero){job->plan.direct_map + range->first,
                                                              range->last - range->first + 1};
    }
    state->zero = block_virtual(block, zero);
    return OK;
}

static void describe_switch(const struct job *job, const struct paging *paging, uint64_t argument,
                            struct handoff_state *state)
{
    const struct plan *plan = &job->plan;
    state->mode = HANDOFF_KERNEL_TABLES;
    state->entry = job->kernel.entry + plan->slide;
    state->registers.rsp = plan->stack_top;
    state->registers.rdi = argument;
    state->root = paging->root;
    state->root_virtual = job->rules->plan.identity ? 0 : plan->direct_map + paging->root;
    state->delta = plan->handoff_virtual - plan->places[PLACE_HANDOFF].physical;
    state->cr0 = job->rules->cr0;
    state->cr4 = final_cr4(job);
    state->efer = EFER_LME | (paging->has_nx ? EFER_NXE : 0);
    state->pat = paging->has_pat ? job->rules->pat : 0;
}

struct handoff_state *job_handoff(const struct job *job)
{
    return at_physical(job->plan.places[PLACE_HANDOFF].physical);
}

/* ---- the resident image's state -------------------------------------------------------------- */

static enum err add_guard(struct block *block, struct resident_state *state, uint64_t base,
                          uint64_t end, const char *meaning)
{
    struct resident_guard *guard = state->guards;
    while (guard->bytes)
        guard++;
    guard->base = base;
    guard->bytes = end - base;
    return block_copy_text(block, meaning, &guard->meaning);
}

static enum err add_guards(const struct plan *plan, struct block *block,
                           struct resident_state *state)
{
    uint64_t stack = plan->stack_top - plan->places[PLACE_STACK].bytes;
    TRY(add_guard(block, state, stack - PAGE_BYTES, stack,
                  "the kernel's stack has overflowed: ask for a larger one in the Lintel note"));
    TRY(add_guard(block, state, plan->stack_top, plan->stack_top + PAGE_BYTES,
                  "above the kernel's stack: more was popped than pushed"));
    TRY(add_guard(block, state, plan->fault_stack_top, plan->fault_stack_top + PAGE_BYTES,
                  "above the fault stack"));
    if (plan->cpu_count == 1)
        return OK;
    return add_guard(block, state, plan->cpu_stacks_virtual,
                     plan_cpu_fault_stack_top(plan, plan->cpu_count - 1) + PAGE_BYTES,
                     "beside the stack that this CPU was started on: give it a larger one");
}

static enum err describe_for_reports(const struct job *job, struct block *block,
                                     struct resident_state *state)
{
    const struct plan *plan = &job->plan;
    const struct elf *kernel = &job->kernel;
    if (!job->rules->reports)
        return OK;
    TRY(block_copy(block, kernel->symbols, kernel->symbol_count * sizeof *kernel->symbols,
                   (const void **)&state->symbols));
    TRY(block_copy(block, kernel->names, kernel->names_bytes, (const void **)&state->names));
    state->symbol_count = kernel->symbol_count;
    state->slide = plan->slide;
    state->kernel_first = plan->kernel_virtual;
    state->kernel_end = plan->kernel_virtual + plan->places[PLACE_KERNEL].bytes;
    return job->rules->plan.window ? add_guards(plan, block, state) : OK;
}

/* The text screen is no memory, and not mapped by every protocol. */
static void describe_screen(const struct job *job, const struct block *block,
                            struct resident_state *state)
{
    if (job->has_video) {
        state->framebuffer = job->video.fb;
        state->framebuffer.pixels = block_virtual(block, at_physical(job->video.fb.base_physical));
    } else if (job->boot->machine.facts->firmware == LINTEL_FIRMWARE_BIOS &&
               job->rules->plan.paint(LINTEL_MEMORY_RESERVED, false) != PAINT_ABSENT) {
        state->vga_text = (uintptr_t)block_virtual(block, at_physical(VGA_TEXT));
    }
}

static struct resident_state *resident_state(const struct job *job)
{
    const struct elf *resident = &job->resident;
    const struct elf_segment *data = &resident->segments[resident->segment_count - 1];
    return at_physical(job->plan.places[PLACE_RESIDENT].physical + data->virtual - resident->first);
}

uint64_t job_machine_bytes(const struct job *job)
{
    const struct elf *kernel = &job->kernel;
    uint64_t bytes = TSS_BYTES + job->rules->gdt_bytes + IDT_VECTORS * 16;
    bytes += job->map.capacity * sizeof(struct handoff_zero);
    bytes += kernel->symbol_count * sizeof *kernel->symbols + kernel->names_bytes;
    bytes += job_cpus_bytes(job);
    return bytes + PAGE_BYTES; /* names of the guards, alignment */
}

enum err job_build_machine(struct job *job, struct block *block, uint64_t argument,
                           uint64_t *bridge_root)
{
    struct handoff_state *handoff =
        handoff_install(job->plan.places[PLACE_HANDOFF].physical, NULL, 0);
    struct resident_state *resident = resident_state(job);
    struct paging kernel, bridge;

    memset(resident, 0, sizeof *resident);
    TRY(build_tables(job, &kernel, &bridge));
    TRY(build_descriptors(job, block, handoff));
    TRY(list_memory_to_zero(job, block, handoff));
    describe_switch(job, &kernel, argument, handoff);
    TRY(describe_for_reports(job, block, resident));
    describe_screen(job, block, resident);
    *bridge_root = bridge.root;
    return OK;
}
