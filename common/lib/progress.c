/* How much of a large file has been read? */
#include "common/lib/progress.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"

#define NAME_COLUMNS   30
#define BAR_COLUMNS    24
#define DRAWN_A_SECOND 4 /* a serial line takes 7 ms for one */

static void (*show)(char c);
static uint64_t (*now)(void);
static uint64_t second; /* in ticks of the clock; 0: no bars */
static struct {
    const char *name;
    uint64_t bytes;
    uint64_t next; /* when it is drawn next */
    bool drawn;
} bar;

void progress_attach(void (*put)(char c), uint64_t (*clock)(void), uint64_t hz)
{
    show = put;
    now = clock;
    second = hz;
}

void progress_begin(const char *name, uint64_t bytes)
{
    bar.name = name;
    bar.bytes = bytes;
    bar.next = second ? now() + second : 0;
    bar.drawn = false;
}

/* A path's end says more than its start. No half of a UTF-8 character stands there. */
static const char *cut_name(const char *name)
{
    size_t length = strlen(name);

    if (length > NAME_COLUMNS)
        name += length - NAME_COLUMNS;
    while (((uint8_t)*name & 0xc0) == 0x80)
        name++;
    return name;
}

static uint64_t columns_of(uint64_t done)
{
    return bar.bytes ? done / MAX(bar.bytes / BAR_COLUMNS, 1) : BAR_COLUMNS;
}

static void draw(uint64_t done)
{
    char text[128], cells[BAR_COLUMNS + 1];
    uint64_t full = MIN(columns_of(done), (uint64_t)BAR_COLUMNS);

    memset(cells, '-', BAR_COLUMNS);
    memset(cells, '#', full);
    cells[BAR_COLUMNS] = 0;
    fmt_shown(text, sizeof text, "\r%s [%s] %lu of %lu MiB\033[K", cut_name(bar.name), cells,
              done / MIB, bar.bytes / MIB);
    for (const char *c = text; *c; c++)
        show(*c);
    bar.drawn = true;
}

void progress_update(uint64_t done)
{
    if (!second || now() < bar.next)
        return;
    bar.next = now() + second / DRAWN_A_SECOND;
    draw(done);
}

void progress_end(void)
{
    if (bar.drawn)
        show('\n');
    bar.drawn = false;
}
