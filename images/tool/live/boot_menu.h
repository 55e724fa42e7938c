/* The firmware's boot menu (UEFI 2.10, 3.1): entries Boot####, the order in which they are tried,
 * and the one that the next start tries before all others. */
#pragma once

#include "images/tool/live/boot_option.h"

#define BOOT_MENU_MAX 512 /* entries that an order may name */

struct boot_menu {
    bool has_order; /* there is such a variable */
    uint16_t order[BOOT_MENU_MAX];
    uint32_t count;
    int next; /* BootNext; -1: there is none */
};

/* ERR_FORMAT: a variable is damaged; ERR_UNSUPPORTED: it is larger than any real one; ERR_IO. */
enum err boot_menu_read(struct boot_menu *menu);

/* The entry that leads to the same file as `wanted`; -1: there is none. */
enum err boot_menu_find(const struct boot_option *wanted, int *number);

/* Makes an entry, under a number that is not used, in the order neither. */
enum err boot_menu_add(const struct boot_menu *menu, const struct boot_option *option, int *number);

/* The order with that entry first, or without it. An order without entries is no variable. */
enum err boot_menu_put_first(struct boot_menu *menu, int number);
enum err boot_menu_take_out(struct boot_menu *menu, int number);

/* The order as it was before, and *same; or where others than those entries differ, it is only
 * without these. */
enum err boot_menu_restore(struct boot_menu *menu, const struct boot_menu *before, const int own[2],
                           bool *same);
bool boot_menu_has(const struct boot_menu *menu, int number);

/* `number` -1: none. */
enum err boot_menu_set_next(struct boot_menu *menu, int number);

/* Removes an entry that is in no order. */
enum err boot_menu_remove(int number);
