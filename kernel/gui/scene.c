/* What has to be drawn anew, and in which order? */
#include "kernel/gui/scene.h"
#include "kernel/console/pixels.h"
#include "kernel/gui/palette.h"
#include "kernel/machine/interrupts.h"

#define IN_REACH    48  /* pixels of a title bar that stay on the screen */
#define BUTTON_MOST 136 /* pixels */
#define GAP         4
#define DAMAGES     8
#define CROSS       0xd7 /* a multiplication sign */

#define HINT "Esc: back   Tab: next   Ctrl+digit: open   Ctrl+arrows: move   Ctrl+W: close"

struct scene scene;

static struct rect damages[DAMAGES];
static uint32_t damages_count;

/* ---- where things are ------------------------------------------------------------------------ */

static struct rect window_place(const struct window *window)
{
    return (struct rect){window->left - 1, window->top - TITLE_HEIGHT,
                         window->left + window->canvas.width + 1,
                         window->top + window->canvas.height + 1};
}

static struct rect bar_place(void)
{
    return (struct rect){0, scene.back.height - BAR_HEIGHT, scene.back.width, scene.back.height};
}

static struct rect button_place(uint32_t index)
{
    int32_t room = (scene.back.width - GAP) / (int32_t)scene.windows_count;
    int32_t width = room < BUTTON_MOST ? room : BUTTON_MOST;
    return rect_of(GAP + (int32_t)index * width, bar_place().top + GAP, width - GAP,
                   BAR_HEIGHT - 2 * GAP);
}

static struct rect pointer_place(void)
{
    return rect_of(scene.x, scene.y, POINTER_WIDTH, POINTER_HEIGHT);
}

struct window *scene_front(void)
{
    return scene.open_count ? scene.open[scene.open_count - 1] : NULL;
}

struct window *scene_at(int32_t x, int32_t y, enum part *part)
{
    *part = PART_BUTTON;
    for (uint32_t i = 0; i < scene.windows_count; i++)
        if (rect_holds(button_place(i), x, y))
            return &scene.windows[i];
    for (uint32_t i = scene.open_count; i-- > 0 && !rect_holds(bar_place(), x, y);) {
        struct rect place = window_place(scene.open[i]);
        if (!rect_holds(place, x, y))
            continue;
        *part = y >= place.top + TITLE_HEIGHT    ? PART_INSIDE
                : x < place.right - TITLE_HEIGHT ? PART_TITLE
                                                 : PART_CROSS;
        return scene.open[i];
    }
    return NULL;
}

/* ---- changes --------------------------------------------------------------------------------- */

/* What overlaps becomes one; what finds no room, too. */
void scene_damage(struct rect rect)
{
    for (uint32_t i = damages_count; i-- > 0;)
        if (damages_count == DAMAGES || !rect_is_empty(rect_common(damages[i], rect))) {
            rect = rect_around(rect, damages[i]);
            damages[i] = damages[--damages_count];
        }
    damages[damages_count++] = rect;
}

/* The window in front, and the bar, which shows which one it is. */
static void damage_front(void)
{
    if (scene_front())
        scene_damage(window_place(scene_front()));
    scene_damage(bar_place());
}

void scene_close(struct window *window)
{
    uint32_t kept = 0;
    damage_front();
    scene_damage(window_place(window));
    for (uint32_t i = 0; i < scene.open_count; i++)
        if (scene.open[i] != window)
            scene.open[kept++] = scene.open[i];
    scene.open_count = kept;
    window->is_open = false;
    damage_front();
}

void scene_raise(struct window *window)
{
    if (scene_front() == window)
        return;
    scene_close(window);
    scene.open[scene.open_count++] = window;
    window->is_open = true;
    damage_front();
}

void scene_move(struct window *window, int32_t left, int32_t top)
{
    scene_damage(window_place(window));
    window->left = between(left, IN_REACH - window->canvas.width, scene.back.width - IN_REACH);
    window->top = between(top, TITLE_HEIGHT, bar_place().top);
    scene_damage(window_place(window));
}

void scene_point(int32_t x, int32_t y)
{
    scene_damage(pointer_place());
    scene.x = between(x, 0, scene.back.width - 1);
    scene.y = between(y, 0, scene.back.height - 1);
    scene_damage(pointer_place());
}

/* ---- drawing --------------------------------------------------------------------------------- */

