/* What does the firmware's boot menu lead to, and in which order? */
#include "images/tool/live/boot_menu.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "images/tool/live/nvram.h"
#include <stdio.h>
#include <stdlib.h>

#define OPTION_BYTES_MAX 8192
#define NUMBERS          0x10000

struct name {
    char text[16];
};

static struct name name_of(int number)
{
    struct name name;

    snprintf(name.text, sizeof name.text, "Boot%04X", (unsigned)number & 0xffff);
    return name;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Numbers of 16 bits; *count 0, and false in *there: there is no such variable. */
static enum err read_numbers(const char *name, uint16_t *numbers, uint32_t most, uint32_t *count,
                             bool *there)
{
    uint64_t bytes = most * sizeof *numbers;
    enum err err = nvram_get(vendor_global, name, numbers, &bytes);

    *there = err == OK;
    *count = 0;
    if (err == ERR_NOT_FOUND)
        return OK;
    TRY(err);
    if (bytes % sizeof *numbers)
        return fail(ERR_FORMAT,
                    "the firmware's variable %s has %lu bytes, no whole numbers: open and save the "
                    "boot order in the firmware's setup",
                    name, bytes);
    *count = (uint32_t)(bytes / sizeof *numbers);
    return OK;
}

enum err boot_menu_read(struct boot_menu *menu)
{
    uint16_t next;
    uint32_t count;
    bool there;

    TRY(read_numbers("BootOrder", menu->order, BOOT_MENU_MAX, &menu->count, &menu->has_order));
    TRY(read_numbers("BootNext", &next, 1, &count, &there));
    menu->next = count ? next : -1;
    return OK;
}

struct search {
    const struct boot_option *wanted;
    int found;
    bool used[NUMBERS];
};

static bool leads_to(int number, const struct boot_option *wanted)
{
    static uint8_t bytes[OPTION_BYTES_MAX];
    uint64_t size = sizeof bytes;
    struct boot_option option;

    return nvram_get(vendor_global, name_of(number).text, bytes, &size) == OK &&
           boot_option_parse(bytes, size, &option) == OK &&
           boot_option_is_same_place(&option, wanted) && text_equal(option.path, wanted->path);
}

static void see(void *context, const char *name)
{
    struct search *search = context;
    unsigned number;
    int end = 0;

    if (sscanf(name, "Boot%4x%n", &number, &end) != 1 || end != 8 || name[end])
        return;
    search->used[number] = true;
    if (search->wanted && leads_to((int)number, search->wanted) &&
        (search->found < 0 || (int)number < search->found))
        search->found = (int)number;
}

enum err boot_menu_find(const struct boot_option *wanted, int *number)
{
    static struct search search;

    search = (struct search){.wanted = wanted, .found = -1};
    TRY(nvram_list(vendor_global, see, &search));
    *number = search.found;
    return OK;
}

/* ---- writing --------------------------------------------------------------------------------- */

enum err boot_menu_add(const struct boot_menu *menu, const struct boot_option *option, int *number)
{
    static struct search search;
    uint8_t bytes[BOOT_OPTION_BYTES];
    uint64_t size;

    search = (struct search){.found = -1};
    TRY(boot_option_write(option, bytes, &size));
    TRY(nvram_list(vendor_global, see, &search));
    for (uint32_t i = 0; i < menu->count; i++)
        search.used[menu->order[i]] = true;
    *number = 0;
    while (*number < NUMBERS && search.used[*number])
        ++*number;
    if (*number == NUMBERS)
        return fail(ERR_NO_MEMORY, "the firmware's boot menu has no free number");
    return nvram_set(vendor_global, name_of(*number).text, true, bytes, size);
}

static enum err write_order(const struct boot_menu *menu)
{
    return nvram_set(vendor_global, "BootOrder", true, menu->order,
                     menu->count * sizeof *menu->order);
}

static void drop(struct boot_menu *menu, int number)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < menu->count; i++)
        if (menu->order[i] != number)
            menu->order[kept++] = menu->order[i];
    menu->count = kept;
}

enum err boot_menu_put_first(struct boot_menu *menu, int number)
{
    drop(menu, number);
    if (menu->count == BOOT_MENU_MAX)
        return fail(ERR_UNSUPPORTED, "BootOrder has %u entries", menu->count);
    memmove(menu->order + 1, menu->order, menu->count++ * sizeof *menu->order);
    menu->order[0] = (uint16_t)number;
    menu->has_order = true;
    return write_order(menu);
}

enum err boot_menu_take_out(struct boot_menu *menu, int number)
{
    uint32_t count = menu->count;

    drop(menu, number);
    return menu->count == count ? OK : write_order(menu);
}

bool boot_menu_has(const struct boot_menu *menu, int number)
{
    for (uint32_t i = 0; i < menu->count; i++)
        if (menu->order[i] == number)
            return true;
    return false;
}

enum err boot_menu_restore(struct boot_menu *menu, const struct boot_menu *before, const int own[2],
                           bool *same)
{
    struct boot_menu rest = *before;

    for (int i = 0; i < 2; i++) {
        drop(menu, own[i]);
        drop(&rest, own[i]);
    }
    *same = menu->count == rest.count &&
            memcmp(menu->order, rest.order, rest.count * sizeof *rest.order) == 0;
    if (*same) {
        memcpy(menu->order, before->order, sizeof menu->order);
        menu->count = before->count;
    }
    return write_order(menu);
}

enum err boot_menu_set_next(struct boot_menu *menu, int number)
{
    uint16_t value = (uint16_t)number;

    menu->next = number;
    return nvram_set(vendor_global, "BootNext", true, &value, number < 0 ? 0 : sizeof value);
}

enum err boot_menu_remove(int number)
{
    return nvram_set(vendor_global, name_of(number).text, true, NULL, 0);
}
