/* How are the timeline and the address space of a boot drawn? */
#define _GNU_SOURCE /* open_memstream() */
#include "images/tool/report/boot_charts.h"
#include "common/lib/mem.h"
#include "images/tool/host/svg.h"
#include "images/tool/host/text.h"
#include <stdlib.h>
#include <string.h>

const char chart_style[] =
    "svg text{font:12px 'DejaVu Sans',sans-serif;fill:#1d2530}"
    "svg .address{font:11px 'DejaVu Sans Mono',monospace;fill:#465262}"
    "svg .head{font-weight:bold}svg .small{font-size:10.5px}"
    "svg rect{stroke:#fff;stroke-width:1}"
    ".execute{fill:#f2935c}.write{fill:#7fb2f0}.read{fill:#86cf94}.uncached{fill:#c3cad4}"
    ".combining{fill:#b79ce0}"
    ".usable{fill:#cfe8c6}.kernel{fill:#f6cf65}.reclaimable{fill:#a9dbe0}.reserved{fill:#c9c3cf}"
    ".acpi{fill:#f0b9a8}.device{fill:#b79ce0}"
    ".s0{fill:#7fb2f0}.s1{fill:#86cf94}.s2{fill:#f6cf65}.s3{fill:#f2935c}.s4{fill:#b79ce0}"
    ".s5{fill:#a9dbe0}.s6{fill:#f0b9a8}.s7{fill:#c3cad4}"
    "svg .gap{fill:none;stroke:#aab2bd;stroke-dasharray:2 4}svg .absent{fill:#7d8794}";

/* ---- timeline -------------------------------------------------------------------------------- */

#define LINE_WIDTH  1120
#define LINE_LEFT   70
#define LINE_HEIGHT 34
#define STAGE_WIDTH 126
#define STAGES_MAX  8 /* colours */

static double milliseconds(const struct boot_log *log, size_t from, size_t to)
{
    return (double)(log->stages[to].tsc - log->stages[from].tsc) * 1000 / (double)log->tsc_hz;
}

static bool has_timeline(const struct boot_log *log)
{
    for (size_t i = 1; i < log->stage_count; i++)
        if (log->stages[i].tsc < log->stages[i - 1].tsc)
            return false;
    return log->stage_count > 1 && log->tsc_hz;
}

static void draw_stages(FILE *file, const struct boot_log *log, double top, double scale)
{
    for (size_t i = 0; i + 1 < log->stage_count; i++) {
        double left = LINE_LEFT + milliseconds(log, 0, i) * scale;
        double width = milliseconds(log, i, i + 1) * scale;
        char *class = text_of("s%u", (unsigned)(i % STAGES_MAX));
        char *label = text_of("%s %.1f", log->stages[i].name, milliseconds(log, i, i + 1));
        svg_rectangle(file, left, top, MAX(width, 1), LINE_HEIGHT - 8, class);
        if (width > 7.0 * (double)strlen(label))
            svg_text(file, left + width / 2, top + 17, "small", "middle", label);
        free(class);
        free(label);
    }
}

/* The names of the stages with their colours, and below what each log measured. */
static void draw_stage_table(FILE *file, const struct boot_log *logs, size_t count, double top)
{
    for (size_t i = 0; i + 1 < logs[0].stage_count; i++) {
        double left = LINE_LEFT + (double)i * STAGE_WIDTH;
        char *class = text_of("s%u", (unsigned)(i % STAGES_MAX));
        svg_rectangle(file, left, top, 13, 13, class);
        svg_text(file, left + 18, top + 11, "head", "start", logs[0].stages[i].name);
        free(class);
        for (size_t j = 0; j < count; j++) {
            bool has_stage = has_timeline(&logs[j]) && i + 1 < logs[j].stage_count;
            char *time = has_stage ? text_of("%.1f ms", milliseconds(&logs[j], i, i + 1)) : NULL;
            svg_text(file, left + 18, top + 11 + 18.0 * (double)(j + 1), "small", "start",
                     time ? time : "-");
            free(time);
        }
    }
    for (size_t j = 0; j < count; j++)
        svg_text(file, 0, top + 11 + 18.0 * (double)(j + 1), "small", "start", logs[j].firmware);
}

