/* What does the user choose? */
#include "common/menu/menu.h"
#include "common/hw/cpu.h"
#include "common/lib/echo.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

#define POLL_MILLISECONDS   20
#define HIDDEN_MILLISECONDS 100

#define BABBLE       4  /* characters without a pause: nobody types so many */
#define BABBLE_LOOKS 64 /* then the clock goes on */

#define KEY_SHOW_AGAIN ('L' & 0x1f) /* what terminals use for it */

enum answer { STAY, BOOT, BOOT_EDITED, GIVE_UP };

enum key menu_wait_key(const struct firmware *firmware)
{
    for (;;) {
        enum key key = firmware->key();
        if (key != KEY_NONE)
            return key;
        firmware->wait(POLL_MILLISECONDS);
    }
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* A number boots as soon as no further digit could follow, so that most lists need one key. */
static enum answer type_digit(struct menu *menu, uint32_t digit)
{
    uint32_t count = menu->config->count;
    uint64_t number = menu->number * 10 + digit;

    if (number < 1 || number > count)
        return STAY;
    menu->selected = (uint32_t)number - 1;
    if (number * 10 > count)
        return BOOT;
    menu->number = number;
    fmt(menu->notice, sizeof menu->notice, "%lu: another digit, or Enter", number);
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
        pager_show(&menu->screen, "The facts of this boot", text);
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

/* True: that is all that the key does. */
static bool stop_countdown(struct menu *menu, enum key key)
{
    if (menu->milliseconds < 0 || !is_text(key) || (menu->stopped && !menu->burst))
        return false;
    menu->burst++;
    if (!menu->stopped) {
        menu->stopped = true;
        menu->echoed = echo_heard();
        menu_draw_countdown(menu);
    }
    return true;
}

/* After a pause; so it was no person who stopped it. */
static void go_on(struct menu *menu)
{
    bool babbled = menu->burst > BABBLE || echo_heard() != menu->echoed;

    menu->burst = 0;
    if (!menu->stopped || !babbled)
        return;
    menu->stopped = false;
    menu_draw_countdown(menu);
}

/* Waits a little; true when the countdown has run out. */
static bool tick(struct menu *menu)
{
    int64_t before = menu->milliseconds;

    menu->machine->firmware->wait(POLL_MILLISECONDS);
    go_on(menu);
    if (before < 0 || menu->stopped)
        return false;
    menu->milliseconds = MAX(before - POLL_MILLISECONDS, 0);
    if ((before + 999) / 1000 != (menu->milliseconds + 999) / 1000)
        menu_draw_countdown(menu);
    return menu->milliseconds == 0;
}

static enum answer run(struct menu *menu)
{
    enum answer answer = STAY;

    menu_draw(menu);
    while (answer == STAY) {
        enum key key = menu->machine->firmware->key();

        bool stops = stop_countdown(menu, key);
        if (key == KEY_NONE || menu->burst == BABBLE_LOOKS) {
            if (tick(menu))
                return BOOT;
            continue;
        }
        if (stops)
            continue;
        menu->milliseconds = -1;
        answer = take_key(menu, key);
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
static void show(struct menu *menu, const char *error)
{
    int32_t seconds = menu->config->timeout;

    fmt(menu->error, sizeof menu->error, "%s", error ? error : "");
    menu->notice[0] = 0;
    menu->number = 0;
    menu->wish = KEY_NONE;
    menu->stopped = false;
    menu->milliseconds = error || seconds <= 0 ? -1 : seconds * INT64_C(1000);
    menu->interface->menu_tsc = cpu_tsc();
    screen_open(&menu->screen, menu->machine->firmware, menu->config->console);
}

/* Keys that were pressed before wait in the firmware; one that is held comes again about 30 times a
 * second, and a driver may look for it 50 times. */
static bool is_key_pressed(const struct menu *menu)
{
    const struct firmware *firmware = menu->machine->firmware;
    uint32_t waits = menu->config->hidden ? HIDDEN_MILLISECONDS / POLL_MILLISECONDS : 0;

    if (menu->config->disabled)
        return false;
    while (firmware->key() == KEY_NONE) {
        if (!waits--)
            return false;
        firmware->wait(POLL_MILLISECONDS);
    }
    return true;
}

bool menu_choose(struct menu *menu, const char *error, struct entry *chosen)
{
    const struct config *config = menu->config;

    if (!error && config->timeout == 0 && !is_key_pressed(menu)) {
        *chosen = config->entries[config->chosen];
        return true;
    }
    show(menu, error);
    enum answer answer = run(menu);
    screen_close(&menu->screen);
    *chosen = config->entries[menu->selected];
    if (answer == BOOT_EDITED && strcmp(menu->options, entry_options(chosen)) != 0)
        chosen->options = menu->options;
    return answer != GIVE_UP;
}
