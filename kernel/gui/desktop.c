/* What do keys and mouse do to the windows, and when do these live? */
#include "kernel/gui/desktop.h"
#include "kernel/console/console.h"
#include "kernel/console/mouse.h"
#include "kernel/console/ports.h"
#include "kernel/gui/scene.h"
#include "kernel/handover/handover.h"
#include "kernel/machine/instructions.h"
#include "kernel/machine/interrupts.h"
#include "kernel/machine/timer.h"
#include "kernel/threads/thread.h"
#include "kernel/vm/memory.h"

#define CONTROL(letter) ((letter) - 'A' + 1)
#define LEAST_WIDTH     640
#define LEAST_HEIGHT    480
#define STEP            16 /* pixels that a key moves a window */
#define STEPS           16
#define HINT            "Esc: back   Tab: next   Ctrl+digit: open   Ctrl+arrows: move   Ctrl+W: close"
#define EVENT_TICKS     (TIMER_HZ / 4)
#define MICROSECONDS    1000000

static const struct window_program *const programs[] = {
    &console_program, &memory_program, &tables_program, &timeline_program,
    &threads_program, &pad_program,    &fault_program};
#define PROGRAMS (sizeof programs / sizeof *programs)
_Static_assert(PROGRAMS <= WINDOWS_MAX, "scene.h");

static struct {
    bool runs, leaves;
    void (*on_end)(void);
    uint64_t frame, frames; /* of all pixels */
    struct scan_state keyboard;
    struct mouse_state mouse;
    bool pressed;           /* the left button */
    struct window *grabbed; /* the window that it was pressed in; NULL: in none */
    bool moves;             /* by its title */
    int32_t grip_x, grip_y; /* where in the canvas */
    struct window *called;  /* whose program runs now */
    volatile bool is_asked_time;
    uint64_t redraw, move; /* TSC ticks */
} desktop;

/* ---- the windows' programs ------------------------------------------------------------------- */

static void close_window(struct window *window)
{
    scene_close(window);
    desktop.grabbed = NULL;
}

/* The fault of a program ends here, for the second time that __builtin_setjmp() returns: no
 * variable of this function may live in a register then. */
static void __attribute__((noinline)) tell(struct window *window, const struct event *event)
{
    const struct window_program *program = window->program;
    desktop.called = window;
    if (!__builtin_setjmp(thread_current()->recovery)) {
        thread_current()->recovers = true;
        if (event && program->on_event)
            program->on_event(window, event);
        else if (!event && program->draw)
            program->draw(window);
        thread_current()->recovers = false;
        return;
    }
    thread_current()->recovers = false;
    interrupts_resume();
    close_window(desktop.called);
    print_colour(COLOUR_BAD, "The window \"%s\" is closed: its program has faulted.\n",
                 desktop.called->program->title);
}

static void open_window(struct window *window)
{
    bool was_open = scene_is_open(window);
    scene_raise(window);
    if (!was_open)
        tell(window, NULL);
}

/* ---- the keyboard ---------------------------------------------------------------------------- */

static void nudge(struct window *window, int key)
{
    int32_t x = key == KEY_LEFT ? -STEP : key == KEY_RIGHT ? STEP : 0;
    int32_t y = key == KEY_UP ? -STEP : key == KEY_DOWN ? STEP : 0;
    scene_move(window, window->left + x, window->top + y);
}

/* False: it is not the desktop's. */
static bool desktop_key(int key)
{
    struct window *front = scene_front();
    bool control = desktop.keyboard.control;
    if (key == KEY_ESCAPE)
        desktop.leaves = true;
    else if (control && key >= '1' && key < '1' + (int)PROGRAMS)
        open_window(&scene.windows[key - '1']);
    else if (!front)
        return false;
    else if (key == KEY_TAB)
        scene_raise(scene.open[0]);
    else if (key == CONTROL('W'))
        close_window(front);
    else if (control && key >= KEY_UP && key <= KEY_RIGHT)
        nudge(front, key);
    else
        return false;
    return true;
}

/* The console decodes for itself, and so it sees all codes; but a key that is not meant for it as
 * one that was let go. */
