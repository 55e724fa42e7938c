/* The options of an entry, changed for one boot. */
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "common/menu/menu.h"

bool menu_edit(struct menu *menu)
{
    const char *options = entry_options(&menu->config->entries[menu->selected]);
    enum key key;

    if (!menu->config->editor) {
        fmt(menu->notice, sizeof menu->notice,
            "Options stay as they are: `editor no`, or loader.conf can't be read.");
        return false;
    }
    if (menu->keys.babbled) { /* else what it sends would be options */
        fmt(menu->notice, sizeof menu->notice,
            "The serial line echoes or babbles. When it is silent: e again.");
        return false;
    }
    if (strlen(options) >= sizeof menu->options) {
        fmt(menu->notice, sizeof menu->notice, "Options of more than %u bytes can't be edited.",
            MENU_OPTIONS_BYTES - 1);
        return false;
    }
    memcpy(menu->options, options, strlen(options) + 1);
    line_begin(&menu->line, menu->options, sizeof menu->options);
    do {
        menu_draw(menu);
        key = keys_wait_typed(&menu->keys);
        line_key(&menu->line, key);
    } while (key != KEY_ENTER && key != KEY_ESCAPE);
    menu->line.text = NULL;
    return key == KEY_ENTER;
}
