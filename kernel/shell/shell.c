#include "shell.h"
#include "../console/console.h"
#include "../handover/handover.h"
#include "../lib/text.h"
#include "../machine/descriptors.h"
#include "../machine/exceptions.h"
#include "../machine/interrupts.h"
#include "../machine/original.h"
#include "../machine/symbols.h"
#include "../machine/timer.h"
#include "../threads/thread.h"
#include "../user/program.h"
#include "../vm/memory.h"
#include "line.h"

#define PROMPT "lintel> "

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

/* A character at the end needs no more than itself. */
static void show_change(const struct line *line, uint32_t length, uint32_t cursor)
{
    bool appended = line->length == length + 1 && line->cursor == line->length && cursor == length;
    if (appended && !line->back)
        print("%c", line->text[length]);
    else
        redraw(line, length, cursor);
}

static void read_line(struct line *line)
{
    bool finished = false;
    print_colour(COLOUR_TITLE, PROMPT);
    line_begin(line);
    while (!finished) {
        uint32_t length = line->length, cursor = line->cursor;
        screen_cursor(true);
        int key = console_key();
        screen_cursor(false);
        finished = line_key(line, key);
        if (!finished)
            show_change(line, length, cursor);
    }
    print("\n");
}

/* A screen forgets what leaves it; a terminal does not. */
static void pause_for_reader(void)
{
    bool reads_screen = console_at_keyboard() && screen_rows();
    console_pause_after(reads_screen ? screen_rows() - 2 : 0);
}

/* ---- obeying --------------------------------------------------------------------------------- */

static const struct command *find_command(const char *name)
{
    for (uint32_t i = 0; i < command_count; i++)
        if (text_equal(commands[i].name, name))
            return &commands[i];
    return NULL;
}

static uint32_t split_words(char *text, char **words)
{
    uint32_t count = 0;
    while (count < WORDS_MAX) {
        while (*text == ' ')
            *text++ = 0;
        if (*text == 0)
            break;
        words[count++] = text;
        while (*text && *text != ' ')
            text++;
    }
    return count;
}

static void obey(char *text)
{
    char *words[WORDS_MAX + 1] = {0};
    if (split_words(text, words) == 0)
        return;
    const struct command *command = find_command(words[0]);
    if (command)
        command->run(words);
    else
        print_colour(COLOUR_BAD, "%s: no such command; `help` lists them\n", words[0]);
}

bool take_number(const char *word, uint64_t *number)
{
    const char *end = word;
    if (word && word[0] == '0' && (word[1] | 0x20) == 'x')
        *number = option_number(word + 2, 16, &end);
    else if (word)
        *number = option_number(word, 10, &end);
    if (word && *word && *end == 0)
        return true;
    print_colour(COLOUR_BAD, "%s: not a number\n", word ? word : "nothing");
    return false;
}

bool take_address(const char *word, uint64_t *address)
{
    const char *end = word;
    if (word && symbols_find(word, address))
        return true;
    if (word) {
        const char *digits = word[0] == '0' && (word[1] | 0x20) == 'x' ? word + 2 : word;
        *address = option_number(digits, 16, &end);
    }
    if (word && *word && *end == 0)
        return true;
    print_colour(COLOUR_BAD, "%s: neither a hexadecimal address nor the name of a function\n",
                 word ? word : "nothing");
    return false;
}

static void print_summary(const struct command *command)
{
    char usage[48];
    text_print(usage, sizeof usage, "%s %s", command->name, command->arguments);
    print("  %-28s%s\n", usage, command->summary);
}

void help(char **words)
{
    const struct command *command = words[1] ? find_command(words[1]) : NULL;
    if (words[1] && !command) {
        print_colour(COLOUR_BAD, "%s: no such command\n", words[1]);
    } else if (command) {
        print_colour(COLOUR_TITLE, "%s %s\n", command->name, command->arguments);
        print("  %s\n%s", command->summary, command->more ? command->more : "");
    } else {
        for (uint32_t i = 0; i < command_count; i++)
            print_summary(&commands[i]);
        print("`help NAME` tells more. Arrows, Home, End, Delete and Backspace edit.\n");
    }
}

/* QEMU nulls SS where an interrupt takes a stack of the TSS. */
static void recover_segments(void)
{
    __asm__ volatile("mov %0, %%ss" : : "r"(SELECTOR_DATA));
}

void shell_run(void)
{
    static struct line line;
    original_keep();
    interrupts_open();
    timer_open();
    memory_open();
    threads_open();
    programs_open();
    console_listen();
    print("\nThis is the kernel's shell; `help` lists its commands.\n");
    if (__builtin_setjmp(exception_recovery)) {
        recover_segments();
        __asm__ volatile("sti");
        print("The shell goes on.\n");
    }
    exception_recoverable = true;
    for (;;) {
        console_pause_after(0);
        read_line(&line);
        pause_for_reader();
        obey(line.text);
    }
}
