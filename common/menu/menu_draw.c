/* How the menu looks: a doorway with the entries in it.
 *
 * Rows: 2 the beam, 3 to 21 the posts, with the error, the list and the chosen entry's details
 * between them; 22 and 23 the keys; 24 the countdown. */
#include "common/entries/tries.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "common/menu/menu.h"

#define BEAM_ROW      2
#define BEAM_COLUMN   3
#define BEAM_COLUMNS  76
#define POST_LAST_ROW 21
#define POST_LEFT     5
#define POST_RIGHT    75
#define POST_COLUMNS  2
#define KEYS_ROW      22
#define KEYS_COLUMN   9
#define COUNTDOWN_ROW 24

#define FIRST_ROW      4 /* of what stands between the posts */
#define LIST_LAST_ROW  16
#define DETAILS_ROW    19
#define OPTIONS_ROW    20
#define TRIES_ROW      21
#define COLUMN         9
#define COLUMNS        64
#define DETAIL_COLUMNS 24
#define ERROR_COLUMN   (COLUMN + 9)

static const struct box error_box = {FIRST_ROW, ERROR_COLUMN, 8, COLUMN + COLUMNS - ERROR_COLUMN};
static const struct box details_box = {DETAILS_ROW, COLUMN, 2, COLUMNS};

static void draw_doorway(struct screen *screen)
{
    const uint32_t posts = POST_LAST_ROW - BEAM_ROW;

    screen_fill(screen, (struct box){BEAM_ROW, BEAM_COLUMN, 1, BEAM_COLUMNS}, COLOURS_STONE);
    screen_fill(screen, (struct box){BEAM_ROW + 1, POST_LEFT, posts, POST_COLUMNS}, COLOURS_STONE);
    screen_fill(screen, (struct box){BEAM_ROW + 1, POST_RIGHT, posts, POST_COLUMNS}, COLOURS_STONE);
    screen_at(screen, BEAM_ROW, BEAM_COLUMN + BEAM_COLUMNS / 2 - 3, COLOURS_STONE);
    screen_put(screen, "Lintel");
}

/* Returns the rows that the error takes, with an empty one behind it. */
static uint32_t draw_error(struct menu *menu)
{
    struct screen *screen = &menu->screen;

    if (!menu->error[0])
        return 0;
    screen_at(screen, FIRST_ROW, COLUMN, COLOURS_ALERT);
    screen_put(screen, " Error ");
    screen_at(screen, FIRST_ROW, ERROR_COLUMN, COLOURS_STRONG);
    return MAX(screen_wrap(screen, error_box, menu->error), 1u) + 1;
}

/* ---- the list -------------------------------------------------------------------------------- */

static bool look_alike(const struct entry *a, const struct entry *b)
{
    return strcmp(a->title, b->title) == 0 && strcmp(a->version, b->version) == 0;
}

/* What stands behind the title: where that and the version name two entries, the id, whose end says
 * more than its start. */
static const char *entry_detail(const struct config *config, const struct entry *entry)
{
    if (entry->problem)
        return "(can't boot)";
    if (entry_is_exhausted(entry))
        return "(no tries left)";
    for (uint32_t i = 0; i < config->count; i++)
        if (&config->entries[i] != entry && look_alike(&config->entries[i], entry))
            return entry->id + MAX(strlen(entry->id), DETAIL_COLUMNS) - DETAIL_COLUMNS;
    return entry->version;
}

static void draw_entry(struct menu *menu, uint32_t index)
{
    const struct entry *entry = &menu->config->entries[index];
    enum colours colours = index == menu->selected                       ? COLOURS_CHOSEN
                           : entry->problem || entry_is_exhausted(entry) ? COLOURS_QUIET
                                                                         : COLOURS_PLAIN;
    const char *detail = entry_detail(menu->config, entry);
    uint32_t columns = screen_columns(detail, DETAIL_COLUMNS);
    bool is_default = index == menu->config->chosen;

    screen_at(&menu->screen, menu->row + index - menu->top, COLUMN, colours);
    screen_put(&menu->screen, "%c%3u  ", is_default ? '*' : ' ', index + 1);
    screen_field(&menu->screen, entry->title, COLUMN + COLUMNS - 3 - columns - menu->screen.column);
    screen_put(&menu->screen, "  ");
    screen_field(&menu->screen, detail, columns);
    screen_put(&menu->screen, " ");
}

/* Says how many entries are not on the screen, if any, and where they are. */
static void draw_absent(struct menu *menu, uint32_t row, uint32_t count, const char *where)
{
    if (!count)
        return;
    screen_at(&menu->screen, row, COLUMN, COLOURS_QUIET);
    screen_put(&menu->screen, "      ... %u %s", count, where);
}

/* Scrolls by as little as shows the selected entry. */
static void scroll(struct menu *menu)
{
    if (menu->selected < menu->top)
        menu->top = menu->selected;
    else if (menu->selected >= menu->top + menu->rows)
        menu->top = menu->selected - menu->rows + 1;
}

static void draw_list(struct menu *menu)
{
    uint32_t count = menu->config->count;

    scroll(menu);
    uint32_t end = MIN(menu->top + menu->rows, count);
    for (uint32_t i = menu->top; i < end; i++)
        draw_entry(menu, i);
    draw_absent(menu, menu->row - 1, menu->top, "more above");
    draw_absent(menu, menu->row + menu->rows, count - end, "more below");
    if (end == count)
        draw_absent(menu, menu->row + end - menu->top, menu->config->hidden_count,
                    "not for this machine: i tells why");
    screen_cursor(&menu->screen, menu->row + menu->selected - menu->top, COLUMN);
}

