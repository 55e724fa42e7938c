/* How is a forecast drawn? */
#include "images/tool/check/drawing.h"
#include "common/lib/mem.h"
#include "images/tool/check/column.h"
#include "images/tool/check/report.h"
#include "images/tool/host/draft.h"
#include "images/tool/host/svg.h"
#include "images/tool/host/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOP            118
#define BAR_WIDTH      250
#define MARGIN         24
#define ADDRESS        8  /* from a bar to its address; of a physical one: */
#define ADDRESSES      92 /* from there to the arrows */
#define ARROWS         60
#define PHYSICAL_WIDTH 500
#define LETTER         7.6 /* a name's, on average */
#define DIGIT          7.3 /* a size's */
#define CAPITAL        12  /* a title's */

/* Where the columns begin. */
#define VIRTUAL_LEFT  190
#define PHYSICAL_LEFT 720
#define ALONE_LEFT    60 /* of the physical one, where nothing is mapped */

static const char style[] =
    "text{font:13px 'DejaVu Sans',sans-serif;fill:#1d2530}"
    ".title{font-size:19px;font-weight:bold}.head{font-weight:bold}"
    ".address{font:12px 'DejaVu Sans Mono',monospace;fill:#465262}"
    ".may{font:12px 'DejaVu Sans Mono',monospace}"
    "rect{stroke:#fff;stroke-width:1}"
    ".execute{fill:#f2935c}.write{fill:#7fb2f0}.read{fill:#86cf94}.uncached{fill:#c3cad4}"
    ".all{fill:#e58a94}"
    ".usable{fill:#e6efe2}.kernel{fill:#f6cf65}.reclaimable{fill:#a9dbe0}.reserved{fill:#c9c3cf}"
    ".before{fill:#e6efe2;stroke:#8f9b86;stroke-dasharray:5 3}"
    ".gap{fill:none;stroke:#aab2bd;stroke-dasharray:2 4}.absent{fill:#7d8794;font-size:11px}"
    ".ribbon{opacity:.38}.faint{opacity:.13}"
    ".arrow{fill:none;stroke:#465262;stroke-width:1.5}.point{fill:#465262}";

/* ---- bars ------------------------------------------------------------------------------------ */

static void draw_rectangle(FILE *file, const struct bar *bar, double left)
{
    svg_rectangle(file, left + 0.5, bar->top + 0.5, BAR_WIDTH - 1, bar->height - 1, bar->colour);
}

static double base_line(const struct bar *bar)
{
    return bar->top + bar->height / 2 + SVG_TEXT_DROP;
}

static void draw_gap(FILE *file, const struct bar *bar, double left)
{
    char *text = text_of("%s: %s", bar->name, svg_size(bar->last - bar->first + 1).text);

    svg_text(file, left + BAR_WIDTH / 2.0, base_line(bar), "absent", "middle", text);
    free(text);
}

/* As many whole characters of a name as there is room for. */
static char *shorten(const char *name, double width)
{
    int fits = (int)(width / LETTER);

    if (strlen(name) <= (size_t)fits)
        return text_of("%s", name);
    fits -= 3;
    while (fits && (name[fits] & 0xc0) == 0x80)
        fits--;
    return text_of("%.*s...", fits, name);
}

/* With a size, or what the kernel may do there, at its right end. */
static void draw_bar(FILE *file, const struct bar *bar, double left)
{
    bool uncached = strcmp(bar->colour, "uncached") == 0;
    char *right = bar->may ? text_of("%s%s", bar->may, uncached ? " uncached" : "")
                           : text_of("%s", svg_size(bar->last - bar->first + 1).text);

    char *name = shorten(bar->name, BAR_WIDTH - 24 - DIGIT * (double)strlen(right));

    svg_text(file, left + 8, base_line(bar), "name", "start", name);
    svg_text(file, left + BAR_WIDTH - 8, base_line(bar), "may", "end", right);
    free(name);
    free(right);
}

