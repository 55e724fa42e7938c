#define _GNU_SOURCE /* open_memstream() */
#include "boot_charts.h"
#include "svg.h"
#include "text.h"
#include "common/lib/mem.h"
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

static void begin(FILE *file, double width, double height)
{
    fprintf(file, "<svg viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\">\n", width, height,
            width, height);
}

static void rectangle(FILE *file, double x, double y, double width, double height,
                      const char *class)
{
    fprintf(file, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"%s\"/>\n", x,
            y, width, height, class);
}

/* ---- timeline -------------------------------------------------------------------------------- */

#define LINE_WIDTH  1120
#define LINE_LEFT   70
#define LINE_HEIGHT 34
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
        rectangle(file, left, top, MAX(width, 1), LINE_HEIGHT - 8, class);
        if (width > 7.0 * (double)strlen(label))
            svg_text(file, left + width / 2, top + 17, "small", "middle", label);
        free(class);
        free(label);
    }
}

static void draw_stage_legend(FILE *file, const struct boot_log *log, double top)
{
    for (size_t i = 0; i + 1 < log->stage_count; i++) {
        double left = LINE_LEFT + (double)i * 110;
        char *class = text_of("s%u", (unsigned)(i % STAGES_MAX));
        rectangle(file, left, top, 13, 13, class);
        svg_text(file, left + 18, top + 11, "small", "start", log->stages[i].name);
        free(class);
    }
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
    begin(file, LINE_WIDTH, (double)count * LINE_HEIGHT + 30);
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
    draw_stage_legend(file, &logs[0], (double)count * LINE_HEIGHT + 8);
    fputs("</svg>\n", file);
}

/* ---- physical memory ------------------------------------------------------------------------- */

#define MEMORY_WIDTH 560
#define SIDE_WIDTH   185
#define LEFT_SIDE    95
#define RIGHT_SIDE   (LEFT_SIDE + SIDE_WIDTH + 18)
#define PIECE_HEIGHT 13.0 /* of a page, and a little more for each doubling */
#define DOUBLING     0.9
#define HEAD_HEIGHT  24

/* The places where anything begins or ends, each with how far up it is drawn. Both sides share
 * them, so that what is the same lies at the same height. */
struct scale {
    uint64_t *edges;
    double *heights;
    size_t count;
    double height;
};

static int compare_edges(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool is_covered(const struct boot_log *log, uint64_t address)
{
    for (size_t i = 0; i < log->raw_count; i++)
        if (address >= log->raw[i].first && address <= log->raw[i].last)
            return true;
    for (size_t i = 0; i < log->normal_count; i++)
        if (address >= log->normal[i].first && address <= log->normal[i].last)
            return true;
    return false;
}

static void add_edges(struct scale *scale, const struct log_range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        scale->edges[scale->count++] = ranges[i].first;
        scale->edges[scale->count++] = ranges[i].last + 1;
    }
}

static void make_scale(struct scale *scale, const struct boot_log *log)
{
    size_t most = 2 * (log->raw_count + log->normal_count), kept = 0;
    *scale =
        (struct scale){calloc(most + 1, sizeof(uint64_t)), calloc(most + 1, sizeof(double)), 0, 0};
    if (!scale->edges || !scale->heights)
        abort();
    add_edges(scale, log->raw, log->raw_count);
    add_edges(scale, log->normal, log->normal_count);
    qsort(scale->edges, scale->count, sizeof *scale->edges, compare_edges);
    for (size_t i = 0; i < scale->count; i++)
        if (kept == 0 || scale->edges[kept - 1] != scale->edges[i])
            scale->edges[kept++] = scale->edges[i];
    scale->count = kept;
    for (size_t i = 1; i < kept; i++) {
        double height = PIECE_HEIGHT;
        uint64_t pages = (scale->edges[i] - scale->edges[i - 1]) / PAGE_BYTES;
        for (; pages && is_covered(log, scale->edges[i - 1]); pages /= 2)
            height += DOUBLING;
        scale->heights[i] = scale->heights[i - 1] + height;
    }
    scale->height = kept ? scale->heights[kept - 1] : 0;
}

static double height_of(const struct scale *scale, uint64_t edge)
{
    const uint64_t *found = bsearch(&edge, scale->edges, scale->count, sizeof edge, compare_edges);
    return HEAD_HEIGHT + scale->height - (found ? scale->heights[found - scale->edges] : 0);
}

static const char *colour_of_name(const char *name)
{
    static const struct {
        const char *name, *colour;
    } rows[] = {
        {"usable", "usable"},           {"conventional", "usable"},   {"persistent", "usable"},
        {"kernel", "kernel"},           {"loader code", "kernel"},    {"loader data", "kernel"},
        {"reclaimable", "reclaimable"}, {"boot code", "reclaimable"}, {"boot data", "reclaimable"},
        {"framebuffer", "device"},      {"MMIO", "device"},           {"ACPI", "acpi"},
        {"ACPI NVS", "acpi"},           {"ACPI reclaimable", "acpi"}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].colour;
    return "reserved";
}

