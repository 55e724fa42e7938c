/* Who uses the processors at the moment? */
#include "kernel/gui/palette.h"
#include "kernel/gui/widget.h"
#include "kernel/machine/processors.h"
#include "kernel/machine/timer.h"
#include "kernel/threads/thread.h"

#define WIDTH      460
#define HEIGHT     380
#define MARGIN     16
#define BAR        150 /* pixels of a full load */
#define BARS       280
#define CPU_ROWS   8
#define LOOK_EVERY 4 /* of the window's ticks */

static struct {
    uint64_t ticks, of_thread[THREADS_MAX]; /* when it was looked at last */
    uint32_t percent[THREADS_MAX], busy;
    uint32_t ticks_seen;
} load;

static void look(void)
{
    uint64_t now = timer_ticks(), passed = now - load.ticks;
    load.busy = 0;
    for (uint32_t i = 0; i < THREADS_MAX; i++) {
        uint64_t used = threads[i].ticks - load.of_thread[i];
        bool is_new = threads[i].ticks < load.of_thread[i]; /* another one in its place */
        load.percent[i] = passed && !is_new ? (uint32_t)(used * 100 / passed) : 0;
        load.of_thread[i] = threads[i].ticks;
        load.busy += load.percent[i];
    }
    load.ticks = now;
}

static void draw_load(struct window *window, int32_t y, uint32_t percent)
{
    canvas_fill(&window->canvas, rect_of(BARS, y + 7, BAR, 2), RGB_PANEL);
    canvas_fill(&window->canvas,
                rect_of(BARS, y + 2, between((int32_t)percent, 0, 100) * BAR / 100, 12), RGB_GOOD);
}

static int32_t draw_threads(struct window *window, int32_t y)
{
    static const char *const states[] = {"", "ready", "sleeping", "ended"};
    for (uint32_t i = 0; i < THREADS_MAX; i++) {
        const struct thread *thread = &threads[i];
        if (thread->state == THREAD_FREE)
            continue;
        canvas_print(&window->canvas, MARGIN, y, RGB_TEXT, "%-16s", thread->name);
        canvas_print(&window->canvas, MARGIN + 17 * GLYPH_WIDTH, y, RGB_QUIET, "%-9s%3u%%",
                     states[thread->state], load.percent[i]);
        draw_load(window, y, load.percent[i]);
        y += ROW_HEIGHT;
    }
    return y;
}

/* Only the first one runs threads; all others have halted since they said what they found. */
static void draw_processors(struct window *window, int32_t y)
{
    uint64_t count = processors_known();
    for (uint64_t i = 0; i < count && i < CPU_ROWS; i++, y += ROW_HEIGHT) {
        canvas_print(&window->canvas, MARGIN, y, RGB_TEXT, "CPU %lu, APIC id %u", i,
                     processor_states[i].apic_id);
        canvas_print(&window->canvas, MARGIN + 20 * GLYPH_WIDTH, y, RGB_QUIET, "%s",
                     i == 0                        ? "runs"
                     : processor_states[i].arrived ? "halted for good"
                                                   : "never came");
        if (i == 0)
            draw_load(window, y, load.busy);
    }
    if (count > CPU_ROWS)
        canvas_print(&window->canvas, MARGIN, y, RGB_QUIET, "and %lu more, halted",
                     count - CPU_ROWS);
}

static void draw(struct window *window)
{
    canvas_fill(&window->canvas, rect_of(0, 0, WIDTH, HEIGHT), RGB_PAPER);
    canvas_print(&window->canvas, MARGIN, 10, RGB_TITLE, "Threads, and their share of CPU 0");
    int32_t y = draw_threads(window, 34) + 10;
    canvas_print(&window->canvas, MARGIN, y, RGB_TITLE, "Processors");
    draw_processors(window, y + 24);
}

static void open(struct window *window)
{
    look();
    draw(window);
}

static void on_event(struct window *window, const struct event *event)
{
    if (event->kind == EVENT_TICK && ++load.ticks_seen % LOOK_EVERY == 0)
        open(window);
}

const struct window_program threads_program = {"Threads", WIDTH, HEIGHT, open, on_event};
