/* How does a forecast read, as text? */
#include "images/tool/check/report.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "images/tool/host/command.h"
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

/* A kernel's own places have its file's name: the same text, not one that is alike. So has the file
 * of what the firmware starts, which is not yet the kernel. */
const char *place_name(const struct attempt *attempt, uint64_t index)
{
    const char *name = attempt->plan.places[index].name;
    bool own = name == attempt->kernel.reader.name && attempt->wishes.mode != ENTRY_PROGRAM;

    return own ? "kernel" : text_base(name);
}

bool place_is_trial(const struct attempt *attempt, uint64_t index)
{
    return index >= PLACE_KERNEL && attempt->wishes.regions[index - PLACE_KERNEL].is_trial;
}

bool mapping_is_direct(const struct plan *plan, const struct mapping *mapping)
{
    return mapping->virtual == mapping->physical ||
           mapping->virtual - plan->direct_map == mapping->physical;
}

const char *mapping_name(const struct attempt *attempt, const struct mapping *mapping)
{
    const struct plan *plan = &attempt->plan;

    if (mapping_is_direct(plan, mapping))
        return mapping->virtual == mapping->physical ? "one to one" : "direct map";
    for (uint64_t i = 0; i < plan->place_count; i++)
        if (lies_in(mapping->physical, plan->places[i].physical, plan->places[i].bytes))
            return place_name(attempt, i);
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
    const struct cpu_feature *feature;

    show("Machine: %s; CPU with %u-bit addresses",
         facts->firmware == LINTEL_FIRMWARE_UEFI ? "UEFI" : "BIOS", facts->cpu.physical_bits);
    for (size_t i = 1; (feature = machine_cpu_feature(i)); i++)
        if (facts->cpu.features & feature->bits)
            show(" %s", feature->name);
    putchar('\n');
}

static const char *entry_text(enum entry_mode mode)
{
    static const char *const texts[] = {
        [ENTRY_KERNEL_TABLES] = "entered in 64-bit mode, on page tables of its own",
        [ENTRY_LONG] = "entered in 64-bit mode, with memory mapped one to one",
        [ENTRY_PROTECTED] = "entered in 32-bit mode, without paging",
        [ENTRY_REAL] = "entered in real mode",
        [ENTRY_WITH_SERVICES] = "entered in 64-bit mode, while EFI boot services live",
        [ENTRY_PROGRAM] = "started by the firmware, which puts it where it likes",
    };

    return texts[mode];
}

static void report_screen(const struct screen_wish *wish)
{
    show("  gets a framebuffer");
    if (wish->width)
        show(" of %u x %u", wish->width, wish->height);
    puts(wish->required ? " (or no boot at all)" : " (where there is one)");
}

static void report_wishes(const struct wishes *wishes)
{
    uint64_t stack = wishes->stack_bytes ? wishes->stack_bytes : PLAN_DEFAULT_STACK_BYTES;

    show("  is %s\n", entry_text(wishes->mode));
    if (wishes->mode == ENTRY_KERNEL_TABLES)
        show("  gets a stack of %s\n", size_text(stack).text);
    if (wishes->paging_levels == 5)
        show("  gets 5-level paging %s\n",
             wishes->paging_required ? "(or no boot at all)" : "(where the CPU has it)");
    if (wishes->screen.wanted)
        report_screen(&wishes->screen);
}

static __attribute__((format(printf, 1, 2))) void print_line(const char *format, ...)
{
    char line[1024];
    va_list list;

    va_start(list, format);
    fmt_shown_list(line, sizeof line, format, list);
    va_end(list);
    show("  %s\n", line);
}

enum err report_kernel(const struct forecast *forecast)
{
    const struct attempt *attempt = &forecast->attempt;
    const struct elf *image = attempt->wishes.image;

    show("Kernel:  %s is %s", text_base(attempt->kernel.reader.name), forecast->protocol->name);
    if (image)
        show(", %s, %u symbol%s, entry %016lx",
             image->relocatable ? "a static PIE" : "linked to stay", image->symbol_count,
             text_plural(image->symbol_count), image->entry);
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

