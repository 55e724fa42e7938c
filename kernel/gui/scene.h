/* What lies on the screen, from back to front: desk, windows, bar, pointer. */
#pragma once

#include "common/lintel.h"
#include "kernel/gui/window.h"
#include <stddef.h>

#define TITLE_HEIGHT   22
#define BAR_HEIGHT     28
#define WINDOWS_MAX    8
#define POINTER_WIDTH  12
#define POINTER_HEIGHT 19

extern struct scene {
    const struct lintel_framebuffer *fb;
    struct canvas back;                 /* drawn here first; the framebuffer is never read */
    struct window windows[WINDOWS_MAX]; /* by their buttons in the bar */
    struct window *open[WINDOWS_MAX];   /* from back to front */
    uint32_t windows_count, open_count;
    int32_t x, y; /* where the pointer points to */
} scene;

struct window *scene_front(void); /* NULL: none is open */

/* The window at a place, and what of it is there; NULL: none. */
enum part { PART_INSIDE, PART_TITLE, PART_CROSS, PART_BUTTON };
struct window *scene_at(int32_t x, int32_t y, enum part *part);

/* Each notes what has to be drawn anew. */
void scene_raise(struct window *window); /* opens it, too */
void scene_close(struct window *window);
void scene_move(struct window *window, int32_t left, int32_t top); /* its title stays in reach */
void scene_point(int32_t x, int32_t y);
void scene_damage(struct rect rect);

/* Draws what was noted, and what the windows' programs have drawn; nothing else. */
void scene_show(void);
