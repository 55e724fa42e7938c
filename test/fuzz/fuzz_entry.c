/* Any bytes as an entry, a loader.conf and a keyboard's layout, any names, and what the menu makes
 * of them. The input is a name, a 0 byte, and a text. */
#include "common/lib/mem.h"
#include "common/menu/menu.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static enum err grow(uint64_t pages, uint64_t *physical)
{
    void *memory = aligned_alloc(PAGE_BYTES, pages * PAGE_BYTES);

    if (!memory)
        return ERR_NO_MEMORY;
    *physical = (uintptr_t)memory;
    return OK;
}

/* The menu sends UTF-8 text and its own sequences: no other control character, C1 included. */
static void put(char c)
{
    static uint8_t before;
    uint8_t byte = (uint8_t)c;

    if ((byte < ' ' && byte != 0x1b) || byte == 0x7f || (before == 0xc2 && byte < 0xa0))
        abort();
    before = byte;
}

static void set_text(void)
{
}

static bool is_pressed;

static enum key press_enter(bool marked)
{
    enum key key = is_pressed ? KEY_ENTER : KEY_NONE;

    (void)marked;
    is_pressed = false;
    return key;
}

/* A person's keys come one by one, and this one's only when the menu is there: it waits. */
static void wait(uint32_t milliseconds)
{
    is_pressed = milliseconds == KEYS_LOOK_MILLISECONDS;
}

static const struct firmware firmware = {
    .put = put, .key = press_enter, .wait = wait, .set_text = set_text};

static void check_order(const char *a, const char *b)
{
    int one = version_compare(a, b), other = version_compare(b, a);

    if ((one > 0) != (other < 0) || (one == 0) != (other == 0) || version_compare(a, a))
        abort();
}

static void fuzz(struct machine *machine, const char *name, const char *text, size_t bytes)
{
    struct entry_item items[2] = {{.next = &items[1]}}, *list;
    struct entry entries[2], chosen;
    struct config config = {.entries = entries, .count = 2};
    struct loader_interface interface = {.machine = machine};
    struct volumes volumes = {.machine = machine};
    struct arena *arena = &machine->arena;
    struct keymap keymap;
    struct menu *menu;

    if (entry_parse(name, text, bytes, arena, &entries[0]) != OK ||
        entry_parse("other+1.conf", "kernel /k\nsort-key s\n", 21, arena, &entries[1]) != OK ||
        loader_conf_parse(text, bytes, arena, &config) != OK ||
        menu_begin(machine, &volumes, &config, &interface, &menu) != OK)
        abort();
    items[0].entry = entries[0];
    items[1].entry = entries[1];
    list = entries_sort(items);
    if (list->next != &items[list == items] || list->next->next)
        abort();
    config_choose(&config, arena, "fuzz", entries[0].title, false);
    check_order(entries[0].title, entries[1].options);
    check_order(entries[0].version, entries[1].id);
    if (keymap_parse(name, text, bytes, arena, &keymap) == OK)
        config.keymap = &keymap;
    config.console = CONSOLE_TEXT;
    menu_choose(menu, entries[0].options, &chosen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct facts facts;
    static struct machine machine = {.facts = &facts, .firmware = &firmware};
    struct arena *arena = &machine.arena;
    size_t name_bytes = 0;

    while (name_bytes < bytes && data[name_bytes])
        name_bytes++;
    if (name_bytes == bytes)
        return 0;
    if (!arena->grow)
        arena_begin(arena, grow);
    struct arena_mark mark = arena_mark(arena);
    fuzz(&machine, (const char *)data, (const char *)data + name_bytes + 1, bytes - name_bytes - 1);
    arena_reset(arena, mark);
    return 0;
}
