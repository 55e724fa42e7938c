/* A menu, its user and an 80x25 screen that knows no more than firmware.put() promises. */
#pragma once

#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/menu/menu.h"
#include "test/unit/fake_firmware.h"
#include "test/unit/fake_screen.h"

/* ---- the user: each step looks at the screen, then presses a key ------------------------------
 *
 * A person's keys come one by one, and when the menu is there. */
#define PAUSE_MILLISECONDS 60

struct step {
    enum key key;
    void (*look)(void);
};

static const struct step *next_step, *end_of_steps;
static uint64_t waited;
static uint32_t pause; /* until the next key comes */
static bool ahead;     /* the first is there before the menu */
static bool at_once;   /* they come without pauses */

static inline enum key press(bool marked)
{
    (void)marked;
    if (next_step == end_of_steps || pause)
        return KEY_NONE;
    pause = at_once || next_step->key == KEY_NONE ? 0 : PAUSE_MILLISECONDS;
    if (next_step->look)
        next_step->look();
    put_count = 0;
    return next_step++->key;
}

static inline void pass_time(uint32_t milliseconds)
{
    waited += milliseconds;
    pause -= MIN(pause, milliseconds);
    assert_in_range(waited, 0, 100000);
}

/* ---- the menu -------------------------------------------------------------------------------- */

static struct firmware firmware;
static struct entry entries[120];
static char ids[120][8];
static struct machine machine;
static struct volumes volumes;
static struct loader_interface interface;
static struct config configuration, *const config = &configuration;
static struct menu *menu; /* NULL: not yet begun */
static struct entry chosen;

static inline int set_up(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ARRAY_LENGTH(entries); i++) {
        snprintf(ids[i], sizeof ids[i], "id%u", i);
        entries[i] = (struct entry){.id = ids[i],
                                    .suffix = ".conf",
                                    .title = ids[i],
                                    .version = "",
                                    .kernel = "/kernel.elf",
                                    .kernel_key = "kernel",
                                    .options = ""};
    }
    struct facts *facts = fake_begin(0);
    firmware = fake_firmware;
    firmware.put = put;
    firmware.key = press;
    firmware.wait = pass_time;
    machine = (struct machine){.facts = facts, .firmware = &firmware};
    interface = (struct loader_interface){.machine = &machine};
    volumes = (struct volumes){.machine = &machine};
    menu = NULL;
    *config =
        (struct config){.entries = entries, .count = 3, .chosen = 1, .timeout = -1, .editor = true};
    arena_begin(&machine.arena, fake_firmware.allocate);
    waited = 0;
    ahead = at_once = false;
    fake_screen_begin();
    return 0;
}

static inline bool show_menu(const char *error)
{
    if (!menu)
        assert_int_equal(OK, menu_begin(&machine, &volumes, config, &interface, &menu));
    pause = ahead ? 0 : PAUSE_MILLISECONDS;
    return menu_choose(menu, error, &chosen);
}

#define GAVE_UP UINT32_MAX

/* The index of what was chosen. */
static inline uint32_t choose(const char *error, const struct step *steps, size_t count)
{
    next_step = steps;
    end_of_steps = steps + count;
    bool chose = show_menu(error);
    assert_ptr_equal(next_step, end_of_steps);
    if (!chose)
        return GAVE_UP;
    for (uint32_t i = 0; i < config->count; i++)
        if (strcmp(entries[i].id, chosen.id) == 0)
            return i;
    fail_msg("%s is no entry", chosen.id);
    return 0;
}
#define CHOOSE(error, ...)                                                                         \
    choose(error, (struct step[]){__VA_ARGS__}, ARRAY_LENGTH(((struct step[]){__VA_ARGS__})))

/* Exactly one entry's row is highlighted, and it is this one. */
static inline void assert_selected(const char *title)
{
    for (uint32_t r = 5; r <= 17; r++)
        if (strstr(cells[r] + 1, title))
            assert_true(papers[r][9] == YELLOW && papers[r][72] == YELLOW);
        else
            assert_int_equal(papers[r][20], BLACK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, fake_tear_down)
