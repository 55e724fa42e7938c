/* How is a forecast drawn? */
#include "images/tool/check/drawing.h"
#include "common/lib/mem.h"
#include "images/tool/check/column.h"
#include "images/tool/check/report.h"
#include "images/tool/host/svg.h"
#include "images/tool/host/text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH         1180
#define TOP           118
#define BAR_WIDTH     250
#define VIRTUAL_LEFT  190
#define PHYSICAL_LEFT 720
#define MARGIN        24

static const char style[] =
    "text{font:13px 'DejaVu Sans',sans-serif;fill:#1d2530}"
    ".title{font-size:19px;font-weight:bold}.head{font-weight:bold}"
    ".address{font:12px 'DejaVu Sans Mono',monospace;fill:#465262}"
    ".may{font:12px 'DejaVu Sans Mono',monospace}"
    "rect{stroke:#fff;stroke-width:1}"
    ".execute{fill:#f2935c}.write{fill:#7fb2f0}.read{fill:#86cf94}.uncached{fill:#c3cad4}"
    ".all{fill:#e58a94}"
    ".usable{fill:#e6efe2}.kernel{fill:#f6cf65}.reclaimable{fill:#a9dbe0}.reserved{fill:#c9c3cf}"
    ".gap{fill:none;stroke:#aab2bd;stroke-dasharray:2 4}.absent{fill:#7d8794;font-size:11px}"
    ".ribbon{opacity:.38}.faint{opacity:.13}";

/* ---- bars ------------------------------------------------------------------------------------ */

static const char *may_text(const char *colour)
{
    return strcmp(colour, "execute") == 0 ? "r-x"
           : strcmp(colour, "read") == 0  ? "r--"
           : strcmp(colour, "write") == 0 ? "rw-"
           : strcmp(colour, "all") == 0   ? "rwx"
                                          : "rw- uncached";
}

static void draw_rectangle(FILE *file, const struct bar *bar, double left)
{
    fprintf(file, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" class=\"%s\"/>\n",
            left + 0.5, bar->top + 0.5, BAR_WIDTH - 1, bar->height - 1, bar->colour);
}

static double base_line(const struct bar *bar)
{
    return bar->top + bar->height / 2 + SVG_TEXT_DROP;
}

static void draw_gap(FILE *file, const struct bar *bar, double left, const char *meaning)
{
    char *text = text_of("%s: %s", meaning, svg_size(bar->last - bar->first + 1).text);
    draw_rectangle(file, bar, left);
    svg_text(file, left + BAR_WIDTH / 2.0, base_line(bar), "absent", "middle", text);
    free(text);
}

/* `right`: what stands at the bar's right end. The address is of its first byte, at its foot. */
static void draw_bar(FILE *file, const struct bar *bar, double left, const char *right)
{
    draw_rectangle(file, bar, left);
    svg_text(file, left + 8, base_line(bar), "name", "start", bar->name);
    svg_text(file, left + BAR_WIDTH - 8, base_line(bar), "may", "end", right);
}

static const char *meaning_of_gap(const struct bar *bar)
{
    bool guard = bar->first >= PLAN_WINDOW && bar->last < PLAN_WINDOW_END &&
                 bar->last - bar->first == PAGE_BYTES - 1;
    return guard ? "guard page" : "absent";
}

static void draw_virtual(FILE *file, const struct column *column)
{
    for (size_t i = 0; i < column->count; i++) {
        const struct bar *bar = &column->bars[i];
        char *address = text_of("%016lx", bar->first);
        if (strcmp(bar->colour, "gap") == 0) {
            draw_gap(file, bar, VIRTUAL_LEFT, meaning_of_gap(bar));
        } else {
            draw_bar(file, bar, VIRTUAL_LEFT, may_text(bar->colour));
            svg_text(file, VIRTUAL_LEFT - 8, bar->top + bar->height - 5, "address", "end", address);
        }
        free(address);
    }
}

static void draw_physical(FILE *file, const struct column *column)
{
    for (size_t i = 0; i < column->count; i++) {
        const struct bar *bar = &column->bars[i];
        char *address = text_of("%lx", bar->first);
        if (strcmp(bar->colour, "gap") == 0) {
            draw_gap(file, bar, PHYSICAL_LEFT, "nothing");
        } else {
            draw_bar(file, bar, PHYSICAL_LEFT, svg_size(bar->last - bar->first + 1).text);
            svg_text(file, PHYSICAL_LEFT + BAR_WIDTH + 8, bar->top + bar->height - 5, "address",
                     "start", address);
        }
        free(address);
    }
}