static void on_code(uint8_t code)
{
    int key = scan_decode(&desktop.keyboard, code);
    if (key == KEY_NONE) {
        console_pass_code(code);
        return;
    }
    struct window *front = scene_front();
    bool taken = desktop_key(key), typed = !taken && front && front->program == &console_program;
    console_pass_code(typed ? code : code | SCAN_RELEASED);
    if (!taken && !typed && front)
        tell(front, &(struct event){.kind = EVENT_KEY, .key = key});
}

/* ---- the mouse ------------------------------------------------------------------------------- */

static void tell_mouse(struct window *window, struct event event)
{
    event.x = scene.x - window->left;
    event.y = scene.y - window->top;
    tell(window, &event);
}

static void press(void)
{
    struct window *button = scene_button_at(scene.x, scene.y);
    struct window *window = button ? NULL : scene_window_at(scene.x, scene.y);
    if (button)
        open_window(button);
    if (!window)
        return;
    scene_raise(window);
    desktop.grabbed = window;
    desktop.moves = rect_holds(window_title(window), scene.x, scene.y);
    desktop.grip_x = scene.x - window->left;
    desktop.grip_y = scene.y - window->top;
    if (rect_holds(window_close_button(window), scene.x, scene.y))
        close_window(window);
    else if (!desktop.moves)
        tell_mouse(window, (struct event){.kind = EVENT_PRESS});
}

static void drag(void)
{
    if (desktop.moves)
        scene_move(desktop.grabbed, scene.x - desktop.grip_x, scene.y - desktop.grip_y);
    else
        tell_mouse(desktop.grabbed, (struct event){.kind = EVENT_DRAG});
}

static void release(void)
{
    struct window *window = desktop.grabbed;
    desktop.grabbed = NULL;
    if (window && !desktop.moves)
        tell_mouse(window, (struct event){.kind = EVENT_RELEASE});
}

static void on_report(const struct mouse_report *report)
{
    struct window *under;
    if (report->x || report->y)
        scene_point(scene.x + report->x, scene.y + report->y);
    if (desktop.pressed && desktop.grabbed && (report->x || report->y))
        drag();
    if (report->left != desktop.pressed) {
        desktop.pressed = report->left;
        report->left ? press() : release();
    }
    if (report->wheel && (under = scene_window_at(scene.x, scene.y)))
        tell_mouse(under, (struct event){.kind = EVENT_WHEEL, .wheel = report->wheel});
}

/* ---- the thread ------------------------------------------------------------------------------ */

static void take_time(void)
{
    struct window *front = scene_front();
    uint64_t start = read_tsc();
    scene_damage(rect_of(0, 0, scene.back.width, scene.back.height));
    scene_show();
    desktop.redraw = read_tsc() - start;
    start = read_tsc();
    for (int32_t step = 0; front && step < 2 * STEPS; step++) {
        scene_move(front, front->left + (step < STEPS ? STEP : -STEP), front->top);
        scene_show();
    }
    desktop.move = read_tsc() - start;
    desktop.is_asked_time = false;
}

static void look_at_input(void)
{
    struct mouse_report report;
    int got;
    while ((got = keyboard_code()) >= 0 && !desktop.leaves)
        on_code((uint8_t)got);
    while ((got = mouse_byte()) >= 0)
        if (mouse_decode(&desktop.mouse, (uint8_t)got, &report))
            on_report(&report);
}

static void give_ticks(void)
{
    static uint64_t last;
    if (timer_ticks() - last < EVENT_TICKS)
        return;
    last = timer_ticks();
    for (uint32_t i = scene.open_count; i-- > 0;) /* whose window may close */
        tell(scene.open[i], &(struct event){.kind = EVENT_TICK});
}

/* The shell's thread changes memory and screen with interrupts on, but does not sleep meanwhile. */
static void end(void)
{
    mouse_close();
    uint64_t flags = interrupts_off();
    while (threads->state != THREAD_SLEEPING)
        thread_sleep(1);
    console_window_end();
    frames_give(&memory_frames, desktop.frame, desktop.frames);
    desktop.runs = false;
    desktop.on_end();
    interrupts_restore(flags);
}

static void live(void *argument)
{
    (void)argument;
    open_window(&scene.windows[0]);
    while (!desktop.leaves) {
        look_at_input();
        give_ticks();
        if (desktop.is_asked_time)
            take_time();
        scene_show();
        thread_sleep(1);
    }
    end();
}

