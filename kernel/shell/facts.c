/* What was the kernel handed? One line a fact. */
#include "kernel/machine/cpu.h"
#include "kernel/shell/shell.h"

#define FACT(name, format, ...) print("fact: " name " = " format "\n", __VA_ARGS__)

static const char *yes_or_no(uint64_t value)
{
    return value ? "yes" : "no";
}

const char *medium_name(uint32_t medium)
{
    static const char *const media[] = {"unknown", "floppy", "disk", "CD", "network"};
    return medium <= LINTEL_MEDIUM_NETWORK ? media[medium] : "?";
}

static void print_origin(void)
{
    static const char *const tables[] = {"none", "MBR", "GPT"};
    const struct lintel_boot_volume *volume = &boot->volume;
    FACT("loader", "%s", boot->loader);
    FACT("firmware", "%s", boot->firmware == LINTEL_FIRMWARE_BIOS ? "BIOS" : "UEFI");
    FACT("entry", "%s", boot->entry);
    FACT("command-line", "%s", boot->command_line);
    FACT("medium", "%s", medium_name(volume->medium));
    FACT("partitioning", "%s",
         volume->partitioning <= LINTEL_PARTITIONING_GPT ? tables[volume->partitioning] : "?");
    FACT("boot-volume", "partition %u, %lu sectors of %u bytes from %lu on",
         volume->partition_number, volume->partition_sectors, volume->sector_bytes,
         volume->partition_first_lba);
    FACT("boot-time", "%ld", boot->boot_time);
}

static void print_cpu(void)
{
    FACT("cpu", "%s %s", boot->cpu.vendor, boot->cpu.brand);
    FACT("cpu-model", "family %u, model %u, stepping %u", boot->cpu.family, boot->cpu.model,
         boot->cpu.stepping);
    FACT("cpu-address-bits", "%u physical, %u linear", boot->cpu.physical_bits,
         boot->cpu.linear_bits);
    print("fact: cpu-features =");
    for (uint32_t i = 0; cpu_feature_name(i); i++)
        if (boot->cpu.features >> i & 1)
            print(" %s", cpu_feature_name(i));
    print("\n");
    FACT("cpus", "%lu, %lu missing", boot->processor_count, boot->processors_missing);
    FACT("entropy", "%s", boot->entropy_strong ? "strong" : "timing only");
}

static void print_memory(void)
{
    FACT("usable-bytes", "%lu", memory_bytes(LINTEL_MEMORY_USABLE));
    FACT("reclaimable-bytes", "%lu", memory_bytes(LINTEL_MEMORY_RECLAIMABLE));
    FACT("zeroed", "%s", yes_or_no(boot->flags & LINTEL_BOOT_MEMORY_ZEROED));
    FACT("paging-levels", "%u", boot->paging_levels);
    FACT("direct-map", "%#lx", boot->direct_map);
    FACT("kernel-physical", "%#lx", boot->kernel_physical);
    FACT("kernel-virtual", "%#lx", boot->kernel_virtual);
    FACT("kernel-slide", "%#lx", boot->kernel_slide);
    FACT("kernel-bytes", "%lu", boot->kernel_bytes);
    FACT("stack-bytes", "%lu", boot->stack_bytes);
    FACT("memory-ranges", "%lu", boot->memory_map_count);
    for (uint64_t i = 0; i < boot->memory_map_count; i++) {
        const struct lintel_memory_range *range = &boot->memory_map[i];
        print("memory: %016lx - %016lx %s\n", range->base_physical,
              range->base_physical + range->bytes, memory_type_name(range->type));
    }
}

static void print_modules(void)
{
    FACT("modules", "%lu", boot->module_count);
    for (uint64_t i = 0; i < boot->module_count; i++) {
        const struct lintel_module *module = &boot->modules[i];
        print("module: %s at %#lx, %lu bytes\n", module->path, module->base_physical,
              module->bytes);
    }
}

static void print_firmware_tables(void)
{
    const struct lintel_framebuffer *fb = boot->framebuffers;
    if (boot->framebuffer_count)
        FACT("framebuffer", "%ux%ux%u", fb->width, fb->height, fb->bits_per_pixel);
    else
        FACT("framebuffer", "%s", "none");
    FACT("edid", "%s", yes_or_no(boot->framebuffer_count && fb->edid_bytes));
    FACT("rsdp", "%s", yes_or_no(boot->rsdp_physical));
    FACT("smbios", "%s", yes_or_no(boot->smbios_physical | boot->smbios3_physical));
    FACT("efi-system-table", "%s", yes_or_no(boot->efi_system_table_physical));
}

static void print_stages(void)
{
    FACT("tsc-hz", "%lu", boot->tsc_hz);
    for (uint64_t i = 0; i < boot->stage_count; i++)
        print("stage: %s %lu\n", boot->stages[i].name, boot->stages[i].tsc);
    print("stage: kernel-entry %lu\n", initial_state.tsc);
}

void facts_print(void)
{
    print_origin();
    print_cpu();
    print_memory();
    print_modules();
    print_firmware_tables();
    print_stages();
}

void facts_print_log(void)
{
    bool line_starts = true;
    for (uint64_t i = 0; i < boot->log_bytes; i++) {
        if (line_starts)
            print("log: ");
        print("%c", boot->log[i]);
        line_starts = boot->log[i] == '\n';
    }
    if (!line_starts)
        print("\n");
}
