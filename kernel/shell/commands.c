/* Which command a line means, and what its arguments are. */
#include "kernel/lib/text.h"
#include "kernel/machine/instructions.h"
#include "kernel/machine/power.h"
#include "kernel/machine/symbols.h"
#include "kernel/shell/shell.h"

struct arguments given;

static void help(void);

static void reboot(void)
{
    print("Restarting.\n");
    restart();
}

static void switch_off(void)
{
    print("Switching off.\n");
    power_off();
    print_colour(COLOUR_BAD, "The machine stays on: neither ACPI nor QEMU's port helped.\n");
}

static void halt(void)
{
    print("The processor is stopped.\n");
    halt_forever();
}

static const struct command first_commands[] = {
    {"help", "[COMMAND]", "all commands, or more about one", "  help pt\n", help},
    {0},
};
static const struct command last_commands[] = {
    {"reboot", "", "restarts the machine", NULL, reboot},
    {"poweroff", "", "by ACPI's sleep state S5, else by QEMU's port", NULL, switch_off},
    {"halt", "", "stops the processor for good", NULL, halt},
    {0},
};
static const struct command *const tables[] = {
    first_commands,  boot_commands,    processor_commands, descriptor_commands, memory_commands,
    vm_commands,     program_commands, firmware_commands,  bios_commands,       pci_commands,
    screen_commands, fault_commands,   tour_commands,      last_commands};

/* In the order of `help`; NULL: there is no index-th. */
static const struct command *command_at(uint32_t index)
{
    for (uint32_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct command *row = tables[i]; row->name; row++)
            if (index-- == 0)
                return row;
    return NULL;
}

/* ---- arguments ------------------------------------------------------------------------------- */

/* What the names of arguments stand for; any other name is for any word. */
static const struct kind {
    const char *name;
    unsigned base; /* of a number's digits; 0: a word of those below */
    const char *wanted;
} kinds[] = {
    {"ADDRESS", 16, "hexadecimal digits, direct_map or the name of a function, +OFFSET"},
    {"REGION", 16, "the address that `vm reserve` told"},
    {"SELECTOR", 16, "hexadecimal digits"},
    {"BYTES", 10, "a number of 64 bits"},
    {"VALUE", 10, "a number of 64 bits"},
    {"VECTOR", 10, "a number of 64 bits"},
    {"SIZE", 0, "1 2 4 8"},
    {"PROTECTION", 0, "none read write execute guard"},
    {"ACCESS", 0, "read write execute"},
    {"test", 0, "test"},
    {"time", 0, "time"},
};

/* 0x in front or h behind make any number hexadecimal. */
static bool take_digits(const char *word, unsigned base, uint64_t *value)
{
    bool is_negative = *word == '-';
    word += is_negative;
    bool has_prefix = word[0] == '0' && (word[1] | 0x20) == 'x';
    const char *digits = has_prefix ? word + 2 : word, *end;
    *value = option_number(digits, 16, &end);
    bool has_suffix = end > digits && text_equal(end, "h");
    if (!has_prefix && !has_suffix)
        *value = option_number(digits, base, &end);
    bool fits = !is_negative || *value <= UINT64_C(1) << 63;
    *value = is_negative ? -*value : *value;
    return fits && end > digits && *(end + has_suffix) == 0;
}

/* direct_map, or a function's name. */
static bool take_name(const char *word, uint64_t *address)
{
    *address = boot->direct_map;
    return text_equal(word, "direct_map") || symbols_find(word, address);
}

static bool take_address(char *word, uint64_t *address)
{
    char *plus = word;
    uint64_t offset = 0;
    while (*plus && *plus != '+')
        plus++;
    if (*plus && !take_digits(plus + 1, 16, &offset))
        return false;
    char kept = *plus;
    *plus = 0;
    bool taken = take_name(word, address) || take_digits(word, 16, address);
    *plus = kept;
    *address += offset;
    return taken;
}

static bool take_choice(const char *word, const char *choices, uint64_t *value)
{
    for (*value = 0; *choices; choices = option_next(choices), ++*value)
        if (option_same(choices, word))
            return true;
    return false;
}

