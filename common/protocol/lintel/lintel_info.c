/* What is a Lintel kernel told? (struct lintel_boot_info) */
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/protocol/lintel/lintel.h"
#include "common/version.h"

#define LOADER_NAME "Lintel " LINTEL_VERSION

/* ---- its parts ------------------------------------------------------------------------------- */

static enum err add_memory_map(const struct attempt *attempt, struct buffer *buffer,
                               struct lintel_boot_info *info)
{
    struct lintel_memory_range *ranges;
    TRY(buffer_take(buffer, attempt->map.count * sizeof *ranges, (void **)&ranges));
    for (uint64_t i = 0; i < attempt->map.count; i++) {
        const struct memmap_range *range = &attempt->map.ranges[i];
        ranges[i] = (struct lintel_memory_range){range->first, range->last - range->first + 1,
                                                 range->type, 0};
    }
    info->memory_map = buffer_virtual(buffer, ranges);
    info->memory_map_count = attempt->map.count;
    return OK;
}

static enum err add_raw_map(const struct attempt *attempt, struct buffer *buffer,
                            struct lintel_boot_info *info)
{
    struct lintel_memory_range *ranges;
    TRY(buffer_take(buffer, attempt->raw.count * sizeof *ranges, (void **)&ranges));
    for (uint64_t i = 0; i < attempt->raw.count; i++) {
        const struct raw_range *range = &attempt->raw.ranges[i];
        ranges[i] = (struct lintel_memory_range){range->base, range->bytes, range->type, 0};
    }
    info->raw_map = buffer_virtual(buffer, ranges);
    info->raw_map_count = attempt->raw.count;
    return OK;
}

static enum err add_disks(const struct attempt *attempt, struct buffer *buffer,
                          struct lintel_boot_info *info)
{
    const struct facts *facts = attempt_facts(attempt);
    struct lintel_disk *to;
    TRY(buffer_take(buffer, facts->disk_count * sizeof *to, (void **)&to));
    info->disks = buffer_virtual(buffer, to);
    info->disk_count = facts->disk_count;
    for (const struct disk *disk = facts->disks; disk < facts->disks + facts->disk_count; disk++) {
        bool on_bios = facts->firmware == LINTEL_FIRMWARE_BIOS;
        *to = (struct lintel_disk){
            .sectors = disk->sectors,
            .sector_bytes = disk->sector_bytes,
            .medium = disk->medium,
            .bios_drive = on_bios ? (uint32_t)disk->handle : UINT32_MAX,
            .flags = (disk->removable ? LINTEL_DISK_REMOVABLE : 0) |
                     (disk == attempt->kernel.fs->volume->disk ? LINTEL_DISK_BOOT : 0),
            .cylinders = disk->cylinders,
            .heads = disk->heads,
            .track_sectors = disk->track_sectors,
            .edd_version = disk->edd.version,
        };
        TRY(buffer_copy_text(buffer, disk->name, &to->name));
        TRY(buffer_copy_text(buffer, disk->bus, &to->bus));
        to++;
    }
    return OK;
}

static enum err add_modules(const struct attempt *attempt, struct buffer *buffer,
                            struct lintel_boot_info *info)
{
    const struct lintel *lintel = attempt->protocol;
    const struct entry_file *list = attempt->entry->modules;
    uint64_t count = entry_count_files(list);
    struct lintel_module *modules;
    TRY(buffer_take(buffer, count * sizeof *modules, (void **)&modules));
    for (uint64_t i = 0; i < count; i++, list = list->next) {
        uint64_t physical = attempt_place(attempt, 1 + i)->physical;
        modules[i].data = buffer_virtual(buffer, at_physical(physical));
        modules[i].bytes = lintel->modules[i].reader.bytes;
        modules[i].base_physical = physical;
        TRY(buffer_copy_text(buffer, lintel->modules[i].reader.name, &modules[i].path));
        TRY(buffer_copy_text(buffer, list->argument, &modules[i].argument));
    }
    info->modules = buffer_virtual(buffer, modules);
    info->module_count = count;
    return OK;
}

