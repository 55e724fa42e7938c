#include "common/protocol/lintel/lintel_info.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/version.h"

#define LOADER_NAME "Lintel " LINTEL_VERSION

uint64_t lintel_info_bytes(const struct job *job)
{
    const struct boot *boot = job->boot;
    uint64_t bytes = sizeof(struct lintel_boot_info) + sizeof(struct lintel_framebuffer) +
                     sizeof job->video.edid;
    bytes += sizeof LOADER_NAME + block_text_bytes(job->entry->id) +
             block_text_bytes(job->entry->options);
    bytes += job->map.capacity * sizeof(struct lintel_memory_range);
    bytes += job->raw.capacity * sizeof(struct lintel_memory_range);
    for (uint32_t i = 0; i < boot->machine.facts->disk_count; i++)
        bytes += sizeof(struct lintel_disk) + sizeof(struct disk);
    bytes += job->raw.efi_capacity_bytes + LOG_BYTES + 1;
    bytes += TIMELINE_STAGES * (sizeof(struct lintel_stage) + 32);
    for (uint64_t i = 0; i < job->request.module_count; i++)
        bytes += sizeof(struct lintel_module) + block_text_bytes(job->modules[i].source.name) +
                 block_text_bytes(job->module_arguments[i]);
    bytes += job->cpus.count * sizeof(struct lintel_processor);
    return bytes + 16 * BLOCK_ALIGNMENT;
}

/* ---- its parts ------------------------------------------------------------------------------- */

static enum err add_memory_map(const struct job *job, struct block *block,
                               struct lintel_boot_info *info)
{
    struct lintel_memory_range *ranges;
    TRY(block_take(block, job->map.count * sizeof *ranges, (void **)&ranges));
    for (uint64_t i = 0; i < job->map.count; i++) {
        const struct memmap_range *range = &job->map.ranges[i];
        ranges[i] = (struct lintel_memory_range){range->first, range->last - range->first + 1,
                                                 range->type, 0};
    }
    info->memory_map = block_virtual(block, ranges);
    info->memory_map_count = job->map.count;
    return OK;
}

static enum err add_raw_map(const struct job *job, struct block *block,
                            struct lintel_boot_info *info)
{
    struct lintel_memory_range *ranges;
    TRY(block_take(block, job->raw.count * sizeof *ranges, (void **)&ranges));
    for (uint64_t i = 0; i < job->raw.count; i++) {
        const struct raw_range *range = &job->raw.ranges[i];
        ranges[i] = (struct lintel_memory_range){range->base, range->bytes, range->type, 0};
    }
    info->raw_map = block_virtual(block, ranges);
    info->raw_map_count = job->raw.count;
    return OK;
}

static enum err add_disks(const struct job *job, struct block *block, struct lintel_boot_info *info)
{
    const struct facts *facts = job->boot->machine.facts;
    struct lintel_disk *to;
    TRY(block_take(block, facts->disk_count * sizeof *to, (void **)&to));
    info->disks = block_virtual(block, to);
    info->disk_count = facts->disk_count;
    for (const struct disk *disk = facts->disks; disk < facts->disks + facts->disk_count; disk++) {
        bool on_bios = facts->firmware == LINTEL_FIRMWARE_BIOS;
        *to = (struct lintel_disk){
            .sectors = disk->sectors,
            .sector_bytes = disk->sector_bytes,
            .medium = disk->medium,
            .bios_drive = on_bios ? (uint32_t)disk->handle : UINT32_MAX,
            .flags = (disk->removable ? LINTEL_DISK_REMOVABLE : 0) |
                     (disk == job->volume->disk ? LINTEL_DISK_BOOT : 0),
            .cylinders = disk->cylinders,
            .heads = disk->heads,
            .track_sectors = disk->track_sectors,
            .edd_version = disk->edd.version,
        };
        TRY(block_copy_text(block, disk->name, &to->name));
        TRY(block_copy_text(block, disk->bus, &to->bus));
        to++;
    }
    return OK;
}

