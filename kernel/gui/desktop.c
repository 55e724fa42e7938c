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
#define EVENT_TICKS     (TIMER_HZ / 4)

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
    bool was_open = window->is_open;
    scene_raise(window);
    if (!was_open)
        tell(window, NULL);
}

/* ---- the keyboard ---------------------------------------------------------------------------- */

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
        scene_move(front, front->left + STEP * ((key == KEY_RIGHT) - (key == KEY_LEFT)),
                   front->top + STEP * ((key == KEY_DOWN) - (key == KEY_UP)));
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
    enum part part;
    struct window *window = scene_at(scene.x, scene.y, &part);
    if (!window)
        return;
    open_window(window); /* raises it */
    if (part == PART_CROSS)
        close_window(window);
    if (part == PART_CROSS || part == PART_BUTTON)
        return;
    desktop.grabbed = window;
    desktop.moves = part == PART_TITLE;
    desktop.grip_x = scene.x - window->left;
    desktop.grip_y = scene.y - window->top;
    if (!desktop.moves)
        tell_mouse(window, (struct event){.kind = EVENT_PRESS});
}

/* What the button holds goes with the pointer, or its program is told. */
static void pull(struct window *window, bool released)
{
    if (!desktop.moves)
        tell_mouse(window, (struct event){.kind = released ? EVENT_RELEASE : EVENT_DRAG});
    else if (!released)
        scene_move(window, scene.x - desktop.grip_x, scene.y - desktop.grip_y);
    if (released)
        desktop.grabbed = NULL;
}

static void on_report(const struct mouse_report *report)
{
    enum part part;
    bool moved = report->x || report->y;
    if (moved)
        scene_point(scene.x + report->x, scene.y + report->y);
    if (desktop.grabbed && (moved || !report->left))
        pull(desktop.grabbed, !report->left);
    if (report->left && !desktop.pressed)
        press();
    desktop.pressed = report->left;
    struct window *under = report->wheel ? scene_at(scene.x, scene.y, &part) : NULL;
    if (under && part == PART_INSIDE)
        tell_mouse(under, (struct event){.kind = EVENT_WHEEL, .wheel = report->wheel});
}

/* ---- the thread ------------------------------------------------------------------------------ */

static void tell_time(const char *what, uint64_t since)
{
    uint64_t per_microsecond = boot->tsc_hz / 1000000 ? boot->tsc_hz / 1000000 : 1;
    print("  %s: %lu %s\n", what, (read_tsc() - since) / per_microsecond,
          boot->tsc_hz ? "microseconds" : "ticks of the TSC");
}

static void take_time(void)
{
    const struct rect all = rect_of(0, 0, scene.back.width, scene.back.height);
    struct window *front = scene_front();
    uint64_t start = read_tsc();
    scene_damage(all);
    scene_show();
    tell_time("all drawn anew", start);
    start = read_tsc();
    for (int32_t step = 0; front && step < 2 * STEPS; step++) {
        scene_move(front, front->left + (step < STEPS ? STEP : -STEP), front->top);
        scene_show();
    }
    tell_time("a window moved by 32 steps", start);
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

/* From an address on; returns the end of all pixels. Windows lie three beside each other, where
 * there is room. */
static uint64_t set_scene(const struct lintel_framebuffer *fb, uint64_t at)
{
    scene = (struct scene){.fb = fb, .windows_count = PROGRAMS};
    canvas_begin(&scene.back, (uint32_t *)at, (int32_t)fb->width, (int32_t)fb->height);
    at += (uint64_t)fb->width * fb->height * sizeof(uint32_t);
    for (int32_t i = 0; i < (int32_t)PROGRAMS; i++) {
        int32_t width = programs[i]->width, height = programs[i]->height;
        int32_t room = scene.back.height - BAR_HEIGHT - TITLE_HEIGHT - height;
        struct window *window = &scene.windows[i];
        window->program = programs[i];
        window->left = (scene.back.width - width) * (1 + i % 3 * 3) / 8;
        window->top = TITLE_HEIGHT + room * (1 + i / 3 * 3) / 8;
        canvas_begin(&window->canvas, (uint32_t *)at, width, height);
        at += (uint64_t)width * (uint64_t)height * sizeof(uint32_t);
    }
    scene_point(scene.back.width / 2, scene.back.height / 2);
    scene_damage(scene.back.clip);
    return at;
}

static bool begin(const struct lintel_framebuffer *fb)
{
    desktop.frames = (set_scene(fb, 0) + FRAME_BYTES - 1) / FRAME_BYTES;
    desktop.frame = frames_take(&memory_frames, desktop.frames);
    if (desktop.frame == FRAMES_NONE)
        return false;
    struct thread *thread = thread_create("gui", NULL, live, NULL);
    if (!thread)
        return !frames_give(&memory_frames, desktop.frame, desktop.frames);
    thread->detached = true;
    set_scene(fb, address_of(direct(desktop.frame * FRAME_BYTES)));
    console_window_begin(&scene.windows[0].canvas);
    enum mouse mouse = mouse_open();
    desktop.mouse.wheel = mouse == MOUSE_WITH_WHEEL;
    if (mouse == MOUSE_NONE)
        print("No PS/2 mouse answers (one on USB needs the firmware's help): use the keys.\n");
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
}
