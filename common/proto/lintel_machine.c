#include "lintel_job.h"
#include "../lib/mem.h"
#include "../machine/gdt.h"

#define CR4_PAE        (1u << 5)
#define CR4_PGE        (1u << 7)
#define CR4_OSFXSR     (1u << 9)
#define CR4_OSXMMEXCPT (1u << 10)
#define CR4_LA57       (1u << 12)
#define CR4_SMEP       (1u << 20)
#define EFER_LME       (1u << 8)
#define EFER_LMA       (1u << 10)
#define EFER_NXE       (1u << 11)

#define IDT_VECTORS 256
#define VGA_TEXT    0xb8000

/* ---- page tables ----------------------------------------------------------------------------- */

static enum err map_bridge(const struct plan *plan, struct paging *paging)
{
    for (uint64_t i = 0; i < plan->bridge_count; i++)
        TRY(paging_map(paging, &plan->bridge[i]));
    return OK;
}

/* The kernel's tables hold the bridge too, until switch.asm empties their lower half. The other
 * side of the bridge is a small set of tables for the loader's paging mode, without NX: the loader
 * may not have it on. */
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

static enum err build_descriptors(const struct job *job, struct block *block,
                                  struct resident_state *state)
{
    uint64_t *gdt, (*idt)[2];
    uint8_t *tss;
    TRY(block_take(block, TSS_BYTES, (void **)&tss));
    TRY(block_take(block, GDT_BYTES, (void **)&gdt));
    TRY(block_take(block, IDT_VECTORS * sizeof *idt, (void **)&idt));

    gdt_build_tss(tss, job->plan.fault_stack_top);
    gdt_build(gdt, (uintptr_t)block_virtual(block, tss));
    for (uint64_t i = 0; i < IDT_VECTORS; i++)
        idt_build_gate(idt[i], job->plan.resident_virtual + i * RESIDENT_VECTOR_BYTES, IST_FAULT);
    make_pseudo_descriptor(state->gdtr, GDT_BYTES, block_virtual(block, gdt));
    make_pseudo_descriptor(state->idtr, IDT_VECTORS * sizeof *idt, block_virtual(block, idt));
    return OK;
}

/* ---- the resident image's state -------------------------------------------------------------- */

static uint64_t final_cr4(const struct job *job)
{
    uint32_t features = job->boot->facts->cpu.features;
    return CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | (features & LINTEL_CPU_PGE ? CR4_PGE : 0) |
           (features & LINTEL_CPU_SMEP ? CR4_SMEP : 0) |
           (job->plan.paging.levels == 5 ? CR4_LA57 : 0);
}

static enum err list_memory_to_zero(const struct job *job, struct block *block,
                                    struct resident_state *state)
{
    struct resident_zero *zero;
    if (!job->boot->config.zero_memory)
        return OK;
    TRY(block_take(block, job->map.count * sizeof *zero, (void **)&zero));
    for (uint64_t i = 0; i < job->map.count; i++) {
        const struct memmap_range *range = &job->map.ranges[i];
        if (range->type == LINTEL_MEMORY_USABLE)
            zero[state->zero_count++] = (struct resident_zero){job->plan.direct_map + range->first,
                                                               range->last - range->first + 1};
    }
    state->zero = block_virtual(block, zero);
    return OK;
}

static enum err add_guard(struct block *block, struct resident_state *state, uint64_t base,
                          const char *meaning)
{
    struct resident_guard *guard = state->guards;
    while (guard->bytes)
        guard++;
    guard->base = base;
    guard->bytes = PAGE_BYTES;
    return block_copy_text(block, meaning, &guard->meaning);
}

static enum err describe_for_reports(const struct job *job, struct block *block,
                                     struct resident_state *state)
{
    const struct plan *plan = &job->plan;
    const struct elf *kernel = &job->kernel;
    TRY(block_copy(block, kernel->symbols, kernel->symbol_count * sizeof *kernel->symbols,
                   (const void **)&state->symbols));
    TRY(block_copy(block, kernel->names, kernel->names_bytes, (const void **)&state->names));
    state->symbol_count = kernel->symbol_count;
    state->slide = plan->slide;
    state->kernel_first = plan->kernel_virtual;
    state->kernel_end = plan->kernel_virtual + plan->places[PLACE_KERNEL].bytes;
    TRY(add_guard(block, state, plan->stack_top - plan->places[PLACE_STACK].bytes - PAGE_BYTES,
                  "the kernel's stack has overflowed: ask for a larger one in the Lintel note"));
    TRY(add_guard(block, state, plan->stack_top,
                  "above the kernel's stack: more was popped than pushed"));
    return add_guard(block, state, plan->fault_stack_top, "above the fault stack");
}

static void describe_screen(const struct job *job, const struct block *block,
                            struct resident_state *state)
{
    if (job->has_video) {
        state->framebuffer = job->video.fb;
        state->framebuffer.pixels = block_virtual(block, at_physical(job->video.fb.base_physical));
    } else if (job->boot->facts->firmware == LINTEL_FIRMWARE_BIOS) {
        state->vga_text = (uintptr_t)block_virtual(block, at_physical(VGA_TEXT));
    }
}

static void describe_switch(const struct job *job, const struct block *block,
                            const struct paging *paging, const struct lintel_boot_info *info,
                            struct resident_state *state)
{
    const struct plan *plan = &job->plan;
    uint64_t nx = paging->has_nx ? EFER_NXE : 0;
    state->delta = plan->resident_virtual - plan->places[PLACE_RESIDENT].physical;
    state->root = paging->root;
    state->root_virtual = plan->direct_map + paging->root;
    state->flip_la57 = plan->paging.levels != job->request.loader_levels;
    state->cr4 = final_cr4(job);
    state->efer = EFER_LME | EFER_LMA | nx;
    state->pat = paging->has_pat ? PAGING_PAT : 0;
    state->stack_top = plan->stack_top;
    state->entry = job->kernel.entry + plan->slide;
    state->info = (uintptr_t)block_virtual(block, info);
}

static struct resident_state *find_state(const struct job *job)
{
    const struct elf *resident = &job->resident;
    const struct elf_segment *data = &resident->segments[resident->segment_count - 1];
    return at_physical(job->plan.places[PLACE_RESIDENT].physical + data->virtual - resident->first);
}

enum err job_build_machine(struct job *job, struct block *block,
                           const struct lintel_boot_info *info, uint64_t *bridge_root)
{
    struct resident_state *state = find_state(job);
    struct paging kernel, bridge;

    memset(state, 0, sizeof *state);
    TRY(build_tables(job, &kernel, &bridge));
    TRY(build_descriptors(job, block, state));
    TRY(list_memory_to_zero(job, block, state));
    TRY(describe_for_reports(job, block, state));
    describe_screen(job, block, state);
    describe_switch(job, block, &kernel, info, state);
    *bridge_root = bridge.root;
    return OK;
}
