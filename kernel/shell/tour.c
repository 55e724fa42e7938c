/* What is there to see in the machine that was just booted? A script tells, which came as a module:
 * config/loader/tour.txt says how it is written, and may be replaced by a teacher's own. */
#include "kernel/lib/text.h"
#include "kernel/shell/shell.h"

#define SCRIPT "tour.txt"
#define LINE   79  /* characters of a line; those that are typed have at most LINE_MAX */
#define STEP   '#' /* what a line begins with: the title of a step; all else is text of one, but */
#define TYPED  '>' /* a command; in it % is the reader's word */
#define ASKED                                                                                      \
    '?'           /* a question, whose answer is that word; the last word of the line, when empty  \
                   */
#define AFTER '!' /* a command for the end, however the tour ends */
#define NOTE  ';' /* a comment */

static struct tour {
    const char *script; /* NULL: there is no tour */
    const char *at, *end;
    bool ends;
    char word[LINE_MAX + 1];
    struct line answers;
} tour;

/* The next line, cut where it is too long; false: there is none. */
static bool next_line(char line[LINE + 1])
{
    uint32_t length = 0;
    if (tour.at >= tour.end)
        return false;
    while (tour.at < tour.end && *tour.at != '\n') {
        if (length < LINE && *tour.at >= ' ')
            line[length++] = *tour.at;
        tour.at++;
    }
    tour.at++;
    line[length] = 0;
    return true;
}

/* As if the reader had typed it. */
static bool run(const char *text)
{
    char line[LINE_MAX + 1];
    uint32_t length = 0;
    for (; *text && length < LINE_MAX; text++)
        if (*text != '%')
            line[length++] = *text;
        else
            for (const char *c = tour.word; *c && length < LINE_MAX; c++)
                line[length++] = *c;
    line[length] = 0;
    print_colour(COLOUR_TITLE, "%s%s\n", PROMPT, line);
    return obey(line);
}

/* False: the answer is q, as between steps. */
static bool ask(const char *line)
{
    const char *proposed = line;
    for (const char *c = line; *c; c++)
        proposed = *c == ' ' ? c + 1 : proposed;
    print("%s\n", line);
    read_line(&tour.answers, "? ");
    const char *answer = tour.answers.length ? tour.answers.text : proposed;
    text_print(tour.word, sizeof tour.word, "%s", answer);
    return !text_equal(answer, "q");
}

/* False: the reader has seen enough. */
static bool goes_on(void)
{
    print_colour(COLOUR_QUIET, "-- Enter goes on, q ends the tour --");
    for (;;) {
        int key = console_key();
        if (key == KEY_ENTER || key == 'q') {
            print("\n\n");
            return key == KEY_ENTER;
        }
    }
}

/* A line's, behind what it begins with. */
static const char *text_of(const char *line)
{
    return line[0] && line[1] == ' ' ? line + 2 : line + (line[0] != 0);
}

static void walk(void)
{
    const char *question = NULL, *begin = tour.at;
    char line[LINE + 1];
    for (uint32_t step = 0; next_line(line); begin = tour.at) {
        const char *text = text_of(line);
        if (line[0] == STEP) {
            if (step++ && !goes_on())
                return;
            print_colour(COLOUR_GOOD, "%u. %s\n", step, text);
        } else if (line[0] == ASKED) {
            question = begin;
            if (!ask(text))
                return;
        } else if (line[0] == TYPED) {
            if (!run(text) && question)
                tour.at = question; /* the answer was no good */
            else
                question = NULL;
        } else if (line[0] != AFTER && line[0] != NOTE) {
            print("%s\n", line);
        }
    }
}

/* A command for the end may fault, too: the next one is obeyed then. */
void tour_end(void)
{
    char line[LINE + 1];
    if (!tour.script)
        return;
    if (!tour.ends) {
        tour.end = tour.at < tour.end ? tour.at : tour.end;
        tour.at = tour.script;
        tour.ends = true;
    }
    while (next_line(line))
        if (line[0] == AFTER)
            run(text_of(line));
    tour.script = NULL;
    tour.ends = false;
    print("That was the tour.\n");
}

static void show_tour(void)
{
    const struct lintel_module *script = module_find(SCRIPT);
    if (!script) {
        print("The tour's script, the module " SCRIPT ", was not loaded; `info` lists modules.\n");
        return;
    }
    if (tour.script) {
        print("A tour is no step of a tour.\n");
        return;
    }
    tour.at = tour.script = script->data;
    tour.end = tour.at + script->bytes;
    walk();
    tour_end();
}

const struct command tour_commands[] = {
    {"tour", "", "a guided walk through the machine just booted",
     "  Its script is the module " SCRIPT ": config/loader/tour.txt, or your own.\n", show_tour},
    {0},
};