static enum err add_framebuffer(const struct attempt *attempt, struct buffer *buffer,
                                struct lintel_boot_info *info)
{
    struct lintel_framebuffer *fb;
    if (!attempt->has_video)
        return OK;
    TRY(buffer_take(buffer, sizeof *fb, (void **)&fb));
    *fb = attempt->video.fb;
    fb->pixels = buffer_virtual(buffer, at_physical(fb->base_physical));
    TRY(buffer_copy(buffer, attempt->video.edid, fb->edid_bytes, (const void **)&fb->edid));
    info->framebuffers = buffer_virtual(buffer, fb);
    info->framebuffer_count = 1;
    return OK;
}

static enum err add_log(struct buffer *buffer, struct lintel_boot_info *info)
{
    char *log;
    TRY(buffer_take(buffer, LOG_BYTES + 1, (void **)&log));
    info->log_bytes = log_copy(log, LOG_BYTES + 1);
    info->log = buffer_virtual(buffer, log);
    return OK;
}

static enum err add_stages(const struct attempt *attempt, struct buffer *buffer,
                           struct lintel_boot_info *info)
{
    const struct timeline *timeline = attempt->timeline;
    struct lintel_stage *stages;
    TRY(buffer_take(buffer, timeline->count * sizeof *stages, (void **)&stages));
    for (uint32_t i = 0; i < timeline->count; i++) {
        stages[i].tsc = timeline->stages[i].tsc;
        TRY(buffer_copy_text(buffer, timeline->stages[i].name, &stages[i].name));
    }
    info->stages = buffer_virtual(buffer, stages);
    info->stage_count = timeline->count;
    return OK;
}

/* Those that are to be parked get their places now, and their names in lintel_tell_cpus(). */
static enum err add_processors(const struct attempt *attempt, struct buffer *buffer,
                               struct lintel_boot_info *info)
{
    struct lintel_processor *processors;
    uint64_t count = attempt->plan.cpu_count;
    if (!attempt->cpus.count)
        return OK;
    TRY(buffer_take(buffer, count * sizeof *processors, (void **)&processors));
    info->processors = buffer_virtual(buffer, processors);
    info->processor_count = 1;
    processors[0] = (struct lintel_processor){.acpi_uid = attempt->cpus.cpus[0].uid,
                                              .apic_id = attempt->cpus.cpus[0].apic_id,
                                              .stack_top = attempt->plan.stack_top};
    for (uint64_t i = 1; i < count; i++)
        processors[i].stack_top = plan_cpu_stack_top(&attempt->plan, i);
    return OK;
}

static enum err add_efi_map(const struct attempt *attempt, struct buffer *buffer,
                            struct lintel_boot_info *info)
{
    if (!attempt->raw.efi)
        return OK;
    TRY(buffer_copy(buffer, attempt->raw.efi, attempt->raw.efi_bytes, &info->efi_map));
    info->efi_map_bytes = attempt->raw.efi_bytes;
    info->efi_descriptor_bytes = attempt->raw.efi_descriptor_bytes;
    info->efi_descriptor_version = attempt->raw.efi_descriptor_version;
    return OK;
}

static void describe_volume(const struct attempt *attempt, struct lintel_boot_volume *to)
{
    const struct volume *volume = attempt->kernel.fs->volume;
    bool has_drive = attempt_facts(attempt)->firmware == LINTEL_FIRMWARE_BIOS &&
                     volume->disk->medium != LINTEL_MEDIUM_NETWORK;
    *to = (struct lintel_boot_volume){
        .medium = volume->disk->medium,
        .partitioning = volume->partitioning,
        .bios_drive = has_drive ? (uint32_t)volume->disk->handle : UINT32_MAX,
        .sector_bytes = volume->disk->sector_bytes,
        .disk_sectors = volume->disk->sectors,
        .partition_number = volume->number,
        .partition_first_lba = volume->first_lba,
        .partition_sectors = volume->sectors,
    };
    memcpy(to->disk_guid, volume->disk_guid, sizeof to->disk_guid);
    memcpy(to->partition_guid, volume->guid, sizeof to->partition_guid);
}

