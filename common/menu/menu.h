/* The menu: what a person may choose, change and look at before a boot. */
#pragma once

#include "common/entries/loader_interface.h"
#include "common/menu/keys.h"
#include "common/menu/line.h"
#include "common/menu/screen.h"

struct menu;

/* A menu of the configuration's entries; all of them outlive it. */
enum err menu_begin(struct machine *machine, const struct volumes *volumes, struct config *config,
                    struct loader_interface *interface, struct menu **menu);

/* Lets the user choose: at once the default when the time-out is 0, no key waits (or comes in the
 * tenth of a second that a hidden menu gives) and `error` is NULL; else by the list, with a
 * countdown that any key stops (keys.h tells what is none): one that types a character does no more
 * than that. A key that waits does no more, either; what waits and is no key shows a hidden menu,
 * with a countdown. `error`, when not NULL, is shown above the list, and there is no countdown.
 * *chosen is a copy of the entry, with the options
 * as the user changed them; it holds until the next call. */
enum choice { GIVEN_UP, BY_ITSELF, BY_PERSON };
enum choice menu_choose(struct menu *menu, const char *error, struct entry *chosen);

/* ---- its parts, to each other ---------------------------------------------------------------- */

#define MENU_OPTIONS_BYTES 4096
#define MENU_ERROR_BYTES   512

struct menu {
    struct machine *machine;
    const struct volumes *volumes;
    struct config *config;
    struct loader_interface *interface;
    struct screen screen;
    struct keys keys;
    uint32_t selected;
    uint32_t top;         /* index of the first entry on the screen */
    uint32_t row, rows;   /* where the list lies, and how many entries it can show */
    uint64_t number;      /* typed so far */
    int64_t milliseconds; /* left of the countdown; negative: there is none */
    enum key wish;        /* what was asked for, and waits for Enter; KEY_NONE: nothing */
    char error[MENU_ERROR_BYTES];
    char notice[80];                  /* what the last key did */
    char options[MENU_OPTIONS_BYTES]; /* as edited */
    struct line line;                 /* that the editor shows; text NULL: it is closed */
};

/* menu_draw.c */
void menu_draw(struct menu *menu);
void menu_draw_countdown(struct menu *menu);

/* menu_edit.c: true: Enter; menu->options is then what to boot with. */
bool menu_edit(struct menu *menu);

/* menu_facts.c: all that is known of this boot, as lines of text, in the machine's arena.
 */
enum err menu_facts(const struct menu *menu, char **text);

/* pager.c: shows text until the user goes back. */
void pager_show(struct screen *screen, struct keys *keys, const char *title, const char *text);
