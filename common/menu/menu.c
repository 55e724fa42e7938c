/* What does the user choose? */
#include "common/menu/menu.h"
#include "common/entries/auto.h"
#include "common/hw/cpu.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

#define HIDDEN_MILLISECONDS 100
#define CALLED_SECONDS      5 /* for a person to be quicker than what may be noise */

#define KEY_SHOW_AGAIN ('L' & 0x1f) /* what terminals use for it */

enum answer { STAY, BOOT, BOOT_BY_ITSELF, BOOT_EDITED, GIVE_UP };

/* ---- keys ------------------------------------------------------------------------------------ */

/* A number boots as soon as no further digit could follow, so that most lists need one key. What
 * ends the machine waits for Enter: see ask_for_enter(). */
static enum answer type_digit(struct menu *menu, uint32_t digit)
{
    uint32_t count = menu->config->count;
    uint64_t number = menu->number * 10 + digit;

    if (number < 1 || number > count)
        return STAY;
    menu->selected = (uint32_t)number - 1;
    bool last = number * 10 > count;
    if (last && !entry_kind_is_act(menu->config->entries[menu->selected].kind))
        return BOOT;
    menu->number = number;
    fmt(menu->notice, sizeof menu->notice, "%lu: %sEnter", number,
        last ? "" : "another digit, or ");
    return STAY;
}

static void make_default(struct menu *menu)
{
    struct config *config = menu->config;
    const struct entry *entry = &config->entries[menu->selected];

    if (loader_interface_make_default(menu->machine, entry) != OK) {
        fmt(menu->notice, sizeof menu->notice, "%s", err_message());
        return;
    }
    config->chosen = menu->selected;
    fmt(menu->notice, sizeof menu->notice, "%s boots by default from now on.", entry->id);
}

static void show_facts(struct menu *menu)
{
    struct arena_mark before = arena_mark(&menu->machine->arena);
    char *text;

    if (menu_facts(menu, &text) == OK)
        pager_show(&menu->screen, &menu->keys, "The facts of this boot", text);
    else
        fmt(menu->notice, sizeof menu->notice, "%s", err_message());
    arena_reset(&menu->machine->arena, before);
}

/* Does not return where the firmware does as it is told. */
static void enter_setup(struct menu *menu)
{
    loader_interface_enter_setup(menu->machine);
    fmt(menu->notice, sizeof menu->notice, "%s", err_message());
}

static void move(struct menu *menu, int64_t by)
{
    int64_t last = (int64_t)menu->config->count - 1;

    menu->selected = (uint32_t)MIN(MAX((int64_t)menu->selected + by, 0), last);
}

static enum answer obey_key(struct menu *menu, enum key key)
{
    int64_t page = menu->rows, all = menu->config->count;

    switch ((int)key) {
    case KEY_UP:
        move(menu, -1);
        break;
    case KEY_DOWN:
        move(menu, 1);
        break;
    case KEY_PAGE_UP:
        move(menu, -page);
        break;
    case KEY_PAGE_DOWN:
        move(menu, page);
        break;
    case KEY_HOME:
        move(menu, -all);
        break;
    case KEY_END:
        move(menu, all);
        break;
    case 'i':
        show_facts(menu);
        break;
    case KEY_SHOW_AGAIN:
        screen_show_again(&menu->screen);
        break;
    }
    return STAY;
}

/* A serial line's noise is no wish for what can't be undone. */
static enum answer ask_for_enter(struct menu *menu, enum key key)
{
    const char *what = key == 'q' ? "quits" : key == 'd' ? "makes it the default" : "restarts";

    menu->wish = key;
    fmt(menu->notice, sizeof menu->notice, "Enter %s; any other key does not.", what);
    return STAY;
}

static enum answer obey_wish(struct menu *menu, enum key wish)
{
    if (wish == 'd')
        make_default(menu);
    else if (wish == 'r')
        enter_setup(menu);
    return wish == 'q' ? GIVE_UP : STAY;
}

static enum answer take_key(struct menu *menu, enum key key)
{
    enum key wish = menu->wish;

    menu->wish = KEY_NONE;
    menu->notice[0] = 0;
    if (wish && key == KEY_ENTER)
        return obey_wish(menu, wish);
    if (key >= 'A' && key <= 'Z')
        key += 'a' - 'A';
    if (key >= '0' && key <= '9')
        return type_digit(menu, (uint32_t)key - '0');
    menu->number = 0;
    switch ((int)key) {
    case KEY_ENTER:
        return BOOT;
    case 'q':
    case 'd':
    case 'r':
        return ask_for_enter(menu, key);
    case 'e':
        return menu_edit(menu) ? BOOT_EDITED : STAY;
    default:
        return obey_key(menu, key);
    }
}

