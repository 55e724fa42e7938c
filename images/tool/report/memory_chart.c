/* How is physical memory drawn, as the firmware told it and as the kernel sees it? */
#include "common/lib/mem.h"
#include "images/tool/host/svg.h"
#include "images/tool/host/text.h"
#include "images/tool/report/boot_charts.h"
#include <stdlib.h>
#include <string.h>

#define CHART_WIDTH  600
#define SIDE_WIDTH   205
#define LEFT_SIDE    80
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

/* ---- what is drawn as one -------------------------------------------------------------------- */

static bool begins_a_range(const struct boot_log *log, uint64_t address)
{
    for (size_t i = 0; i < log->normal_count; i++)
        if (log->normal[i].first == address)
            return true;
    return false;
}

/* How many ranges of the firmware's, from an index on, are drawn as one: UEFI tells of dozens of
 * neighbours that are one range for the kernel, and BIOSes tell twice of the same. */
static size_t run_length(const struct boot_log *log, size_t index)
{
    const struct log_range *range = &log->raw[index], *end = log->raw + log->raw_count;
    size_t length = 1;
    for (; range + 1 < end; range++, length++) {
        bool twin = range[1].first == range->first && range[1].last == range->last;
        bool touches = range[1].first == range->last + 1 && !begins_a_range(log, range[1].first);
        if ((!twin && !touches) || colour_of_name(range[1].name) != colour_of_name(range->name))
            break;
    }
    return length;
}

static struct log_range join(const struct log_range *first, size_t count)
{
    struct log_range joined = *first;
    joined.last = first[count - 1].last;
    joined.more = count - 1;
    return joined;
}

/* The log as it is drawn; its `raw` is to be freed. */
static struct boot_log join_raw(const struct boot_log *log)
{
    struct boot_log drawn = *log;
    drawn.raw = calloc(log->raw_count + 1, sizeof *drawn.raw);
    drawn.raw_count = 0;
    if (!drawn.raw)
        abort();
    for (size_t i = 0, length; i < log->raw_count; i += length) {
        length = run_length(log, i);
        drawn.raw[drawn.raw_count++] = join(&log->raw[i], length);
    }
    return drawn;
}

/* ---- drawing --------------------------------------------------------------------------------- */

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
        svg_rectangle(file, left + inset, top, SIDE_WIDTH - inset, height,
                      colour_of_name(ranges[i].name));
        char *name = ranges[i].more ? text_of("%s and %zu more", ranges[i].name, ranges[i].more)
                                    : text_of("%s", ranges[i].name);
        svg_text(file, left + inset + 6, middle, "small", "start", name);
        free(name);
        svg_text(file, left + SIDE_WIDTH - 6, middle, "small", "end",
                 svg_size(ranges[i].last - ranges[i].first + 1).text);
    }
}

static void draw_edge_addresses(FILE *file, const struct scale *scale,
                                const struct log_range *ranges, size_t count, double x,
                                const char *anchor)
{
    for (size_t i = 0; i < count; i++) {
        char *address = text_of("%lx", ranges[i].first);
        svg_text(file, x, height_of(scale, ranges[i].first) - 2, "address", anchor, address);
        free(address);
    }
}

static void draw_side(FILE *file, const struct scale *scale, const struct log_range *ranges,
                      size_t count, double left, const char *title)
{
    bool is_left = left < SIDE_WIDTH;
    double edge = is_left ? left - 6 : left + SIDE_WIDTH + 6;
    svg_text(file, left, 12, "head", "start", title);
    draw_ranges(file, scale, ranges, count, left);
    draw_edge_addresses(file, scale, ranges, count, edge, is_left ? "end" : "start");
}

bool chart_memory(FILE *file, const struct boot_log *log)
{
    if (log->normal_count == 0)
        return false;
    struct scale scale;
    struct boot_log drawn = join_raw(log);
    make_scale(&scale, &drawn);
    svg_begin(file, CHART_WIDTH, scale.height + HEAD_HEIGHT + 8);
    draw_side(file, &scale, drawn.raw, drawn.raw_count, LEFT_SIDE, "What the firmware told");
    draw_side(file, &scale, drawn.normal, drawn.normal_count, RIGHT_SIDE, "What the kernel gets");
    fputs("</svg>\n", file);
    free(drawn.raw);
    free(scale.edges);
    free(scale.heights);
    return true;
}