/* ---- the chosen entry ------------------------------------------------------------------------ */

static void draw_details(struct menu *menu)
{
    const struct entry *entry = &menu->config->entries[menu->selected];
    struct screen *screen = &menu->screen;
    char text[MENU_ERROR_BYTES];

    screen_at(screen, DETAILS_ROW, COLUMN, COLOURS_QUIET);
    if (entry->problem) {
        fmt_shown(text, sizeof text, "%s %s", entry->id, entry->problem);
        screen_wrap(screen, details_box, text);
        return;
    }
    fmt(text, sizeof text, "%s: %s %s", entry->id, entry->kernel_key, entry->kernel);
    screen_text(screen, text, COLUMNS);
    screen_at(screen, OPTIONS_ROW, COLUMN, COLOURS_QUIET);
    if (*entry_options(entry)) {
        screen_put(screen, "options ");
        screen_text(screen, entry_options(entry), COLUMNS - 8);
    }
    screen_at(screen, TRIES_ROW, COLUMN, COLOURS_QUIET);
    screen_put(screen, "%s", tries_text(entry, text));
}

/* A long line moves by half its width, so that what stands around the cursor is in view. */
static void draw_editor(struct menu *menu)
{
    const uint32_t half = COLUMNS / 2;
    struct screen *screen = &menu->screen;
    uint32_t cursor = line_column(&menu->line);
    uint32_t left = cursor < COLUMNS ? 0 : (cursor / half - 1) * half;
    const char *text = line_from(&menu->line, left);
    uint32_t cursor_column = COLUMN + cursor - left;
    bool more = screen_columns(text, COLUMNS + 1) > COLUMNS;

    screen_at(screen, DETAILS_ROW, COLUMN, COLOURS_STRONG);
    screen_put(screen, "Options for one boot:%s%s", left ? "  <" : "", more ? "  >" : "");
    screen_fill(screen, (struct box){OPTIONS_ROW, COLUMN, 1, COLUMNS}, COLOURS_CHOSEN);
    screen_at(screen, OPTIONS_ROW, COLUMN, COLOURS_CHOSEN);
    screen_clip(screen, text, COLUMNS);
    screen_paint(screen, OPTIONS_ROW, cursor_column, COLOURS_ALERT);
    screen_cursor(screen, OPTIONS_ROW, cursor_column);
}

/* ---- below the doorway ----------------------------------------------------------------------- */

static void draw_keys(struct menu *menu)
{
    struct screen *screen = &menu->screen;
    bool has_setup = menu->machine->facts->firmware == LINTEL_FIRMWARE_UEFI;
    char numbers[16] = "1";

    screen_at(screen, KEYS_ROW, KEYS_COLUMN, COLOURS_PLAIN);
    if (menu->config->count > 1)
        fmt(numbers, sizeof numbers, "1-%u", menu->config->count);
    screen_put(screen, "Up/Down: move   Enter: boot   %s: boot by number   q: quit", numbers);
    screen_at(screen, KEYS_ROW + 1, KEYS_COLUMN, COLOURS_PLAIN);
    screen_put(screen, "%sd: default (*)   i: facts%s",
               menu->config->editor ? "e: edit options   " : "",
               has_setup ? "   r: firmware setup" : "");
}

static void draw_editor_keys(struct screen *screen)
{
    screen_at(screen, KEYS_ROW, KEYS_COLUMN, COLOURS_PLAIN);
    screen_put(screen, "Left/Right/Home/End: move   Backspace/Delete: erase");
    screen_at(screen, KEYS_ROW + 1, KEYS_COLUMN, COLOURS_PLAIN);
    screen_put(screen, "Enter: boot with these options, once   Esc: drop them");
}

void menu_draw_countdown(struct menu *menu)
{
    struct screen *screen = &menu->screen;
    int64_t seconds = (menu->milliseconds + 999) / 1000;

    screen_fill(screen, (struct box){COUNTDOWN_ROW, 1, 1, SCREEN_COLUMNS}, COLOURS_PLAIN);
    screen_at(screen, COUNTDOWN_ROW, KEYS_COLUMN, COLOURS_STRONG);
    if (menu->milliseconds >= 0) {
        screen_put(screen, "Boots in %ld second%s. Any key stops the countdown.", seconds,
                   seconds == 1 ? "" : "s");
    } else if (menu->notice[0]) {
        screen_put(screen, "%s", menu->notice);
    } else {
        screen_at(screen, COUNTDOWN_ROW, KEYS_COLUMN, COLOURS_QUIET);
        screen_put(screen, "Screen and serial line (115200 8N1) show the same menu.");
    }
    screen_show(screen);
}

void menu_draw(struct menu *menu)
{
    screen_erase(&menu->screen);
    draw_doorway(&menu->screen);
    menu->row = FIRST_ROW + 1 + draw_error(menu);
    menu->rows = LIST_LAST_ROW + 1 - menu->row;
    draw_list(menu);
    if (menu->line.text) {
        draw_editor(menu);
        draw_editor_keys(&menu->screen);
    } else {
        draw_details(menu);
        draw_keys(menu);
    }
    menu_draw_countdown(menu);
}
