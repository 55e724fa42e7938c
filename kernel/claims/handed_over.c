/* Claim C20: what was handed over keeps out of usable memory. */
#include "kernel/claims/claims.h"
#include "kernel/machine/processors.h"

/* With its final 0, which it may lack: the bytes read never leave mapped memory. */
static uint64_t string_bytes(const char *text)
{
    for (uint64_t i = 0; i < STRING_BYTES_MAX; i++) {
        bool new_page = i == 0 || address_of(text + i) % PAGE_BYTES == 0;
        if (new_page && !mapped_at(address_of(text + i)))
            return STRING_BYTES_MAX;
        if (text[i] == 0)
            return i + 1;
    }
    return STRING_BYTES_MAX;
}

static bool visit_string(handed_over_visit visit, const char *what, const char *text)
{
    return visit(what, text, string_bytes(text));
}

static bool visit_lists(handed_over_visit visit)
{
    const struct {
        const char *what;
        const void *at;
        uint64_t bytes;
    } lists[] = {
        {"the boot information", boot, boot->bytes},
        {"the memory map", boot->memory_map, boot->memory_map_count * sizeof *boot->memory_map},
        {"the firmware's map", boot->raw_map, boot->raw_map_count * sizeof *boot->raw_map},
        {"the list of disks", boot->disks, boot->disk_count * sizeof *boot->disks},
        {"the list of modules", boot->modules, boot->module_count * sizeof *boot->modules},
        {"the list of framebuffers", boot->framebuffers,
         boot->framebuffer_count * sizeof *boot->framebuffers},
        {"the processors", boot->processors, boot->processor_count * sizeof *boot->processors},
        {"the EFI map", boot->efi_map, boot->efi_map_bytes},
        {"the log", boot->log, boot->log_bytes + 1},
        {"the timeline", boot->stages, boot->stage_count * sizeof *boot->stages},
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (!visit(lists[i].what, lists[i].at, lists[i].bytes))
            return false;
    return true;
}

bool handed_over_each(handed_over_visit visit)
{
    bool go_on = visit_lists(visit) && visit_string(visit, "the loader's name", boot->loader) &&
                 visit_string(visit, "the entry's id", boot->entry) &&
                 visit_string(visit, "the command line", boot->command_line);
    for (uint64_t i = 0; i < boot->disk_count && go_on; i++)
        go_on = visit_string(visit, "a disk's name", boot->disks[i].name) &&
                visit_string(visit, "a disk's bus", boot->disks[i].bus);
    for (uint64_t i = 0; i < boot->module_count && go_on; i++)
        go_on = visit("a module", boot->modules[i].data, boot->modules[i].bytes) &&
                visit_string(visit, "a module's path", boot->modules[i].path) &&
                visit_string(visit, "a module's argument", boot->modules[i].argument);
    for (uint64_t i = 0; i < boot->framebuffer_count && go_on; i++)
        go_on = visit("an EDID", boot->framebuffers[i].edid, boot->framebuffers[i].edid_bytes);
    for (uint64_t i = 0; i < boot->stage_count && go_on; i++)
        go_on = visit_string(visit, "a stage's name", boot->stages[i].name);
    return go_on;
}

static bool check_physical(const char *what, uint64_t physical, uint64_t bytes)
{
    uint64_t page;
    return must(!memory_usable_in(physical, bytes, &page),
                "%s lies in usable memory at physical %#lx", what, page);
}

/* Wherever it is mapped, page by page. */
static bool check_virtual(const char *what, const void *at, uint64_t bytes)
{
    for (uint64_t done = 0; done < bytes;) {
        uint64_t virtual = address_of(at) + done;
        const struct mapped_range *range = mapped_at(virtual);
        if (!range)
            return violated("%s: %#lx is not mapped", what, virtual);
        uint64_t offset = virtual - range->virtual, left = bytes - done;
        uint64_t here = range->bytes - offset < left ? range->bytes - offset : left;
        if (!check_physical(what, range->physical + offset, here))
            return false;
        done += here;
    }
    return true;
}

static bool check_tables(void)
{
    for (uint32_t i = 0; i < tables_count; i++)
        if (!check_physical("a page table", tables[i].physical, tables[i].bytes))
            return false;
    return true;
}

/* The window holds both stacks and what the fault reporter needs. */
static bool check_window(void)
{
    for (uint32_t i = 0; i < mapped_count; i++)
        if (mapped[i].virtual >= WINDOW_START && mapped[i].virtual < WINDOW_END &&
            !check_physical("a stack or the fault reporter", mapped[i].physical, mapped[i].bytes))
            return false;
    return true;
}

static bool check_processors(void)
{
    for (uint64_t i = 1; i < processors_known(); i++) {
        struct table_register gdtr = processor_states[i].gdtr;
        if (!check_virtual("a CPU's GDT", (const void *)gdtr.base, gdtr.limit + 1u) ||
            !check_virtual("a CPU's TSS", tss_in(gdtr), TSS_BYTES))
            return false;
    }
    return true;
}

bool usable_memory_is_free(void)
{
    struct table_register gdtr = read_gdtr(), idtr = read_idtr();
    return handed_over_each(check_virtual) &&
           check_virtual("the GDT", (const void *)gdtr.base, gdtr.limit + 1u) &&
           check_virtual("the IDT", (const void *)idtr.base, idtr.limit + 1u) &&
           check_virtual("the TSS", (const void *)tss_address(), TSS_BYTES) && check_processors() &&
           check_virtual("the kernel", kernel_start, boot->kernel_bytes) && check_tables() &&
           check_window();
}
