/* How long did each stage of the boot take? */
#include "kernel/gui/palette.h"
#include "kernel/gui/widget.h"
#include "kernel/handover/handover.h"

#define WIDTH  560
#define HEIGHT 340
#define MARGIN 16
#define BARS   200 /* where they begin */

static void draw(struct window *window)
{
    struct canvas *canvas = &window->canvas;
    uint64_t first = stage_start(0), total = initial_state.tsc - first;
    uint64_t per_millisecond = boot->tsc_hz / 1000 ? boot->tsc_hz / 1000 : 1;
    int32_t room = WIDTH - MARGIN - BARS, y = MARGIN;
    canvas_fill(canvas, rect_of(0, 0, WIDTH, HEIGHT), RGB_PAPER);
    for (uint64_t i = 0; i < boot->stage_count && total; i++) {
        uint64_t start = stage_start(i) - first, end = stage_start(i + 1) - first;
        uint64_t tenths = (end - start) * 10 / per_millisecond;
        int32_t from = (int32_t)(start * (uint64_t)room / total);
        int32_t to = (int32_t)(end * (uint64_t)room / total);
        canvas_print(canvas, MARGIN, y, RGB_TEXT, "%-11s", boot->stages[i].name);
        canvas_print(canvas, MARGIN + 11 * GLYPH_WIDTH, y, RGB_QUIET, "%6lu.%lu", tenths / 10,
                     tenths % 10);
        canvas_fill(canvas, rect_of(BARS, y + 7, room, 2), RGB_PANEL);
        canvas_fill(canvas, rect_of(BARS + from, y + 2, to > from ? to - from : 1, 12), RGB_TITLE);
        y += ROW_HEIGHT + 2;
    }
    canvas_print(canvas, MARGIN, y + 6, RGB_QUIET, "%s; the kernel: %lu after Lintel's begin",
                 boot->tsc_hz ? "milliseconds" : "ticks of the TSC", total / per_millisecond);
}

const struct window_program timeline_program = {"Timeline", WIDTH, HEIGHT, draw, NULL};