void chart_timeline(FILE *file, const struct boot_log *logs, size_t count)
{
    double longest = 0;
    for (size_t i = 0; i < count; i++)
        if (has_timeline(&logs[i]))
            longest = MAX(longest, milliseconds(&logs[i], 0, logs[i].stage_count - 1));
    if (longest <= 0)
        return;
    double scale = (LINE_WIDTH - LINE_LEFT - 80) / longest;
    svg_begin(file, LINE_WIDTH, (double)count * (LINE_HEIGHT + 18) + 36);
    for (size_t i = 0; i < count; i++) {
        double top = (double)i * LINE_HEIGHT;
        svg_text(file, 0, top + 17, "head", "start", logs[i].firmware);
        if (!has_timeline(&logs[i]))
            continue;
        double total = milliseconds(&logs[i], 0, logs[i].stage_count - 1);
        char *label = text_of("%.1f ms", total);
        draw_stages(file, &logs[i], top, scale);
        svg_text(file, LINE_LEFT + total * scale + 6, top + 17, "head", "start", label);
        free(label);
    }
    draw_stage_table(file, logs, count, (double)count * LINE_HEIGHT + 12);
    fputs("</svg>\n", file);
}

/* ---- virtual address space ------------------------------------------------------------------- */

#define SPACE_LEFT  130
#define SPACE_WIDTH 250
#define ROW_HEIGHT  18.0
#define GAP_HEIGHT  14.0
#define HEAD_HEIGHT 24
#define CHART_WIDTH 600
#define DOUBLING    0.9 /* a page's height grows so much with each doubling */

static const char *colour_of_rights(const struct log_mapping *mapping)
{
    if (strcmp(mapping->cache, "write-combining") == 0)
        return "combining";
    if (strcmp(mapping->cache, "write-back") != 0)
        return "uncached";
    return mapping->rights[2] == 'x' ? "execute" : mapping->rights[1] == 'w' ? "write" : "read";
}

/* What a mapping shows: the direct map, or what the memory map says of its first byte. */
static const char *meaning_of(const struct boot_log *log, const struct log_mapping *mapping)
{
    if (mapping->first - log->direct_map == mapping->physical)
        return "direct map";
    for (size_t i = 0; i < log->normal_count; i++)
        if (mapping->physical >= log->normal[i].first && mapping->physical <= log->normal[i].last)
            return log->normal[i].name;
    return "";
}

static double draw_mapping(FILE *file, const struct boot_log *log,
                           const struct log_mapping *mapping, double top)
{
    double height = ROW_HEIGHT;
    char *address = text_of("%016lx", mapping->first);
    char *what = text_of("%s %s", mapping->rights, mapping->cache);
    char *physical = text_of("%lx  %s", mapping->physical, meaning_of(log, mapping));
    for (uint64_t pages = (mapping->last - mapping->first) / PAGE_BYTES; pages; pages /= 2)
        height += DOUBLING;
    svg_rectangle(file, SPACE_LEFT, top, SPACE_WIDTH, height, colour_of_rights(mapping));
    svg_text(file, SPACE_LEFT - 6, top + height - 3, "address", "end", address);
    svg_text(file, SPACE_LEFT + 8, top + height / 2 + 4, "small", "start", what);
    svg_text(file, SPACE_LEFT + SPACE_WIDTH - 8, top + height / 2 + 4, "small", "end",
             svg_size(mapping->last - mapping->first + 1).text);
    svg_text(file, SPACE_LEFT + SPACE_WIDTH + 6, top + height / 2 + 4, "address", "start",
             physical);
    free(address);
    free(what);
    free(physical);
    return top + height;
}

static double draw_hole(FILE *file, uint64_t bytes, double top)
{
    char *text = text_of("absent: %s", svg_size(bytes).text);
    svg_rectangle(file, SPACE_LEFT, top, SPACE_WIDTH, GAP_HEIGHT, "gap");
    svg_text(file, SPACE_LEFT + SPACE_WIDTH / 2.0, top + 11, "small absent", "middle", text);
    free(text);
    return top + GAP_HEIGHT;
}

/* Upper addresses first; what lies below the lowest mapping is a hole, too. */
bool chart_mappings(FILE *file, const struct boot_log *log)
{
    if (log->mapping_count == 0)
        return false;
    double top = HEAD_HEIGHT;
    char *drawing = NULL;
    size_t bytes = 0;
    FILE *body = open_memstream(&drawing, &bytes);
    if (!body)
        abort();
    for (size_t i = log->mapping_count; i-- > 0;) {
        const struct log_mapping *mapping = &log->mappings[i];
        uint64_t below = i ? log->mappings[i - 1].last + 1 : 0;
        top = draw_mapping(body, log, mapping, top);
        if (mapping->first > below)
            top = draw_hole(body, mapping->first - below, top);
    }
    fclose(body);
    svg_begin(file, CHART_WIDTH, top + 4);
    svg_text(file, SPACE_LEFT - 6, 14, "head", "end", "virtual");
    svg_text(file, SPACE_LEFT + 8, 14, "head", "start", "rights, caching, size");
    svg_text(file, SPACE_LEFT + SPACE_WIDTH + 6, 14, "head", "start", "physical, what lies there");
    fputs(drawing, file);
    fputs("</svg>\n", file);
    free(drawing);
    return true;
}