/* ---- time ------------------------------------------------------------------------------------ */

static bool is_text(enum key key)
{
    return key >= ' ' && key <= '~';
}

/* Waits a little; true when the countdown has run out. */
static bool tick(struct menu *menu)
{
    int64_t before = menu->milliseconds;

    menu->machine->firmware->wait(KEYS_LOOK_MILLISECONDS);
    if (before < 0)
        return false;
    menu->milliseconds = MAX(before - KEYS_LOOK_MILLISECONDS, 0);
    if ((before + 999) / 1000 != (menu->milliseconds + 999) / 1000)
        menu_draw_countdown(menu);
    return menu->milliseconds == 0;
}

static enum answer take_key_in_time(struct menu *menu, enum key key)
{
    bool only_stops = menu->milliseconds >= 0 && is_text(key);

    menu->milliseconds = -1;
    if (!only_stops)
        return take_key(menu, key);
    keys_forget(&menu->keys);
    return STAY;
}

static enum answer run(struct menu *menu)
{
    enum answer answer = STAY;

    menu_draw(menu);
    while (answer == STAY) {
        enum key key = keys_next(&menu->keys);

        if (key == KEY_NONE) {
            if (tick(menu))
                return BOOT_BY_ITSELF;
            continue;
        }
        answer = take_key_in_time(menu, key);
        menu->keys.babbled = false;
        if (answer == STAY)
            menu_draw(menu);
    }
    return answer;
}

/* ---- the menu -------------------------------------------------------------------------------- */

enum err menu_begin(struct machine *machine, const struct volumes *volumes, struct config *config,
                    struct loader_interface *interface, struct menu **menu)
{
    TRY(ARENA_TAKE(&machine->arena, 1, menu));
    (*menu)->machine = machine;
    (*menu)->volumes = volumes;
    (*menu)->config = config;
    (*menu)->interface = interface;
    (*menu)->selected = config->chosen;
    return OK;
}

/* What was chosen last stays so after a failure. `error` may be err_message(), which the next
 * failure replaces. */
static void show(struct menu *menu, const char *error, int32_t seconds)
{
    fmt(menu->error, sizeof menu->error, "%s", error ? error : "");
    auto_entries_find(menu->config);
    fmt(menu->notice, sizeof menu->notice, "%s",
        menu->config->keymap_doubt ? "No keymap (i tells why): keys are those of a US keyboard."
                                   : "");
    menu->number = 0;
    menu->wish = KEY_NONE;
    menu->milliseconds = error || seconds <= 0 ? -1 : seconds * INT64_C(1000);
    menu->interface->menu_tsc = cpu_tsc();
    screen_open(&menu->screen, menu->machine->firmware, menu->config->console);
}

/* Keys that were pressed before wait in the firmware; one that is held comes again about 30 times a
 * second, and a driver may look for it 50 times. */
static enum waiting look_for_key(struct menu *menu, const char *error)
{
    const struct config *config = menu->config;
    bool hidden = config->timeout == 0 && config->hidden && !error;

    return keys_begin(&menu->keys, menu->machine->firmware, config->keymap,
                      hidden ? HIDDEN_MILLISECONDS / KEYS_LOOK_MILLISECONDS : 0);
}

enum choice menu_choose(struct menu *menu, const char *error, struct entry *chosen)
{
    const struct config *config = menu->config;

    bool at_once = !error && config->timeout == 0;
    enum waiting waiting = at_once && config->disabled ? NOTHING : look_for_key(menu, error);

    if (at_once && waiting == NOTHING) {
        *chosen = config->entries[config->chosen];
        return BY_ITSELF;
    }
    show(menu, error, waiting == A_KEY ? -1 : at_once ? CALLED_SECONDS : config->timeout);
    enum answer answer = run(menu);
    screen_close(&menu->screen);
    *chosen = config->entries[menu->selected];
    if (answer == BOOT_EDITED && strcmp(menu->options, entry_options(chosen)) != 0)
        chosen->options = menu->options;
    return answer == GIVE_UP ? GIVEN_UP : answer == BOOT_BY_ITSELF ? BY_ITSELF : BY_PERSON;
}
