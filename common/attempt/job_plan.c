/* What a boot decides, from data alone: the host's `lintel check` runs the same. */
#include "common/attempt/job.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

enum err job_parse_resident(struct job *job)
{
    job->resident_source = source_from_memory("the fault reporter", resident_image,
                                              (uint64_t)(resident_image_end - resident_image));
    return elf_parse(&job->resident_source, &job->boot->machine.arena, &job->resident);
}

/* The firmware's map, with what the protocol knows better. */
static enum err insert_firmwares(struct job *job)
{
    TRY(memmap_insert_raw(&job->map, &job->raw, job->boot->machine.facts->cpu.physical_bits));
    return job->rules->amend_map ? job->rules->amend_map(job, &job->map) : OK;
}

/* The normalised map without what is busy. */
static enum err find_free(struct job *job, const struct raw_map *busy)
{
    memmap_copy(&job->free, &job->map);
    for (uint64_t i = 0; i < busy->count; i++)
        TRY(memmap_overlay(&job->free, busy->ranges[i].base, busy->ranges[i].bytes,
                           LINTEL_MEMORY_RESERVED));
    return memmap_normalise(&job->free);
}

static enum err take_map(struct job *job, uint64_t overlays, struct memmap *map)
{
    *map = (struct memmap){.capacity = 2 * MEMMAP_CAPACITY(job->raw.capacity + overlays) + 1};
    return ARENA_TAKE(&job->boot->machine.arena, map->capacity, &map->ranges);
}

static uint64_t busy_bytes(const struct raw_map *busy)
{
    uint64_t bytes = 0;
    for (uint64_t i = 0; i < busy->count; i++)
        bytes += busy->ranges[i].bytes;
    return bytes;
}

enum err job_make_plan(struct job *job, const struct raw_map *busy)
{
    struct boot *boot = job->boot;
    struct plan_request *request = &job->request;

    uint64_t amended = job->rules->amended_ranges;

    TRY(take_map(job, PLACE_MODULES + request->module_count + 1 + amended, &job->map));
    TRY(take_map(job, busy->count + amended, &job->free));
    TRY(insert_firmwares(job));
    TRY(memmap_normalise(&job->map));
    TRY(find_free(job, busy));
    note("loader memory: %lu KiB\n", busy_bytes(busy) / KIB);

    request->rules = &job->rules->plan;
    request->cpu = &boot->machine.facts->cpu;
    request->map = &job->map;
    request->free = &job->free;
    request->reachable_end = boot->machine.facts->reachable_end;
    request->kernel = &job->kernel;
    request->resident = &job->resident;
    request->modules = job->module_sizes;
    request->cpu_count = job->cpus.count;
    request->info_bytes = job->rules->information_bytes(job) + job_machine_bytes(job);
    request->random = load64(job->entropy);
    return plan_build(request, &boot->machine.arena, &job->plan);
}

enum err job_make_final_map(struct job *job)
{
    struct memmap *map = &job->map;
    map->count = 0;
    TRY(insert_firmwares(job));
    for (uint64_t i = 0; i < job->plan.place_count; i++)
        if (job->plan.places[i].bytes)
            TRY(memmap_overlay(map, job->plan.places[i].physical, job->plan.places[i].bytes,
                               job->plan.places[i].type));
    if (job->has_video)
        TRY(memmap_overlay(map, job->video.fb.base_physical, job->video.fb.bytes,
                           LINTEL_MEMORY_FRAMEBUFFER));
    return memmap_normalise(map);
}