static enum err add_modules(const struct job *job, struct block *block,
                            struct lintel_boot_info *info)
{
    struct lintel_module *modules;
    uint64_t count = job->request.module_count;
    TRY(block_take(block, count * sizeof *modules, (void **)&modules));
    for (uint64_t i = 0; i < count; i++) {
        uint64_t physical = job->plan.places[PLACE_MODULES + i].physical;
        modules[i].data = block_virtual(block, at_physical(physical));
        modules[i].bytes = job->modules[i].source.bytes;
        modules[i].base_physical = physical;
        TRY(block_copy_text(block, job->modules[i].source.name, &modules[i].path));
        TRY(block_copy_text(block, job->module_arguments[i], &modules[i].argument));
    }
    info->modules = block_virtual(block, modules);
    info->module_count = count;
    return OK;
}

static enum err add_framebuffer(const struct job *job, struct block *block,
                                struct lintel_boot_info *info)
{
    struct lintel_framebuffer *fb;
    if (!job->has_video)
        return OK;
    TRY(block_take(block, sizeof *fb, (void **)&fb));
    *fb = job->video.fb;
    fb->pixels = block_virtual(block, at_physical(fb->base_physical));
    TRY(block_copy(block, job->video.edid, fb->edid_bytes, (const void **)&fb->edid));
    info->framebuffers = block_virtual(block, fb);
    info->framebuffer_count = 1;
    return OK;
}

static enum err add_log(struct block *block, struct lintel_boot_info *info)
{
    char *log;
    TRY(block_take(block, LOG_BYTES + 1, (void **)&log));
    info->log_bytes = log_copy(log, LOG_BYTES + 1);
    info->log = block_virtual(block, log);
    return OK;
}

static enum err add_stages(const struct job *job, struct block *block,
                           struct lintel_boot_info *info)
{
    const struct timeline *timeline = &job->boot->timeline;
    struct lintel_stage *stages;
    TRY(block_take(block, timeline->count * sizeof *stages, (void **)&stages));
    for (uint32_t i = 0; i < timeline->count; i++) {
        stages[i].tsc = timeline->stages[i].tsc;
        TRY(block_copy_text(block, timeline->stages[i].name, &stages[i].name));
    }
    info->stages = block_virtual(block, stages);
    info->stage_count = timeline->count;
    return OK;
}

/* Those that are to be parked get their places now, and their names in lintel_info_tell_cpus(). */
static enum err add_processors(const struct job *job, struct block *block,
                               struct lintel_boot_info *info)
{
    struct lintel_processor *processors;
    uint64_t count = job->plan.cpu_count;
    if (!job->cpus.count)
        return OK;
    TRY(block_take(block, count * sizeof *processors, (void **)&processors));
    info->processors = block_virtual(block, processors);
    info->processor_count = 1;
    processors[0] = (struct lintel_processor){.acpi_uid = job->cpus.cpus[0].uid,
                                              .apic_id = job->cpus.cpus[0].apic_id,
                                              .stack_top = job->plan.stack_top};
    for (uint64_t i = 1; i < count; i++)
        processors[i].stack_top = plan_cpu_stack_top(&job->plan, i);
    return OK;
}

static enum err add_efi_map(const struct job *job, struct block *block,
                            struct lintel_boot_info *info)
{
    if (!job->raw.efi)
        return OK;
    TRY(block_copy(block, job->raw.efi, job->raw.efi_bytes, &info->efi_map));
    info->efi_map_bytes = job->raw.efi_bytes;
    info->efi_descriptor_bytes = job->raw.efi_descriptor_bytes;
    info->efi_descriptor_version = job->raw.efi_descriptor_version;
    return OK;
}