/* Each with the address of its first byte at its foot, with that many digits, on one side. */
static void draw_column(FILE *file, const struct column *column, double left, int digits,
                        double side, const char *anchor)
{
    for (size_t i = 0; i < column->count; i++) {
        const struct bar *bar = &column->bars[i];
        draw_rectangle(file, bar, left);
        if (strcmp(bar->colour, "gap") == 0) {
            draw_gap(file, bar, left);
            continue;
        }
        draw_bar(file, bar, left);
        char *address = text_of("%0*lx", digits, bar->first);
        svg_text(file, side, bar->top + bar->height - 5, "address", anchor, address);
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
static void draw_ribbons(FILE *file, const struct plan *plan, const struct column *virtual,
                         const struct column *physical)
{
    struct mapping mapping;

    for (uint64_t i = 0; i < plan->mapping_count;) {
        i = joined_mapping(plan, i, &mapping);
        if (mapping.cache != CACHE_UNCACHED)
            draw_ribbon(file, column_find(virtual, mapping.virtual),
                        column_height_of(physical, mapping.physical + mapping.bytes),
                        column_height_of(physical, mapping.physical),
                        mapping_is_direct(plan, &mapping));
    }
}

/* ---- moves ----------------------------------------------------------------------------------- */

static double middle_of(const struct column *column, uint64_t address)
{
    const struct bar *bar = column_find(column, address);

    return bar->top + bar->height / 2;
}

/* Behind the addresses, from where a region is loaded to where it lies in the end. */
static void draw_move(FILE *file, const struct column *physical, const struct handoff_move *move,
                      double left)
{
    double from = middle_of(physical, move->from), to = middle_of(physical, move->to);

    fprintf(file,
            "<path class=\"arrow\" d=\"M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f\"/>\n"
            "<path class=\"point\" d=\"M%.1f %.1fl8 -4v8Z\"/>\n",
            left, from, left + ARROWS, from, left + ARROWS, to, left + 6, to, left, to);
}

/* ---- all of it ------------------------------------------------------------------------------- */

struct legend {
    const char *colour, *text;
    double x; /* from the column's left */
};

static void draw_legend(FILE *file, const struct legend *rows, size_t count, double left)
{
    for (size_t i = 0; i < count; i++) {
        svg_rectangle(file, left + rows[i].x, 64, 13, 13, rows[i].colour);
        svg_text(file, left + rows[i].x + 18, 75, "name", "start", rows[i].text);
    }
}

static void draw_virtual(FILE *file, const struct plan *plan, const struct column *column,
                         const struct column *physical)
{
    static const struct legend legend[] = {
        {"execute", "read, execute", 0}, {"read", "read only", 125}, {"write", "read, write", 225},
        {"uncached", "uncached", 330},   {"all", "all", 425},
    };
    char *head = text_of("Virtual address space, %u levels", plan->paging.levels);

    draw_ribbons(file, plan, column, physical);
    draw_legend(file, legend, ARRAY_LENGTH(legend), VIRTUAL_LEFT);
    svg_text(file, VIRTUAL_LEFT, TOP - 12, "head", "start", head);
    draw_column(file, column, VIRTUAL_LEFT, 16, VIRTUAL_LEFT - ADDRESS, "end");
    free(head);
}

static void draw_physical(FILE *file, const struct plan *plan, const struct column *column,
                          double left)
{
    static const struct legend legend[] = {
        {"usable", "usable", 0},
        {"kernel", "kernel", 80},
        {"reclaimable", "reclaimable", 160},
        {"reserved", "reserved", 270},
        {"before", "used until now", 360},
    };
    double right = left + BAR_WIDTH + ADDRESS;

    draw_legend(file, legend, ARRAY_LENGTH(legend), left);
    svg_text(file, left, TOP - 12, "head", "start", "Physical memory");
    draw_column(file, column, left, 1, right, "start");
    for (uint64_t i = 0; i < plan->move_count; i++)
        draw_move(file, column, &plan->moves[i], right + ADDRESSES);
}

static void begin(FILE *file, double width, double height)
{
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" "
            "height=\"%.0f\">\n<style>%s</style>\n<rect width=\"100%%\" height=\"100%%\" "
            "style=\"fill:#fff\"/>\n",
            width, height, width, height, style);
}

static char *make_title(const struct forecast *forecast)
{
    bool program = forecast->attempt.wishes.mode == ENTRY_PROGRAM;

    return text_of("%s on %s: %s", text_base(forecast->attempt.kernel.reader.name),
                   forecast->facts.firmware == LINTEL_FIRMWARE_UEFI ? "UEFI" : "BIOS",
                   program ? "before the firmware starts it" : "what its first instruction finds");
}

static void draw(FILE *file, const void *context)
{
    const struct forecast *forecast = context;
    const struct plan *plan = &forecast->attempt.plan;
    bool mapped = forecast->table_pages != 0;
    double left = mapped ? VIRTUAL_LEFT : ALONE_LEFT;
    double physical_left = mapped ? PHYSICAL_LEFT : ALONE_LEFT;
    struct column virtual = {0}, physical;
    char *title = make_title(forecast);

    column_make_physical(&physical, forecast, TOP);
    if (mapped)
        column_make_virtual(&virtual, forecast, TOP);
    begin(file, MAX(physical_left + PHYSICAL_WIDTH, left + CAPITAL * (double)strlen(title)),
          MAX(virtual.bottom, physical.bottom) + MARGIN);
    svg_text(file, left, 38, "title", "start", title);
    if (mapped)
        draw_virtual(file, plan, &virtual, &physical);
    draw_physical(file, plan, &physical, physical_left);
    fputs("</svg>\n", file);
    column_free(&virtual);
    column_free(&physical);
    free(title);
}

enum err drawing_write(const struct forecast *forecast, const char *path)
{
    return draft_write(path, draw, forecast);
}