static void draw_window(struct canvas *to, const struct window *window)
{
    bool front = window == scene_front();
    struct rect place = window_place(window);
    canvas_fill(to, place, front ? RGB_RAISED : RGB_PANEL);
    canvas_frame(to, place, RGB_EDGE);
    canvas_print(to, place.left + 10, place.top + 3, front ? RGB_TITLE : RGB_QUIET, "%s",
                 window->program->title);
    canvas_glyph(to, place.right - TITLE_HEIGHT + 7, place.top + 3, CROSS,
                 front ? RGB_TEXT : RGB_QUIET);
    canvas_copy(to, window->left, window->top, &window->canvas);
}

static void draw_button(struct canvas *to, uint32_t index)
{
    const struct window *window = &scene.windows[index];
    struct rect place = button_place(index), clip = to->clip;
    bool front = window == scene_front(), open = window->is_open;
    canvas_fill(to, place, front ? RGB_RAISED : RGB_PANEL);
    if (open)
        canvas_fill(to, (struct rect){place.left, place.bottom - 2, place.right, place.bottom},
                    front ? RGB_TITLE : RGB_EDGE);
    to->clip = rect_common(clip, place);
    canvas_print(to, place.left + 8, place.top + 1, open ? RGB_TEXT : RGB_QUIET, "%u %s", index + 1,
                 window->program->title);
    to->clip = clip;
}

static void draw_bar(struct canvas *to)
{
    struct rect bar = bar_place();
    canvas_fill(to, bar, RGB_PAPER);
    canvas_fill(to, (struct rect){bar.left, bar.top, bar.right, bar.top + 1}, RGB_EDGE);
    for (uint32_t i = 0; i < scene.windows_count; i++)
        draw_button(to, i);
}

static void draw_pointer(struct canvas *to)
{
    static const char arrow[POINTER_HEIGHT][POINTER_WIDTH + 1] = {
        "#           ", "##          ", "#.#         ", "#..#        ", "#...#       ",
        "#....#      ", "#.....#     ", "#......#    ", "#.......#   ", "#........#  ",
        "#.........# ", "#......#####", "#...#..#    ", "#..##..#    ", "#.#  #..#   ",
        "##   #..#   ", "#     #..#  ", "      #..#  ", "       ##   "};
    for (int32_t y = 0; y < POINTER_HEIGHT; y++)
        for (int32_t x = 0; x < POINTER_WIDTH; x++)
            if (arrow[y][x] != ' ')
                canvas_fill(to, rect_of(scene.x + x, scene.y + y, 1, 1),
                            arrow[y][x] == '#' ? RGB_DESK : RGB_TEXT);
}

static void draw(struct canvas *to, struct rect rect)
{
    to->clip = rect;
    canvas_fill(to, rect, RGB_DESK);
    canvas_print(to, 10, bar_place().top - GLYPH_HEIGHT - GAP, RGB_QUIET, HINT);
    for (uint32_t i = 0; i < scene.open_count; i++)
        draw_window(to, scene.open[i]);
    draw_bar(to);
    if (!rect_is_empty(rect_common(rect, pointer_place())))
        draw_pointer(to);
}

/* What a window's program has drawn since. Another thread may draw at this moment. */
static void gather(struct window *window)
{
    uint64_t flags = interrupts_off();
    struct rect rect = window->canvas.damage;
    window->canvas.damage = (struct rect){0};
    interrupts_restore(flags);
    if (!rect_is_empty(rect))
        scene_damage((struct rect){rect.left + window->left, rect.top + window->top,
                                   rect.right + window->left, rect.bottom + window->top});
}

void scene_show(void)
{
    for (uint32_t i = 0; i < scene.open_count; i++)
        gather(scene.open[i]);
    const struct rect all = rect_of(0, 0, scene.back.width, scene.back.height);
    while (damages_count > 0) {
        struct rect rect = rect_common(damages[--damages_count], all);
        if (rect_is_empty(rect))
            continue;
        draw(&scene.back, rect);
        for (int32_t y = rect.top; y < rect.bottom; y++)
            pixels_copy(scene.fb, (uint32_t)rect.left, (uint32_t)y,
                        scene.back.pixels + (int64_t)y * scene.back.width + rect.left,
                        (uint32_t)(rect.right - rect.left));
    }
}