static bool take(char *word, const char *name, uint64_t *value)
{
    const struct kind *kind = kinds, *end = kinds + sizeof kinds / sizeof *kinds;
    while (kind < end && !text_equal(kind->name, name))
        kind++;
    if (kind == end || (kind->base == 16   ? take_address(word, value)
                        : kind->base == 10 ? take_digits(word, 10, value)
                                           : take_choice(word, kind->wanted, value)))
        return true;
    print_colour(COLOUR_BAD, "%s: wanted %s%s\n", word, kind->base ? "" : "one of: ", kind->wanted);
    return false;
}

/* Copies the first of some names, without brackets; returns what follows it. */
static const char *first_name(const char *names, char *name)
{
    names += *names == '[';
    while (*names && *names != ' ' && *names != ']')
        *name++ = *names++;
    *name = 0;
    while (*names == ' ' || *names == ']')
        names++;
    return names;
}

/* The next word of a line, cut off from the rest; NULL: there is none. */
static char *next_word(char **text)
{
    char *word = *text, *end;
    while (*word == ' ')
        word++;
    for (end = word; *end && *end != ' ';)
        end++;
    *text = end + (*end == ' ');
    *end = 0;
    return *word ? word : NULL;
}

static bool take_arguments(const struct command *command, char *text)
{
    const char *names = command->arguments;
    char name[16];
    given = (struct arguments){0};
    for (char *word; (word = next_word(&text)); given.count++) {
        if (*names == 0) {
            print_colour(COLOUR_BAD, "%s: one word too many\n", word);
            return false;
        }
        names = first_name(names, name);
        if (!take(word, name, &given.values[given.count]))
            return false;
        given.words[given.count] = word;
    }
    if (*names == 0 || *names == '[')
        return true;
    print_colour(COLOUR_BAD, "too few words: wanted %s %s\n", command->name, command->arguments);
    return false;
}

/* ---- obeying --------------------------------------------------------------------------------- */

/* What a line has behind a command's name; NULL: it does not begin so. */
static char *skip_name(char *text, const char *name)
{
    for (; *name && *text == *name; name++, text++)
        while (*name == ' ' && text[1] == ' ')
            text++;
    return *name == 0 && (*text == ' ' || *text == 0) ? text : NULL;
}

/* The longest name counts. */
bool obey(char *text)
{
    const struct command *command, *found = NULL;
    char *arguments = text;
    while (*text == ' ')
        text++;
    for (uint32_t i = 0; (command = command_at(i)); i++) {
        char *rest = skip_name(text, command->name);
        if (rest && rest > arguments) {
            found = command;
            arguments = rest;
        }
    }
    if (!found) {
        bool known = *text == 0 || windows_call(text);
        if (!known)
            print_colour(COLOUR_BAD, "%s: no such command; `help` lists them\n", next_word(&text));
        return known;
    }
    bool taken = take_arguments(found, arguments);
    if (taken)
        found->run ? found->run() : print("%s", found->more);
    return taken;
}

/* Names of two words are listed only for the first of them: `help vm`. */
static void help(void)
{
    const struct command *command;
    bool found = false;
    for (uint32_t i = 0; (command = command_at(i)); i++) {
        char usage[64];
        text_print(usage, sizeof usage, "%s %s", command->name, command->arguments);
        if (given.count && option_same(command->name, given.words[0])) {
            found = true;
            print_colour(COLOUR_TITLE, "%s\n", usage);
            print("  %s\n", command->summary);
            for (const char *c = command->more; c && *c; c++) /* longer than print() takes */
                print("%c", *c);
        } else if (!given.count && !*option_next(command->name)) {
            print("  %-28s%s\n", usage, command->summary);
        }
    }
    if (!given.count)
        print("`help NAME` tells more. Arrows, Home, End, Delete and Backspace edit.\n");
    else if (!found)
        print_colour(COLOUR_BAD, "%s: no such command\n", given.words[0]);
}
