/* How does a forecast read, as text? */
#include "images/tool/check/report.h"
#include "common/lib/mem.h"
#include "images/tool/host/text.h"
#include <stdarg.h>
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
        return plan->direct_map ? "direct map" : "one to one";
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

static void report_screen(const struct screen_wish *wish)
{
    printf(", a framebuffer");
    if (wish->width)
        printf(" of %u x %u", wish->width, wish->height);
    printf(wish->required ? " (or no boot at all)" : " (where there is one)");
}

static void report_wishes(const struct wishes *wishes)
{
    static const char *const modes[] = {
        [ENTRY_KERNEL_TABLES] = "64-bit mode, on page tables of its own",
        [ENTRY_LONG] = "64-bit mode, with memory mapped one to one",
        [ENTRY_PROTECTED] = "32-bit mode, without paging",
        [ENTRY_REAL] = "real mode",
        [ENTRY_WITH_SERVICES] = "64-bit mode, while EFI boot services live",
        [ENTRY_PROGRAM] = "64-bit mode, by the firmware itself",
    };
    uint64_t stack = wishes->stack_bytes ? wishes->stack_bytes : PLAN_DEFAULT_STACK_BYTES;

    printf("  is entered in %s\n", modes[wishes->mode]);
    if (wishes->mode == ENTRY_KERNEL_TABLES)
        printf("  asks for a stack of %s", size_text(stack).text);
    else if (wishes->screen.wanted)
        printf("  is given");
    if (wishes->screen.wanted)
        report_screen(&wishes->screen);
    if (wishes->paging_levels == 5)
        printf(", 5-level paging%s", wishes->paging_required ? " (or no boot at all)" : "");
    if (wishes->mode == ENTRY_KERNEL_TABLES || wishes->screen.wanted)
        putchar('\n');
}

static __attribute__((format(printf, 1, 2))) void print_line(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    printf("  ");
    vprintf(format, list);
    putchar('\n');
    va_end(list);
}

enum err report_kernel(const struct forecast *forecast)
{
    const struct attempt *attempt = &forecast->attempt;
    const struct elf *image = attempt->wishes.image;

    printf("Kernel:  %s is %s", attempt->kernel.source.name, forecast->protocol->name);
    if (image)
        printf(", %s, %u symbols, entry %016lx", image->relocatable ? "a static PIE" : "linked to stay",
               image->symbol_count, image->entry);
    putchar('\n');
    if (forecast->protocol->describe)
        TRY(forecast->protocol->describe(attempt, print_line));
    report_wishes(&attempt->wishes);
    return OK;
}

/* ---- the plan -------------------------------------------------------------------------------- */

static void report_segments(const struct attempt *attempt)
{
    const struct elf *kernel = attempt->wishes.image;
    const struct plan *plan = &attempt->plan;
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

static void report_place(const struct plan *plan, uint64_t index)
{
    const struct placement *place = &plan->places[index];

    printf("  %16lx  %-12s  %-12s  %s", place->target, size_text(place->bytes).text,
           memmap_type_name(place->type), place_name(plan, index));
    if (place->physical != place->target)
        printf(", loaded to %lXh and moved when the firmware has left", place->physical);
    putchar('\n');
}

static void report_places(const struct plan *plan)
{
    printf("\nPlaces in physical memory\n  %-16s  %-12s  %-12s  what\n", "from", "size", "type");
    for (uint64_t i = 0; i < plan->place_count; i++)
        if (plan->places[i].bytes)
            report_place(plan, i);
}

/* What the plan goes around, and what it maps besides memory. */
static void report_surroundings(const struct forecast *forecast)
{
    const struct raw_range *loader = &forecast->loader;
    const struct lintel_framebuffer *screen = &forecast->attempt.video.fb;

    if (loader->bytes)
        printf("  %16lx  %-12s  %-12s  the loader, until the kernel runs\n", loader->base,
               size_text(loader->bytes).text, "usable");
    if (forecast->attempt.has_video)
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
    report_map("Memory map of the firmware, in whole pages", &forecast->attempt.map);
}

void report_plan(const struct forecast *forecast)
{
    const struct attempt *attempt = &forecast->attempt;
    const struct plan *plan = &attempt->plan;

    if (attempt->wishes.image)
        report_segments(attempt);
    report_places(plan);
    report_surroundings(forecast);
    if (forecast->table_pages) {
        report_mappings(plan);
        printf("\nPage tables: %lu pages, in a place of %lu\n", forecast->table_pages,
               plan->places[PLACE_TABLES].bytes / PAGE_BYTES);
    }
    report_map("Memory map of the firmware, in whole pages", &forecast->before);
    if (attempt->wishes.mode == ENTRY_KERNEL_TABLES)
        report_map("Memory map that the kernel sees", &attempt->map);
}
