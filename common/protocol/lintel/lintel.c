/* Lintel's own protocol (PROTOCOL.md). */
#include "common/protocol/lintel/lintel.h"
#include "common/hw/cpu.h"
#include "common/hw/registers.h"
#include "common/lib/mem.h"
#include "common/memory/gdt.h"
#include "common/protocol/lintel/lintel_info.h"

static enum paint paint(enum lintel_memory_type type, bool above_4gib)
{
    switch (type) {
    case LINTEL_MEMORY_RESERVED:
    case LINTEL_MEMORY_MMIO:
        return above_4gib ? PAINT_ABSENT : PAINT_UNCACHED;
    case LINTEL_MEMORY_BAD:
        return PAINT_ABSENT;
    case LINTEL_MEMORY_FRAMEBUFFER:
        return PAINT_WRITE_COMBINING;
    default:
        return PAINT_WRITE_BACK;
    }
}

const struct job_rules lintel_rules = {
    .plan =
        {
            .lowest = PLAN_UPPER_HALF,
            .advice = "a Lintel kernel lives in the upper half: link it at FFFFFFFF80000000h",
            .window = true,
            .global = true,
            .guards_aliases = true,
            .write_combining = 7,
            .gaps = PAINT_UNCACHED,
            .paint = paint,
        },
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
    .information_bytes = lintel_info_bytes,
    .build_information = lintel_info_build,
    .seat_cpu = lintel_info_seat_cpu,
    .tell_cpus = lintel_info_tell_cpus,
};

enum err lintel_parse(struct job *job, const struct source *kernel)
{
    job->rules = &lintel_rules;
    TRY(elf_parse(kernel, &job->boot->machine.arena, &job->kernel));
    if (!job->kernel.has_request)
        return fail(
            ERR_UNSUPPORTED,
            "%s: an ELF file without a Lintel note; add LINTEL_REQUEST() from lintel.h to it",
            kernel->name);
    return job_parse_resident(job);
}

static enum err boot_lintel(struct boot *boot, const struct entry *entry, const struct file *kernel)
{
    struct job *job;

    TRY(ARENA_TAKE(&boot->machine.arena, 1, &job));
    job->boot = boot;
    job->entry = entry;
    job->volume = kernel->fs->volume;
    job->entropy_strong = cpu_entropy(&boot->machine.facts->cpu, job->entropy);
    TRY(lintel_parse(job, &kernel->source));
    TRY(job_open_modules(job, entry->modules));
    if (job->kernel.request.flags & LINTEL_REQUEST_CPUS)
        TRY(job_list_cpus(job, LINTEL_PROCESSOR_STACK_BYTES));
    return job_carry_out(job);
}

static bool is_lintel(const struct candidate *file)
{
    return elf_recognise(file->head, file->head_bytes) && elf_has_note(file->source, file->arena);
}

const struct protocol protocol_lintel = {
    .key = "lintel",
    .name = "a Lintel kernel",
    .refuses = PROTOCOL_NO_INITRDS,
    .advice = ": its files are `module`",
    .recognise = is_lintel,
    .boot = boot_lintel,
};
