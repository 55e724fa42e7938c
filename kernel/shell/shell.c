/* What does somebody type at the prompt? */
#include "kernel/shell/shell.h"
#include "kernel/machine/interrupts.h"
#include "kernel/machine/original.h"
#include "kernel/machine/timer.h"
#include "kernel/threads/thread.h"
#include "kernel/user/program.h"
#include "kernel/vm/memory.h"

/* ---- typing ---------------------------------------------------------------------------------- */

static void repeat(char c, uint32_t times)
{
    while (times-- > 0)
        print("%c", c);
}

/* What stands behind the prompt now becomes the line: `length` characters, the cursor on one. */
static void redraw(const struct line *line, uint32_t length, uint32_t cursor)
{
    uint32_t wiped = length > line->length ? length - line->length : 0;
    repeat('\b', cursor);
    print("%s", line->text);
    repeat(' ', wiped);
    repeat('\b', wiped + line->length - line->cursor);
}

/* A character that was added at the end is printed alone. */
static void show_change(const struct line *line, uint32_t length, uint32_t cursor)
{
    bool appended = line->length == length + 1 && line->cursor == line->length && cursor == length;
    if (appended && !line->back)
        print("%c", line->text[length]);
    else
        redraw(line, length, cursor);
}

static const struct line *shown; /* what is typed now; NULL: nothing */
static const char *shown_prompt;

void read_line(struct line *line, const char *prompt)
{
    bool finished = false;
    print_colour(COLOUR_TITLE, "%s", prompt);
    line_begin(line);
    shown = line;
    shown_prompt = prompt;
    while (!finished) {
        uint32_t length = line->length, cursor = line->cursor;
        screen_cursor(true);
        int key = console_key();
        screen_cursor(false);
        finished = line_key(line, key);
        if (!finished)
            show_change(line, length, cursor);
    }
    shown = NULL;
    print("\n");
}

void shell_show_line(void)
{
    if (!shown)
        return;
    for (const char *c = shown_prompt; *c; c++)
        screen_put(*c, COLOUR_TITLE);
    for (const char *c = shown->text; *c; c++)
        screen_put(*c, COLOUR_PLAIN);
    for (uint32_t i = shown->cursor; i < shown->length; i++)
        screen_put('\b', COLOUR_PLAIN);
    screen_cursor(true);
}

/* A screen forgets what leaves it; a terminal does not. */
static void pause_for_reader(void)
{
    bool reads_screen = console_at_keyboard() && screen_rows();
    console_pause_after(reads_screen ? screen_rows() - 2 : 0);
}

void shell_run(void)
{
    static struct line line;
    original_keep();
    interrupts_open(exception_report);
    timer_open();
    memory_open();
    threads_open();
    system_calls_open();
    console_listen();
    console_on_wait(thread_rest);
    print("\nThis is the kernel's shell; `help` lists its commands.\n");
    if (__builtin_setjmp(thread_current()->recovery)) {
        interrupts_resume();
        print("The shell goes on.\n");
        tour_end();
    }
    thread_current()->recovers = true;
    for (;;) {
        console_pause_after(0);
        read_line(&line, PROMPT);
        pause_for_reader();
        threads_reap();
        obey(line.text);
    }
}