    show("\nSegments%s\n  %-16s  %-16s  %-12s  %-12s  may\n",
         plan->slide ? " (this slide is one of many: each boot takes another)" : "", "virtual",
         "physical", "in the file", "in memory");
    for (uint32_t i = 0; i < kernel->segment_count; i++) {
        const struct elf_segment *segment = &kernel->segments[i];
        show("  %016lx  %16lx  %-12s  %-12s  %s\n", segment->virtual + plan->slide,
             physical + segment->virtual - kernel->first, size_text(segment->file_bytes).text,
             size_text(segment->memory_bytes).text, permissions_text(segment->flags));
    }
}

static void report_place(const struct attempt *attempt, uint64_t index)
{
    const struct placement *place = &attempt->plan.places[index];

    show("  %16lx  %-12s  %-12s  %s", place->target, size_text(place->bytes).text,
         memmap_type_name(place->type), place_name(attempt, index));
    if (place->physical != place->target)
        show(", loaded to %lXh and moved when the firmware has left", place->physical);
    if (place_is_trial(attempt, index))
        show(", or wherever else it takes memory");
    putchar('\n');
}

static void report_places(const struct attempt *attempt)
{
    show("\nPlaces in physical memory\n  %-16s  %-12s  %-12s  what\n", "from", "size", "type");
    for (uint64_t i = 0; i < attempt->plan.place_count; i++)
        if (attempt->plan.places[i].bytes)
            report_place(attempt, i);
}

/* What the plan goes around, and what it maps besides memory. */
static void report_surroundings(const struct forecast *forecast)
{
    const struct machine_loader *loader = &forecast->loader;
    const struct lintel_framebuffer *screen = &forecast->attempt.video.fb;

    for (uint32_t i = 0; i < loader->count; i++)
        show("  %16lx  %-12s  %-12s  the loader, until the kernel runs\n", loader->ranges[i].base,
             size_text(loader->ranges[i].bytes).text, "usable");
    if (forecast->attempt.has_video)
        show("  %16lx  %-12s  %-12s  %u x %u, %u bits a pixel\n", screen->base_physical,
             size_text(screen->bytes).text, "framebuffer", screen->width, screen->height,
             screen->bits_per_pixel);
}

static void report_mappings(const struct attempt *attempt)
{
    const struct plan *plan = &attempt->plan;
    struct mapping mapping;

    show("\nMappings, %u levels; all else is absent\n  %-16s    %-16s  %-16s  may  %-15s  what\n",
         plan->paging.levels, "from", "to", "physical", "cache");
    for (uint64_t i = 0; i < plan->mapping_count;) {
        i = joined_mapping(plan, i, &mapping);
        show("  %016lx to %016lx  %16lx  %s  %-15s  %s\n", mapping.virtual,
             mapping.virtual + mapping.bytes - 1, mapping.physical, permissions_text(mapping.flags),
             cache_text(mapping.cache), mapping_name(attempt, &mapping));
    }
}

static void report_map(const char *title, const struct memmap *map)
{
    show("\n%s\n", title);
    for (uint64_t i = 0; i < map->count; i++) {
        const struct memmap_range *range = &map->ranges[i];
        show("  %16lx to %16lx  %-12s  %s\n", range->first, range->last,
             size_text(range->last - range->first + 1).text, memmap_type_name(range->type));
    }
    show("  %lu KiB are usable\n", memmap_bytes(map, LINTEL_MEMORY_USABLE) / KIB);
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
    report_places(attempt);
    report_surroundings(forecast);
    if (forecast->table_pages) {
        report_mappings(attempt);
        show("\nPage tables: %lu page%s, in a place of %lu\n", forecast->table_pages,
             text_plural(forecast->table_pages), plan->places[PLACE_TABLES].bytes / PAGE_BYTES);
    }
    report_map("Memory map of the firmware, in whole pages", &forecast->before);
    if (attempt->wishes.mode == ENTRY_KERNEL_TABLES)
        report_map("Memory map that the kernel sees", &attempt->map);
}