static void describe_volume(const struct boot *boot, const struct volume *volume,
                            struct lintel_boot_volume *to)
{
    bool has_drive = boot->machine.facts->firmware == LINTEL_FIRMWARE_BIOS &&
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

static void describe_kernel(const struct job *job, struct lintel_boot_info *info)
{
    info->direct_map = job->plan.direct_map;
    info->paging_levels = job->plan.paging.levels;
    info->kernel_physical = job->plan.places[PLACE_KERNEL].physical;
    info->kernel_virtual = job->plan.kernel_virtual;
    info->kernel_bytes = job->plan.places[PLACE_KERNEL].bytes;
    info->kernel_slide = job->plan.slide;
    info->stack_top = job->plan.stack_top;
    info->stack_bytes = job->plan.places[PLACE_STACK].bytes;
}

static void describe_machine(const struct job *job, struct lintel_boot_info *info)
{
    const struct facts *facts = job->boot->machine.facts;
    info->firmware = facts->firmware;
    info->rsdp_physical = facts->rsdp;
    info->smbios_physical = facts->smbios;
    info->smbios3_physical = facts->smbios3;
    info->efi_system_table_physical = facts->efi_system_table;
    info->cpu = facts->cpu;
    info->boot_time = facts->wall_clock;
    info->tsc_hz = facts->tsc_hz;
    info->entropy_strong = job->entropy_strong;
    memcpy(info->entropy, job->entropy, sizeof info->entropy);
}

enum err lintel_info_build(const struct job *job, struct block *block, uint64_t *argument)
{
    struct lintel_boot_info *info;
    TRY(block_take(block, sizeof *info, (void **)&info));
    info->abi_version = LINTEL_ABI_VERSION;
    info->bytes = sizeof *info;
    info->flags = job->boot->config.zero_memory ? LINTEL_BOOT_MEMORY_ZEROED : 0;
    describe_kernel(job, info);
    describe_machine(job, info);
    describe_volume(job->boot, job->volume, &info->volume);
    TRY(block_copy_text(block, LOADER_NAME, &info->loader));
    TRY(block_copy_text(block, job->entry->id, &info->entry));
    TRY(block_copy_text(block, job->entry->options, &info->command_line));
    TRY(add_memory_map(job, block, info));
    TRY(add_raw_map(job, block, info));
    TRY(add_disks(job, block, info));
    TRY(add_modules(job, block, info));
    TRY(add_framebuffer(job, block, info));
    TRY(add_efi_map(job, block, info));
    TRY(add_stages(job, block, info));
    TRY(add_processors(job, block, info));
    TRY(add_log(block, info));
    *argument = (uintptr_t)block_virtual(block, info);
    return OK;
}

/* ---- once the firmware has gone -------------------------------------------------------------- */

/* What a pointer in the boot information leads to. */
static void *find_physical(const struct job *job, const void *pointer)
{
    return at_physical((uintptr_t)pointer - job->plan.direct_map);
}

static struct lintel_boot_info *find_information(const struct job *job)
{
    return find_physical(job, (const void *)(uintptr_t)job_handoff(job)->registers.rdi);
}

void lintel_info_seat_cpu(const struct job *job, uint64_t index, struct mp_seat *seat)
{
    struct lintel_processor *processor = &find_information(job)->processors[index];
    seat->word = (uintptr_t)&processor->entry;
    seat->argument = (uintptr_t)processor;
}

void lintel_info_tell_cpus(const struct job *job, uint64_t missing)
{
    struct lintel_boot_info *info = find_information(job);
    struct lintel_processor *processors = find_physical(job, info->processors);
    info->processor_count = job->cpus.count;
    info->processors_missing = missing;
    for (uint32_t i = 1; i < job->cpus.count; i++) {
        processors[i].acpi_uid = job->cpus.cpus[i].uid;
        processors[i].apic_id = job->cpus.cpus[i].apic_id;
    }
    info->log_bytes = log_copy(find_physical(job, info->log), LOG_BYTES + 1);
}
