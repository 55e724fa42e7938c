/* Where does memory lie, to scale? */
#include "kernel/console/keys.h"
#include "kernel/gui/palette.h"
#include "kernel/gui/widget.h"
#include "kernel/handover/handover.h"

#define WIDTH  560
#define HEIGHT 340
#define MARGIN 16
#define LEAST  6 /* pixels of a range, however small: it has to be seen, and hit */

static const struct rect strip = {MARGIN, 44, WIDTH - MARGIN, 124};
static uint64_t chosen;

static uint32_t colour_of(uint32_t type)
{
    static const uint32_t colours[] = {[LINTEL_MEMORY_USABLE] = RGB_GOOD,
                                       [LINTEL_MEMORY_RESERVED] = RGB_EDGE,
                                       [LINTEL_MEMORY_ACPI_RECLAIMABLE] = RGB_COOL,
                                       [LINTEL_MEMORY_ACPI_NVS] = RGB_COOL,
                                       [LINTEL_MEMORY_BAD] = RGB_BAD,
                                       [LINTEL_MEMORY_RECLAIMABLE] = RGB_TITLE,
                                       [LINTEL_MEMORY_KERNEL] = RGB_VIOLET,
                                       [LINTEL_MEMORY_FRAMEBUFFER] = RGB_TEXT};
    return type < sizeof colours / sizeof *colours && colours[type] ? colours[type] : RGB_QUIET;
}

/* ---- to scale -------------------------------------------------------------------------------- */

static uint64_t ram_end(void)
{
    uint64_t end = 1;
    for (uint64_t i = 0; i < boot->memory_map_count; i++)
        if (boot->memory_map[i].type == LINTEL_MEMORY_USABLE)
            end = boot->memory_map[i].base_physical + boot->memory_map[i].bytes;
    return end;
}

/* What lies above memory may be a thousand times as long as all of it: it counts as all. */
static uint64_t weight_of(uint64_t index)
{
    uint64_t bytes = boot->memory_map[index].bytes, most = ram_end();
    return (bytes < most ? bytes : most) / PAGE_BYTES;
}

/* Where the index-th range begins on the strip; of the count-th: where the last one ends. */
static int32_t left_of(uint64_t index)
{
    uint64_t before = 0, all = 0, count = boot->memory_map_count;
    uint64_t width = (uint64_t)(strip.right - strip.left);
    uint64_t least = count * LEAST < width ? LEAST : width / count;
    for (uint64_t i = 0; i < count; i++) {
        all += weight_of(i);
        before += i < index ? weight_of(i) : 0;
    }
    uint64_t scaled = all ? (width - least * count) * before / all : 0;
    return strip.left + (int32_t)(least * index + scaled);
}

static void draw_strip(struct canvas *canvas)
{
    for (uint64_t i = 0; i < boot->memory_map_count; i++) {
        int32_t left = left_of(i), right = left_of(i + 1); /* with an edge to the next one */
        canvas_fill(canvas, (struct rect){left, strip.top, right - 1, strip.bottom},
                    colour_of(boot->memory_map[i].type));
        if (i == chosen)
            canvas_fill(canvas, rect_of(left, strip.bottom + 3, right - left, 4), RGB_TEXT);
    }
}

/* ---- the window ------------------------------------------------------------------------------ */

static void draw_legend(struct canvas *canvas)
{
    int32_t place = 0;
    for (uint32_t type = 1; type < LINTEL_MEMORY_TYPES; type++) {
        int32_t x = MARGIN + place % 3 * 180, y = 260 + place / 3 * ROW_HEIGHT;
        if (!memory_bytes(type))
            continue;
        canvas_fill(canvas, rect_of(x, y + 2, 12, 12), colour_of(type));
        canvas_print(canvas, x + 18, y, RGB_QUIET, "%s", memory_type_name(type));
        place++;
    }
}

/* What the firmware said of its first byte. */
static const char *firmware_type(uint64_t physical)
{
    for (uint64_t i = 0; i < raw_map_count(); i++)
        if (physical - raw_map_range(i).base < raw_map_range(i).bytes)
            return raw_map_range(i).type;
    return "nothing";
}

static void draw(struct window *window)
{
    struct canvas *canvas = &window->canvas;
    const struct lintel_memory_range *range = &boot->memory_map[chosen];
    canvas_fill(canvas, rect_of(0, 0, WIDTH, HEIGHT), RGB_PAPER);
    canvas_print(canvas, MARGIN, 14, RGB_QUIET,
                 "%lu ranges, at least %d pixels each. Click one, or use the arrows.",
                 boot->memory_map_count, LEAST);
    draw_strip(canvas);
    canvas_fill(canvas, rect_of(MARGIN, 144, 12, 12), colour_of(range->type));
    canvas_print(canvas, MARGIN + 20, 142, RGB_TITLE, "%s", memory_type_name(range->type));
    canvas_print(canvas, MARGIN, 166, RGB_TEXT, "from      %016lx", range->base_physical);
    canvas_print(canvas, MARGIN, 186, RGB_TEXT, "to        %016lx",
                 range->base_physical + range->bytes - 1);
    canvas_print(canvas, MARGIN, 206, RGB_TEXT, "bytes     %lu, in KiB %lu", range->bytes,
                 range->bytes / KIB);
    canvas_print(canvas, MARGIN, 226, RGB_TEXT, "firmware  said: %s",
                 firmware_type(range->base_physical));
    draw_legend(canvas);
}

static void open(struct window *window)
{
    chosen = 0;
    draw(window);
}

static void on_event(struct window *window, const struct event *event)
{
    uint64_t last = boot->memory_map_count - 1;
    if (event->kind == EVENT_PRESS && rect_holds(strip, event->x, event->y))
        for (chosen = 0; chosen < last && event->x >= left_of(chosen + 1);)
            chosen++;
    else if (event->kind == EVENT_KEY && event->key == KEY_LEFT)
        chosen -= chosen > 0;
    else if (event->kind == EVENT_KEY && event->key == KEY_RIGHT)
        chosen += chosen < last;
    else
        return;
    draw(window);
}

const struct window_program memory_program = {"Memory", WIDTH, HEIGHT, open, on_event};