/* Ranges that lie over an earlier one are drawn narrower, so that both are seen. */
static void draw_ranges(FILE *file, const struct scale *scale, const struct log_range *ranges,
                        size_t count, double left)
{
    for (size_t i = 0; i < count; i++) {
        double inset = 0;
        for (size_t j = 0; j < i; j++)
            if (ranges[j].first <= ranges[i].last && ranges[i].first <= ranges[j].last)
                inset = MIN(inset + 14, 56);
        double top = height_of(scale, ranges[i].last + 1);
        double height = height_of(scale, ranges[i].first) - top, middle = top + height / 2 + 4;
        rectangle(file, left + inset, top, SIDE_WIDTH - inset, height,
                  colour_of_name(ranges[i].name));
        svg_text(file, left + inset + 6, middle, "small", "start", ranges[i].name);
        svg_text(file, left + SIDE_WIDTH - 6, middle, "small", "end",
                 svg_size(ranges[i].last - ranges[i].first + 1).text);
    }
}

static void draw_edge_addresses(FILE *file, const struct scale *scale,
                                const struct log_range *ranges, size_t count, double x,
                                const char *anchor)
{
    for (size_t i = 0; i < count; i++) {
        char *address = text_of("%llx", (unsigned long long)ranges[i].first);
        svg_text(file, x, height_of(scale, ranges[i].first) - 2, "address", anchor, address);
        free(address);
    }
}

void chart_memory(FILE *file, const struct boot_log *log)
{
    struct scale scale;
    make_scale(&scale, log);
    begin(file, MEMORY_WIDTH, scale.height + HEAD_HEIGHT + 8);
    svg_text(file, LEFT_SIDE, 12, "head", "start", "What the firmware told");
    svg_text(file, RIGHT_SIDE, 12, "head", "start", "What the kernel gets");
    draw_ranges(file, &scale, log->raw, log->raw_count, LEFT_SIDE);
    draw_edge_addresses(file, &scale, log->raw, log->raw_count, LEFT_SIDE - 6, "end");
    draw_ranges(file, &scale, log->normal, log->normal_count, RIGHT_SIDE);
    draw_edge_addresses(file, &scale, log->normal, log->normal_count, RIGHT_SIDE + SIDE_WIDTH + 6,
                        "start");
    fputs("</svg>\n", file);
    free(scale.edges);
    free(scale.heights);
}

/* ---- virtual address space ------------------------------------------------------------------- */

#define SPACE_LEFT  140
#define SPACE_WIDTH 300
#define ROW_HEIGHT  18.0
#define GAP_HEIGHT  14.0

static const char *colour_of_rights(const struct log_mapping *mapping)
{
    if (strcmp(mapping->cache, "write-combining") == 0)
        return "combining";
    if (strcmp(mapping->cache, "write-back") != 0)
        return "uncached";
    return mapping->rights[2] == 'x' ? "execute" : mapping->rights[1] == 'w' ? "write" : "read";
}

static double draw_mapping(FILE *file, const struct log_mapping *mapping, double top)
{
    double height = ROW_HEIGHT;
    char *address = text_of("%016llx", (unsigned long long)mapping->first);
    char *what = text_of("%s %s", mapping->rights, mapping->cache);
    char *physical = text_of("physical %llx", (unsigned long long)mapping->physical);
    for (uint64_t pages = (mapping->last - mapping->first) / PAGE_BYTES; pages; pages /= 2)
        height += DOUBLING;
    rectangle(file, SPACE_LEFT, top, SPACE_WIDTH, height, colour_of_rights(mapping));
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
    rectangle(file, SPACE_LEFT, top, SPACE_WIDTH, GAP_HEIGHT, "gap");
    svg_text(file, SPACE_LEFT + SPACE_WIDTH / 2.0, top + 11, "small absent", "middle", text);
    free(text);
    return top + GAP_HEIGHT;
}

/* Upper addresses first; what lies below the lowest mapping is a hole, too. */
void chart_mappings(FILE *file, const struct boot_log *log)
{
    double top = 2;
    char *drawing = NULL;
    size_t bytes = 0;
    FILE *body = open_memstream(&drawing, &bytes);
    if (!body)
        abort();
    for (size_t i = log->mapping_count; i-- > 0;) {
        const struct log_mapping *mapping = &log->mappings[i];
        uint64_t below = i ? log->mappings[i - 1].last + 1 : 0;
        top = draw_mapping(body, mapping, top);
        if (mapping->first > below)
            top = draw_hole(body, mapping->first - below, top);
    }
    fclose(body);
    begin(file, MEMORY_WIDTH + 30, top + 4);
    fputs(drawing, file);
    fputs("</svg>\n", file);
    free(drawing);
}
