#include "images/tool/check/report.h"
#include "common/lib/mem.h"
#include "images/tool/host/text.h"
#include <stdio.h>
#include <stdlib.h>

/* ---- words ----------------------------------------------------------------------------------- */

const char *permissions_text(uint32_t map_flags)
{
    if (map_flags & MAP_EXECUTE)
        return map_flags & MAP_WRITE ? "rwx" : "r-x";
    return map_flags & MAP_WRITE ? "rw-" : "r--";
}

static const char *cache_text(enum paging_cache cache)
{
    return cache == CACHE_WRITE_BACK        ? "write-back"
           : cache == CACHE_WRITE_COMBINING ? "write-combining"
                                            : "uncached";
}

static bool lies_in(uint64_t at, uint64_t from, uint64_t bytes)
{
    return at >= from && at - from < bytes;
}

const char *place_name(const struct plan *plan, uint64_t index)
{
    return index == PLACE_KERNEL ? "kernel" : text_base(plan->places[index].name);
}

const char *mapping_name(const struct plan *plan, const struct mapping *mapping)
{
    if (mapping->virtual - plan->direct_map == mapping->physical)
        return "direct map";
    for (uint64_t i = 0; i < plan->place_count; i++)
        if (lies_in(mapping->physical, plan->places[i].physical, plan->places[i].bytes))
            return place_name(plan, i);
    return "?";
}

uint64_t joined_mapping(const struct plan *plan, uint64_t index, struct mapping *joined)
{
    *joined = plan->mappings[index];
    for (index++; index < plan->mapping_count; index++) {
        const struct mapping *next = &plan->mappings[index];
        if (next->virtual != joined->virtual + joined->bytes ||
            next->physical != joined->physical + joined->bytes || next->flags != joined->flags ||
            next->cache != joined->cache)
            break;
        joined->bytes += next->bytes;
    }
    return index;
}

/* ---- the machine and the kernel -------------------------------------------------------------- */

void report_machine(const struct forecast *forecast)
{
    const struct facts *facts = &forecast->facts;
    char *cpu = machine_cpu_text(&facts->cpu);
    printf("Machine: %s; CPU with %s\n", facts->firmware == LINTEL_FIRMWARE_UEFI ? "UEFI" : "BIOS",
           cpu);
    free(cpu);
}

static void report_request(const struct lintel_request *request)
{
    printf("  asks for a stack of %s",
           size_text(request->stack_bytes ? request->stack_bytes : PLAN_DEFAULT_STACK_BYTES).text);
    if (request->flags & (LINTEL_REQUEST_FRAMEBUFFER | LINTEL_REQUEST_FRAMEBUFFER_MUST)) {
        printf(", a framebuffer");
        if (request->framebuffer_width)
            printf(" of %u x %u", request->framebuffer_width, request->framebuffer_height);
        printf(request->flags & LINTEL_REQUEST_FRAMEBUFFER_MUST ? " (or no boot at all)"
                                                                : " (where there is one)");
    }
    if (request->paging_levels == 5)
        printf(", 5-level paging%s",
               request->flags & LINTEL_REQUEST_PAGING_MUST ? " (or no boot at all)" : "");
    putchar('\n');
}

void report_kernel(const struct forecast *forecast)
{
    const struct elf *kernel = &forecast->job->kernel;
    printf("Kernel:  %s is %s, %s, %u symbols, entry %016lx\n", forecast->kernel.source.name,
           forecast->kernel.protocol->name, kernel->relocatable ? "a static PIE" : "linked to stay",
           kernel->symbol_count, kernel->entry);
    report_request(&kernel->request);
}

/* ---- the plan -------------------------------------------------------------------------------- */

static void report_segments(const struct job *job)
{
    const struct elf *kernel = &job->kernel;
    const struct plan *plan = &job->plan;
    uint64_t physical = plan->places[PLACE_KERNEL].physical;

    printf("\nSegments%s\n  %-16s  %-16s  %-12s  %-12s  may\n",
           plan->slide ? " (this slide is one of many: each boot takes another)" : "", "virtual",
           "physical", "in the file", "in memory");
    for (uint32_t i = 0; i < kernel->segment_count; i++) {
        const struct elf_segment *segment = &kernel->segments[i];
        printf("  %016lx  %16lx  %-12s  %-12s  %s\n", segment->virtual + plan->slide,
               physical + segment->virtual - kernel->first, size_text(segment->file_bytes).text,
               size_text(segment->memory_bytes).text, permissions_text(segment->flags));
    }
}

static void report_places(const struct plan *plan)
{
    printf("\nPlaces in physical memory\n  %-16s  %-12s  %-12s  what\n", "from", "size", "type");
    for (uint64_t i = 0; i < plan->place_count; i++)
        if (plan->places[i].bytes)
            printf("  %16lx  %-12s  %-12s  %s\n", plan->places[i].physical,
                   size_text(plan->places[i].bytes).text, memmap_type_name(plan->places[i].type),
                   place_name(plan, i));
}

/* What the plan goes around, and what it maps besides memory. */
static void report_surroundings(const struct forecast *forecast)
{
    const struct raw_range *loader = &forecast->loader;
    const struct lintel_framebuffer *screen = &forecast->job->video.fb;

    if (loader->bytes)
        printf("  %16lx  %-12s  %-12s  the loader, until the kernel runs\n", loader->base,
               size_text(loader->bytes).text, "usable");
    if (forecast->job->has_video)
        printf("  %16lx  %-12s  %-12s  %u x %u, %u bits a pixel\n", screen->base_physical,
               size_text(screen->bytes).text, "framebuffer", screen->width, screen->height,
               screen->bits_per_pixel);
}

static void report_mappings(const struct plan *plan)
{
    struct mapping mapping;
    printf("\nMappings, %u levels; all else is absent\n  %-16s    %-16s  %-16s  may  %-15s  what\n",
           plan->paging.levels, "from", "to", "physical", "cache");
    for (uint64_t i = 0; i < plan->mapping_count;) {
        i = joined_mapping(plan, i, &mapping);
        printf("  %016lx to %016lx  %16lx  %s  %-15s  %s\n", mapping.virtual,
               mapping.virtual + mapping.bytes - 1, mapping.physical,
               permissions_text(mapping.flags), cache_text(mapping.cache),
               mapping_name(plan, &mapping));
    }
}

static void report_map(const char *title, const struct memmap *map)
{
    printf("\n%s\n", title);
    for (uint64_t i = 0; i < map->count; i++) {
        const struct memmap_range *range = &map->ranges[i];
        printf("  %16lx to %16lx  %-12s  %s\n", range->first, range->last,
               size_text(range->last - range->first + 1).text, memmap_type_name(range->type));
    }
    printf("  %lu KiB are usable\n", memmap_bytes(map, LINTEL_MEMORY_USABLE) / KIB);
}

void report_firmware_map(const struct forecast *forecast)
{
    report_map("Memory map of the firmware, in whole pages", &forecast->job->map);
}

void report_plan(const struct forecast *forecast)
{
    const struct job *job = forecast->job;
    report_segments(job);
    report_places(&job->plan);
    report_surroundings(forecast);
    report_mappings(&job->plan);
    printf("\nPage tables: %lu pages, in a place of %lu\n", forecast->table_pages,
           job->plan.places[PLACE_TABLES].bytes / PAGE_BYTES);
    report_map("Memory map of the firmware, in whole pages", &forecast->before);
    report_map("Memory map that the kernel sees", &job->map);
}
