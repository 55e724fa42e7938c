/* What does a command line ask for? */
#include "common/lib/mem.h"
#include "images/tool/host/command.h"
#include "images/tool/host/text.h"
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define OPTIONS_MAX 32
#define HELP_COLUMN 30

static const struct option_row help_row = {'h', "help", NULL, "show this text"};

/* ---- help ------------------------------------------------------------------------------------ */

static const char *word_at(const struct syntax *syntax, int key, size_t index)
{
    return syntax->word_at ? syntax->word_at(key, index) : NULL;
}

static void print_words(const struct syntax *syntax, int key)
{
    const char *word;

    for (size_t i = 0; (word = word_at(syntax, key, i)); i++)
        printf(i ? ", %s" : ": %s (default)", word);
}

static void print_row(const struct syntax *syntax, const struct option_row *row)
{
    char letter[] = {'-', (char)row->key, ',', 0};
    int width = printf("  %3s --%s%s%s", row->key < OPTION_LONG ? letter : "", row->name,
                       row->argument ? " " : "", row->argument ? row->argument : "");

    if (width >= HELP_COLUMN) {
        putchar('\n');
        width = 0;
    }
    printf("%*s", HELP_COLUMN - width, "");
    for (const char *c = row->help; *c; c++)
        if (*c == '\n')
            printf("\n%*s", HELP_COLUMN, "");
        else
            putchar(*c);
    print_words(syntax, row->key);
    putchar('\n');
}

static void print_help(const struct syntax *syntax)
{
    printf("Usage: lintel %s %s\n\n%s\n\nOptions:\n", syntax->command, syntax->operands,
           syntax->purpose);
    for (const struct option_row *row = syntax->options; row->name; row++)
        print_row(syntax, row);
    print_row(syntax, &help_row);
    if (syntax->notes)
        printf("\n%s\n", syntax->notes);
}

void options_refuse(const struct syntax *syntax, const char *format, ...)
{
    va_list list;
    fprintf(stderr, "lintel %s: ", syntax->command);
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fprintf(stderr, "; see `lintel %s --help`\n", syntax->command);
    exit(STATUS_USAGE);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* What getopt_long() wants to be told. */
struct forms {
    char letters[2 * OPTIONS_MAX + 3];
    struct option names[OPTIONS_MAX + 2];
    size_t count;
};

static void add_forms(struct forms *forms, const struct option_row *row)
{
    forms->names[forms->count++] =
        (struct option){row->name, row->argument != NULL, NULL, row->key};
    if (row->key < OPTION_LONG) {
        char *end = forms->letters + strlen(forms->letters);
        *end++ = (char)row->key;
        if (row->argument)
            *end = ':';
    }
}

static void list_forms(struct forms *forms, const struct syntax *syntax)
{
    *forms = (struct forms){.letters = ":"}; /* getopt_long() stays silent and returns ':' */
    for (const struct option_row *row = syntax->options; row->name; row++)
        if (forms->count < OPTIONS_MAX)
            add_forms(forms, row);
    add_forms(forms, &help_row);
}

int options_parse(const struct syntax *syntax, int argc, char **argv,
                  enum err (*take)(void *context, int key, const char *value), void *context)
{
    struct forms forms;
    int key;

    list_forms(&forms, syntax);
    while ((key = getopt_long(argc, argv, forms.letters, forms.names, NULL)) != -1) {
        if (key == ':')
            options_refuse(syntax, "%s needs an argument", argv[optind - 1]);
        if (key == '?')
            options_refuse(syntax, "%s is no option, or takes no argument", argv[optind - 1]);
        if (key == 'h') {
            print_help(syntax);
            exit(command_end(OK));
        }
        if (take(context, key, optarg) != OK)
            options_refuse(syntax, "%s", err_message());
    }
    return optind;
}

/* ---- values ---------------------------------------------------------------------------------- */

static const char *name_of(const struct syntax *syntax, int key)
{
    const struct option_row *row = syntax->options;

    while (row->key != key)
        row++;
    return row->name;
}

enum err parse_word(const struct syntax *syntax, int key, const char *text, size_t *index)
{
    char *words = NULL;
    const char *word;

    for (*index = 0; (word = word_at(syntax, key, *index)); ++*index) {
        if (strcmp(word, text) == 0) {
            free(words);
            return OK;
        }
        text_add(&words, *index ? ", %s" : "%s", word);
    }
    enum err err = fail(ERR_FORMAT, "--%s: `%s` is none of %s", name_of(syntax, key), text, words);
    free(words);
    return err;
}

enum err parse_number(const char *what, const char *text, uint64_t most, uint64_t *number)
{
    const char *c = text;
    uint64_t value = 0;

    for (; *c >= '0' && *c <= '9'; c++)
        if (mul_wraps(value, 10, &value) || add_wraps(value, (uint64_t)(*c - '0'), &value))
            break;
    if (c == text || *c || value > most)
        return fail(ERR_FORMAT, "%s: `%s` is no number from 0 to %lu", what, text, most);
    *number = value;
    return OK;
}

enum err parse_bytes(const char *what, const char *text, uint64_t *bytes)
{
    static const char units[] = "KMGT";
    size_t length = strlen(text);
    const char *unit = length ? strchr(units, text[length - 1] & ~0x20) : NULL;
    char digits[24] = "";
    uint64_t scale = unit && *unit ? UINT64_C(1) << 10 * (unit - units + 1) : 1;

    length -= scale > 1;
    if (length < sizeof digits)
        memcpy(digits, text, length);
    if (parse_number(what, digits, UINT64_MAX / scale, bytes) != OK)
        return fail(ERR_FORMAT,
                    "%s: `%s` is no size such as 512M (K, M, G and T are powers of 1024)", what,
                    text);
    *bytes *= scale;
    return OK;
}