static void describe_kernel(const struct plan *plan, struct lintel_boot_info *info)
{
    info->direct_map = plan->direct_map;
    info->paging_levels = plan->paging.levels;
    info->kernel_physical = plan->places[PLACE_KERNEL].physical;
    info->kernel_virtual = plan->kernel_virtual;
    info->kernel_bytes = plan->places[PLACE_KERNEL].bytes;
    info->kernel_slide = plan->slide;
    info->stack_top = plan->stack_top;
    info->stack_bytes = plan->places[PLACE_STACK].bytes;
}

static void describe_machine(const struct attempt *attempt, struct lintel_boot_info *info)
{
    const struct facts *facts = attempt_facts(attempt);
    info->firmware = facts->firmware;
    info->rsdp_physical = facts->rsdp;
    info->smbios_physical = facts->smbios;
    info->smbios3_physical = facts->smbios3;
    info->efi_system_table_physical = facts->efi_system_table;
    info->cpu = facts->cpu;
    info->boot_time = facts->wall_clock;
    info->tsc_hz = facts->tsc_hz;
    info->entropy_strong = attempt->entropy_strong;
    memcpy(info->entropy, attempt->entropy, sizeof info->entropy);
}

enum err lintel_build(struct attempt *attempt, struct buffer *buffer)
{
    struct lintel *lintel = attempt->protocol;
    struct lintel_boot_info *info;
    TRY(buffer_take(buffer, sizeof *info, (void **)&info));
    info->abi_version = LINTEL_ABI_VERSION;
    info->bytes = sizeof *info;
    info->flags = attempt->zero_memory ? LINTEL_BOOT_MEMORY_ZEROED : 0;
    describe_kernel(&attempt->plan, info);
    describe_machine(attempt, info);
    describe_volume(attempt, &info->volume);
    TRY(buffer_copy_text(buffer, LOADER_NAME, &info->loader));
    TRY(buffer_copy_text(buffer, attempt->entry->id, &info->entry));
    TRY(buffer_copy_text(buffer, attempt->entry->options, &info->command_line));
    TRY(add_memory_map(attempt, buffer, info));
    TRY(add_raw_map(attempt, buffer, info));
    TRY(add_disks(attempt, buffer, info));
    TRY(add_modules(attempt, buffer, info));
    TRY(add_framebuffer(attempt, buffer, info));
    TRY(add_efi_map(attempt, buffer, info));
    TRY(add_stages(attempt, buffer, info));
    TRY(add_processors(attempt, buffer, info));
    TRY(add_log(buffer, info));
    lintel->info = info;
    attempt->registers.rdi = (uintptr_t)buffer_virtual(buffer, info);
    return OK;
}

/* ---- once the firmware has gone -------------------------------------------------------------- */

/* What a pointer in the boot information leads to. */
static void *find_physical(const struct attempt *attempt, const void *pointer)
{
    return at_physical((uintptr_t)pointer - attempt->plan.direct_map);
}

void lintel_fill_mailbox(const struct attempt *attempt, uint64_t index, struct mp_mailbox *mailbox)
{
    const struct lintel *lintel = attempt->protocol;
    struct lintel_processor *processor = &lintel->info->processors[index];
    mailbox->word = (uintptr_t)&processor->entry;
    mailbox->argument = (uintptr_t)processor;
}

void lintel_tell_cpus(const struct attempt *attempt, uint64_t missing)
{
    const struct lintel *lintel = attempt->protocol;
    struct lintel_boot_info *info = lintel->info;
    struct lintel_processor *processors = find_physical(attempt, info->processors);
    info->processor_count = attempt->cpus.count;
    info->processors_missing = missing;
    for (uint32_t i = 1; i < attempt->cpus.count; i++) {
        processors[i].acpi_uid = attempt->cpus.cpus[i].uid;
        processors[i].apic_id = attempt->cpus.cpus[i].apic_id;
    }
    info->log_bytes = log_copy(find_physical(attempt, info->log), LOG_BYTES + 1);
}