/* ---- beginning ------------------------------------------------------------------------------- */

static uint64_t pixels_of_all(const struct lintel_framebuffer *fb)
{
    uint64_t pixels = (uint64_t)fb->width * fb->height;
    for (uint32_t i = 0; i < PROGRAMS; i++)
        pixels += (uint64_t)programs[i]->width * (uint64_t)programs[i]->height;
    return pixels;
}

/* Three beside each other, where there is room. */
static void place_window(struct window *window, int32_t index)
{
    int32_t room_x = scene.back.width - window->canvas.width;
    int32_t room_y = scene.back.height - BAR_HEIGHT - TITLE_HEIGHT - window->canvas.height;
    window->left = room_x * (1 + index % 3 * 3) / 8;
    window->top = TITLE_HEIGHT + room_y * (1 + index / 3 * 3) / 8;
}

static void set_scene(const struct lintel_framebuffer *fb, uint32_t *pixels)
{
    scene = (struct scene){.fb = fb, .windows_count = PROGRAMS, .hint = HINT};
    canvas_begin(&scene.back, pixels, (int32_t)fb->width, (int32_t)fb->height);
    pixels += (uint64_t)fb->width * fb->height;
    for (uint32_t i = 0; i < PROGRAMS; i++) {
        struct window *window = &scene.windows[i];
        window->program = programs[i];
        canvas_begin(&window->canvas, pixels, programs[i]->width, programs[i]->height);
        pixels += (uint64_t)programs[i]->width * (uint64_t)programs[i]->height;
        place_window(window, (int32_t)i);
    }
    scene_point(scene.back.width / 2, scene.back.height / 2);
    scene_damage(rect_of(0, 0, scene.back.width, scene.back.height));
}

static void take_mouse(void)
{
    enum mouse mouse = mouse_open();
    desktop.mouse.wheel = mouse == MOUSE_WITH_WHEEL;
    if (mouse == MOUSE_NONE)
        print("No PS/2 mouse answers (one on USB needs the firmware's help): use the keys.\n");
}

static bool begin(const struct lintel_framebuffer *fb)
{
    desktop.frames = (pixels_of_all(fb) * sizeof(uint32_t) + FRAME_BYTES - 1) / FRAME_BYTES;
    desktop.frame = frames_take(&memory_frames, desktop.frames);
    if (desktop.frame == FRAMES_NONE)
        return false;
    struct thread *thread = thread_create("gui", NULL, live, NULL);
    if (!thread) {
        frames_give(&memory_frames, desktop.frame, desktop.frames);
        return false;
    }
    thread->detached = true;
    take_mouse();
    set_scene(fb, direct(desktop.frame * FRAME_BYTES));
    console_window_begin(&scene.windows[0].canvas);
    return desktop.runs = true;
}

void desktop_start(void (*on_end)(void))
{
    const struct lintel_framebuffer *fb = boot->framebuffers;
    if (boot->framebuffer_count == 0 || fb->width < LEAST_WIDTH || fb->height < LEAST_HEIGHT) {
        print("Windows need a framebuffer of %u x %u pixels; there is %s.\n", LEAST_WIDTH,
              LEAST_HEIGHT, boot->framebuffer_count ? "a smaller one" : "none");
        return;
    }
    __builtin_memset(&desktop, 0, sizeof desktop);
    desktop.on_end = on_end;
    uint64_t flags = interrupts_off(); /* the new thread waits until all is there */
    if (!begin(fb))
        print_colour(COLOUR_BAD, "There is no memory for windows: %lu KiB are wanted in a row.\n",
                     desktop.frames * FRAME_BYTES / KIB);
    interrupts_restore(flags);
}

bool desktop_runs(void)
{
    return desktop.runs;
}

void desktop_time(void)
{
    desktop.is_asked_time = true;
    while (desktop.is_asked_time && desktop.runs)
        thread_rest();
    if (boot->tsc_hz == 0)
        print("The TSC's frequency is not known.\n");
    else
        print("  all drawn anew: %lu microseconds\n  a window moved by %u steps: %lu\n",
              desktop.redraw * MICROSECONDS / boot->tsc_hz, 2 * STEPS,
              desktop.move * MICROSECONDS / boot->tsc_hz);
}
