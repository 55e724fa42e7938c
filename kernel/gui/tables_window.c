/* Which tables lead from an address to its page, and what does each entry say? */
#include "kernel/gui/palette.h"
#include "kernel/gui/widget.h"
#include "kernel/handover/handover.h"
#include "kernel/machine/instructions.h"
#include "kernel/machine/page_tables.h"

#define WIDTH    600
#define HEIGHT   400
#define MARGIN   8
#define CLOSED   TABLE_ENTRIES
#define ROWS_MAX (LEVELS_MAX * TABLE_ENTRIES)

static struct row {
    int level; /* of the table that the entry is in */
    uint32_t index;
    uint64_t entry, virtual;
} rows[ROWS_MAX]; /* the present entries of all tables that are open, as a tree */

static uint32_t open_at[LEVELS_MAX + 1]; /* which entry of each level is open: one path at a time */

static void draw_row(struct canvas *canvas, int32_t x, int32_t y, uint32_t index);

static struct list list = {.place = {MARGIN, 32, 280, HEIGHT - MARGIN}, .draw_row = draw_row};

static void draw_row(struct canvas *canvas, int32_t x, int32_t y, uint32_t index)
{
    const struct row *row = &rows[index];
    bool page = entry_is_page(row->entry, row->level);
    bool open = !page && open_at[row->level] == row->index;
    int32_t depth = paging_levels() - row->level;
    canvas_print(canvas, x + depth * 2 * GLYPH_WIDTH, y, page ? RGB_GOOD : RGB_TEXT, "%s %s %u",
                 page   ? " "
                 : open ? "-"
                        : "+",
                 level_name(row->level), row->index);
    canvas_print(canvas, x + 19 * GLYPH_WIDTH, y, RGB_QUIET, "%lx",
                 entry_frame(row->entry, row->level));
}

/* The upper half's addresses are sign-extended. */
static uint64_t canonical(uint64_t virtual)
{
    int unused = 64 - 12 - 9 * paging_levels();
    return (uint64_t)((int64_t)(virtual << unused) >> unused);
}

/* Each level adds its 512 entries once, for only one of them is open. */
static void add_table(uint64_t table, int level, uint64_t virtual)
{
    const volatile uint64_t *entries = direct(table);
    for (uint32_t i = 0; i < TABLE_ENTRIES && list.count < ROWS_MAX; i++) {
        uint64_t entry = entries[i], at = virtual + i * page_bytes_at(level);
        if (!(entry & ENTRY_PRESENT))
            continue;
        rows[list.count++] = (struct row){level, i, entry, canonical(at)};
        if (open_at[level] == i && !entry_is_page(entry, level))
            add_table(entry_frame(entry, level), level - 1, at);
    }
}

static void fill(void)
{
    list.count = 0;
    add_table(read_cr3() & ENTRY_ADDRESS, paging_levels(), 0);
}

static void draw_details(struct window *window)
{
    const struct row *row = &rows[list.chosen];
    struct bit_field fields[BIT_FIELDS_MAX];
    uint32_t count = entry_fields(row->entry, row->level, fields);
    int32_t x = list.place.right + 12, y = 32;
    canvas_fill(&window->canvas, (struct rect){list.place.right, 24, WIDTH, HEIGHT}, RGB_PANEL);
    canvas_print(&window->canvas, x, y, RGB_TITLE, "%s, entry %u: %016lx", level_name(row->level),
                 row->index, row->entry);
    canvas_print(&window->canvas, x, y += ROW_HEIGHT, RGB_TEXT, "for %016lx on", row->virtual);
    y += 6;
    for (uint32_t i = 0; i < count; i++) {
        const struct bit_field *field = &fields[i];
        canvas_print(&window->canvas, x, y += ROW_HEIGHT - 1, RGB_QUIET, "%2u", field->first);
        canvas_print(&window->canvas, x + 3 * GLYPH_WIDTH, y, RGB_TEXT, "%-9s%lx", field->name,
                     field->value);
        if (field->count < 12)
            canvas_print(&window->canvas, x + 15 * GLYPH_WIDTH, y,
                         field->value ? RGB_GOOD : RGB_QUIET, "%s", field->meaning);
    }
}

static void draw(struct window *window)
{
    canvas_fill(&window->canvas, rect_of(0, 0, WIDTH, HEIGHT), RGB_PAPER);
    canvas_print(&window->canvas, MARGIN, MARGIN, RGB_QUIET,
                 "CR3 %lx. Click an entry: its bits, and the table that it leads to.", read_cr3());
    list_draw(window, &list);
    draw_details(window);
}

static void open(struct window *window)
{
    for (int level = 0; level <= LEVELS_MAX; level++)
        open_at[level] = CLOSED;
    list.first = list.chosen = 0;
    fill();
    draw(window);
}

/* Opens or closes the table that the chosen entry leads to; those below it close. Rows of the same
 * level above may go away with theirs: the entry is found again. */
static void toggle(void)
{
    const struct row wanted = rows[list.chosen], *at = rows;
    open_at[wanted.level] = open_at[wanted.level] == wanted.index ? CLOSED : wanted.index;
    for (int level = 0; level < wanted.level; level++)
        open_at[level] = CLOSED;
    fill();
    while (at + 1 < rows + list.count && (at->level != wanted.level || at->index != wanted.index))
        at++;
    list.chosen = (uint32_t)(at - rows);
}

static void on_event(struct window *window, const struct event *event)
{
    enum list_change change = list_on_event(&list, event);
    if (change == LIST_CHOSEN)
        toggle();
    if (change != LIST_SAME)
        draw(window);
}

const struct window_program tables_program = {"Tables", WIDTH, HEIGHT, open, on_event};