/* ---- ribbons --------------------------------------------------------------------------------- */

/* The edges of a ribbon, from bar to bar, both from the upper to the lower end. */
static void draw_ribbon(FILE *file, const struct bar *from, double top, double bottom, bool faint)
{
    double left = VIRTUAL_LEFT + BAR_WIDTH, right = PHYSICAL_LEFT, middle = (left + right) / 2;
    fprintf(file,
            "<path class=\"%s ribbon%s\" d=\"M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f"
            "V%.1fC%.1f %.1f %.1f %.1f %.1f %.1fZ\"/>\n",
            from->colour, faint ? " faint" : "", left, from->top, middle, from->top, middle, top,
            right, top, bottom, middle, bottom, middle, from->top + from->height, left,
            from->top + from->height);
}

/* Many a mapping shows nothing that the memory map knows, such as device registers below 4 GiB. */
static void draw_ribbons(FILE *file, const struct forecast *forecast, const struct column *virtual,
                         const struct column *physical)
{
    const struct plan *plan = &forecast->attempt.plan;
    struct mapping mapping;

    for (uint64_t i = 0; i < plan->mapping_count;) {
        i = joined_mapping(plan, i, &mapping);
        const struct bar *from = column_find(virtual, mapping.virtual),
                         *low = column_find(physical, mapping.physical),
                         *high = column_find(physical, mapping.physical + mapping.bytes - 1);
        if (from && low && high && mapping.cache != CACHE_UNCACHED)
            draw_ribbon(file, from, column_height_of(high, mapping.physical + mapping.bytes),
                        column_height_of(low, mapping.physical),
                        mapping.virtual - plan->direct_map == mapping.physical);
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void draw_legend(FILE *file)
{
    static const struct {
        const char *colour, *text;
        double x;
    } rows[] = {
        {"execute", "read, execute", VIRTUAL_LEFT},
        {"read", "read only", VIRTUAL_LEFT + 125},
        {"write", "read, write", VIRTUAL_LEFT + 225},
        {"uncached", "read, write, uncached", VIRTUAL_LEFT + 330},
        {"all", "all", VIRTUAL_LEFT + 490},
        {"usable", "usable", PHYSICAL_LEFT},
        {"kernel", "kernel", PHYSICAL_LEFT + 80},
        {"reclaimable", "reclaimable", PHYSICAL_LEFT + 160},
        {"reserved", "reserved", PHYSICAL_LEFT + 270},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        fprintf(file, "<rect x=\"%.1f\" y=\"64\" width=\"13\" height=\"13\" class=\"%s\"/>\n",
                rows[i].x, rows[i].colour);
        svg_text(file, rows[i].x + 18, 75, "name", "start", rows[i].text);
    }
}

static void draw_head(FILE *file, const struct forecast *forecast)
{
    const char *firmware = forecast->facts.firmware == LINTEL_FIRMWARE_UEFI ? "UEFI" : "BIOS";
    char *title = text_of("%s on %s: what its first instruction finds",
                          text_base(forecast->attempt.kernel.source.name), firmware);
    char *head = text_of("Virtual address space, %u levels", forecast->attempt.plan.paging.levels);

    svg_text(file, VIRTUAL_LEFT, 38, "title", "start", title);
    svg_text(file, VIRTUAL_LEFT, TOP - 12, "head", "start", head);
    svg_text(file, PHYSICAL_LEFT, TOP - 12, "head", "start", "Physical memory");
    free(title);
    free(head);
    draw_legend(file);
}

static void draw(FILE *file, const struct forecast *forecast)
{
    struct column virtual, physical;
    column_make_virtual(&virtual, forecast, TOP);
    column_make_physical(&physical, forecast, TOP);
    double height = MAX(virtual.bottom, physical.bottom) + MARGIN;

    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" width=\"%d\" "
            "height=\"%.0f\">\n<style>%s</style>\n<rect width=\"100%%\" height=\"100%%\" "
            "style=\"fill:#fff\"/>\n",
            WIDTH, height, WIDTH, height, style);
    draw_head(file, forecast);
    draw_ribbons(file, forecast, &virtual, &physical);
    draw_virtual(file, &virtual);
    draw_physical(file, &physical);
    fputs("</svg>\n", file);
    column_free(&virtual);
    column_free(&physical);
}

enum err drawing_write(const struct forecast *forecast, const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return fail(ERR_IO, "%s: %s", path, strerror(errno));
    draw(file, forecast);
    bool failed = ferror(file);
    if (fclose(file) != 0 || failed)
        return fail(ERR_IO, "%s: %s", path, strerror(errno));
    return OK;
}
