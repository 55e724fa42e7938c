/* How does a Lintel kernel want to be booted? (PROTOCOL.md) */
#include "common/protocol/lintel/lintel.h"
#include "common/hw/registers.h"
#include "common/lib/mem.h"
#include "common/memory/gdt.h"
#include "common/protocol/protocol.h"

static enum attribute attributes(enum lintel_memory_type type, bool above_4gib)
{
    switch (type) {
    case LINTEL_MEMORY_RESERVED:
    case LINTEL_MEMORY_MMIO:
        return above_4gib ? ATTRIBUTE_ABSENT : ATTRIBUTE_UNCACHED;
    case LINTEL_MEMORY_BAD:
        return ATTRIBUTE_ABSENT;
    case LINTEL_MEMORY_FRAMEBUFFER:
        return ATTRIBUTE_WRITE_COMBINING;
    default:
        return ATTRIBUTE_WRITE_BACK;
    }
}

const struct space_rules lintel_space = {
    .lowest = PLAN_UPPER_HALF,
    .advice = "a Lintel kernel lives in the upper half: link it at FFFFFFFF80000000h",
    .window = true,
    .global = true,
    .guards_aliases = true,
    .write_combining = 7,
    .gaps = ATTRIBUTE_UNCACHED,
    .attribute_of = attributes,
};

static const struct cpu_rules cpu_rules = {
    /* PA0 WB, PA1 WT, PA2 UC-, PA3 UC, PA4 WB, PA5 WP, PA6 UC-, PA7 WC */
    .pat = UINT64_C(0x0107050600070406),
    .cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG,
    .cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT,
    .cr4_smep = CR4_SMEP,
    .reports = true,
    .code = GDT_KERNEL_CODE,
    .data = GDT_KERNEL_DATA,
    .tss = GDT_TSS,
    .gdt_bytes = GDT_BYTES,
    .build_gdt = gdt_build,
};

/* ---- wishes ---------------------------------------------------------------------------------- */

/* The image is one piece: its segments must be as far apart in physical memory as in virtual. */
static enum err fix_place(const struct elf *image, struct region *kernel)
{
    const struct elf_segment *segments = image->segments;
    uint64_t distance = segments[0].physical - segments[0].virtual, end;

    for (uint32_t i = 1; i < image->segment_count; i++)
        if (segments[i].physical - segments[i].virtual != distance)
            return fail(ERR_UNSUPPORTED,
                        "%s: asks for its physical addresses, but the segments at %lXh and %lXh "
                        "are not as far apart in them (p_paddr %lXh and %lXh)",
                        image->reader->name, segments[0].virtual, segments[i].virtual,
                        segments[0].physical, segments[i].physical);
    kernel->fixed = true;
    kernel->target = image->first + distance;
    kernel->advice = "it asks for its physical addresses";
    if (kernel->target % PAGE_BYTES || add_wraps(kernel->target, kernel->bytes, &end))
        return fail(ERR_UNSUPPORTED,
                    "%s: asks for its physical addresses, but p_paddr %lXh is not whole pages away "
                    "from p_vaddr %lXh",
                    image->reader->name, segments[0].physical, segments[0].virtual);
    return OK;
}

static void wish_for_screen(const struct lintel_request *request, struct screen_wish *screen)
{
    *screen = (struct screen_wish){
        .wanted = request->flags & (LINTEL_REQUEST_FRAMEBUFFER | LINTEL_REQUEST_FRAMEBUFFER_MUST),
        .width = request->framebuffer_width,
        .height = request->framebuffer_height,
        .required =
            request->flags & LINTEL_REQUEST_FRAMEBUFFER_MUST ? "requires a framebuffer" : NULL,
    };
}

static enum err wish(struct attempt *attempt, const struct lintel *lintel)
{
    const struct lintel_request *request = &lintel->request;
    struct wishes *wishes = &attempt->wishes;

    wishes->space = &lintel_space;
    attempt->cpu_rules = &cpu_rules;
    wishes->paging_levels = request->paging_levels;
    wishes->paging_required = request->flags & LINTEL_REQUEST_PAGING_MUST;
    wishes->keeps_address = request->flags & LINTEL_REQUEST_NO_SLIDE;
    wishes->stack_bytes = request->stack_bytes;
    wish_for_screen(request, &wishes->screen);
    if (request->flags & LINTEL_REQUEST_CPUS)
        TRY(upper_half_list_cpus(attempt, LINTEL_PROCESSOR_STACK_BYTES));
    return request->flags & LINTEL_REQUEST_PHYSICAL ? fix_place(&lintel->image, &wishes->regions[0])
                                                    : OK;
}

static enum err open_modules(struct attempt *attempt, struct lintel *lintel, uint64_t count)
{
    TRY(ARENA_TAKE(&attempt->machine->arena, count, &lintel->modules));
    TRY(attempt_open_files(attempt, "module", attempt->entry->modules, lintel->modules));
    for (uint64_t i = 0; i < count; i++)
        TRY(upper_half_add_module(attempt, lintel->modules[i].reader.name,
                                  &lintel->modules[i].reader));
    return OK;
}

/* ---- hooks ----------------------------------------------------------------------------------- */

static enum err open(struct attempt *attempt)
{
    uint64_t modules = entry_count_files(attempt->entry->modules);
    struct arena *arena = &attempt->machine->arena;
    struct lintel *lintel;

    TRY(ARENA_TAKE(arena, 1, &lintel));
    attempt->protocol = lintel;
    TRY(elf_parse(&attempt->kernel.reader, arena, &lintel->image));
    TRY(lintel_read_note(&attempt->kernel.reader, arena, &lintel->request));
    TRY(upper_half_begin(attempt, &lintel->image, modules));
    TRY(open_modules(attempt, lintel, modules));
    return wish(attempt, lintel);
}

static enum err finish(struct attempt *attempt)
{
    return upper_half_finish(attempt, attempt->wishes.image->entry);
}

static bool is_lintel(const struct candidate *file)
{
    return elf_recognise(file->head, file->head_bytes) &&
           lintel_has_note(file->reader, file->arena);
}

static enum err explain(const struct candidate *file)
{
    return elf_recognise(file->head, file->head_bytes)
               ? lintel_explain_note(file->reader, file->arena)
               : OK;
}

const struct protocol protocol_lintel = {
    .key = "lintel",
    .name = "a Lintel kernel",
    .refuses = PROTOCOL_NO_INITRDS,
    .advice = ": its files are `module`",
    .silent = true,
    .recognise = is_lintel,
    .explain = explain,
    .hooks =
        {
            .open = open,
            .finish = finish,
            .build = lintel_build,
            .fill_mailbox = lintel_fill_mailbox,
            .tell_cpus = lintel_tell_cpus,
        },
};
