/* lintel keymap: which characters does a keyboard of that layout type? */
#include "images/tool/image/keyboard.h"
#include "common/format/keymap.h"
#include "common/lib/mem.h"
#include "common/lib/utf8.h"
#include "images/tool/host/command.h"
#include "images/tool/host/firmware.h"
#include "images/tool/host/program.h"
#include "images/tool/host/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MOST 32

/* What the console calls a key, by its place in a layout. */
static const uint8_t keycodes[KEYMAP_KEYS] = {
    41, 2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
    27, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 86};

/* A key that waits for a letter types its accent at once. */
static const struct {
    const char *name;
    uint32_t character;
} dead_keys[] = {
    {"dead_grave", '`'},      {"dead_acute", 0xb4},     {"dead_circumflex", '^'},
    {"dead_tilde", '~'},      {"dead_diaeresis", 0xa8}, {"dead_cedilla", 0xb8},
    {"dead_macron", 0xaf},    {"dead_abovering", 0xb0}, {"dead_kcaron", 0x2c7},
    {"dead_kogonek", 0x2db},  {"dead_kbreve", 0x2d8},   {"dead_kdoubleacute", 0x2dd},
    {"dead_abovedot", 0x2d9},
};

/* 0: none. A letter that follows Caps Lock is written +U+0061. */
static uint32_t character_of(const char *word)
{
    unsigned long character;
    char *end;

    word += *word == '+';
    for (size_t i = 0; i < ARRAY_LENGTH(dead_keys); i++)
        if (strcmp(word, dead_keys[i].name) == 0)
            return dead_keys[i].character;
    if (strncmp(word, "U+", 2) != 0)
        return 0;
    character = strtoul(word + 2, &end, 16);
    return *end || character > 0x10ffff ? 0 : (uint32_t)character;
}

/* "keycode 16 = +U+0071 +U+0051 U+0040 ...": plain, with Shift, with AltGr, and more that does not
 * matter here. */
static void read_line(const char *line, struct keymap *keymap)
{
    char words[KEYMAP_LEVELS][32] = {0};
    unsigned keycode;

    if (sscanf(line, "keycode %u = %31s %31s %31s", &keycode, words[0], words[1], words[2]) < 2)
        return;
    for (size_t key = 0; key < KEYMAP_KEYS; key++)
        for (size_t level = 0; keycodes[key] == keycode && level < KEYMAP_LEVELS; level++)
            keymap->characters[level][key] = character_of(words[level]);
}

static uint32_t us_character(size_t level, size_t key)
{
    return keymap_us[level][key] ? (uint8_t)keymap_us[level][key] : (uint8_t) "<>"[level];
}

/* What a layout leaves out is as on a US keyboard, and with AltGr as without. */
static void fill(struct keymap *keymap)
{
    for (size_t level = 0; level < KEYMAP_LEVELS; level++)
        for (size_t key = 0; key < KEYMAP_KEYS; key++)
            if (keymap->characters[level][key] <= ' ')
                keymap->characters[level][key] = level == KEYMAP_ALTGR
                                                     ? keymap->characters[KEYMAP_PLAIN][key]
                                                     : us_character(level, key);
}

static void read_console_map(char *output, struct keymap *keymap)
{
    *keymap = (struct keymap){0};
    for (char *line = strtok(output, "\n"); line; line = strtok(NULL, "\n"))
        read_line(line, keymap);
    fill(keymap);
}

static bool types(const struct keymap *keymap, char c)
{
    for (size_t level = 0; level < KEYMAP_LEVELS; level++)
        for (size_t key = 0; key < KEYMAP_KEYS; key++)
            if (keymap->characters[level][key] == (uint8_t)c)
                return true;
    return false;
}

static enum err check_use(const char *name, const struct keymap *keymap)
{
    for (const char *c = "abcdefghijklmnopqrstuvwxyz0123456789=-.,/:_"; *c; c++)
        if (!types(keymap, *c))
            return fail(ERR_UNSUPPORTED,
                        "keyboard layout %s has no `%c`, so that options can't be typed with it: "
                        "leave it out, and keys are those of a US keyboard",
                        name, *c);
    return OK;
}

static char *write_keymap(const char *name, const struct keymap *keymap)
{
    static const char *const levels[KEYMAP_LEVELS] = {"plain", "shift", "altgr"};
    char *text = text_of("# Keyboard layout, made by `lintel keymap %s`\n", name);

    for (size_t level = 0; level < KEYMAP_LEVELS; level++) {
        char row[KEYMAP_KEYS * 4 + 1], *end = row;
        for (size_t key = 0; key < KEYMAP_KEYS; key++)
            end = utf8_put(end, keymap->characters[level][key]);
        *end = 0;
        text_add(&text, "%s %s\n", levels[level], row);
    }
    return text;
}

/* It becomes an argument of a program, and a file's name. */
static enum err check_name(const char *name)
{
    static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

    if (!*name || *name == '-' || strlen(name) > NAME_MOST || name[strspn(name, usual)])
        return fail(ERR_FORMAT, "`%s` is no keyboard layout such as de, fr or us-dvorak", name);
    return OK;
}

/* ckbcomp warns of a variant that is not there, and takes another. */
static enum err ask_console_setup(const char *name, char **output)
{
    size_t length = strcspn(name, "-");
    char *layout = text_of("%.*s", (int)length, name);
    const char *variant = name[length] ? name + length + 1 : NULL;
    const char *const arguments[] = {"ckbcomp", "-compact", layout, variant, NULL};

    enum err err = program_read(arguments, NULL, output);
    free(layout);
    if (err == ERR_IO)
        return fail(ERR_NOT_FOUND, "keyboard layout %s: %s", name, err_message());
    TRY(err);
    if (!strstr(*output, "WARNING: Can not find"))
        return OK;
    free(*output);
    return fail(ERR_NOT_FOUND, "keyboard layout %.*s has no variant %s", (int)length, name,
                variant);
}

enum err keyboard_layout(const char *name, char **text)
{
    struct keymap keymap;
    char *output;

    TRY(check_name(name));
    TRY(ask_console_setup(name, &output));
    read_console_map(output, &keymap);
    free(output);
    TRY(check_use(name, &keymap));
    *text = write_keymap(name, &keymap);
    enum err err = keymap_parse(name, *text, strlen(*text), &host_arena, &keymap);
    if (err != OK)
        free(*text);
    return err;
}

/* ---- lintel keymap --------------------------------------------------------------------------- */

static const struct option_row options[] = {{0}};

static const struct syntax syntax = {
    .command = "keymap",
    .operands = "NAME",
    .purpose =
        "Writes a keyboard layout for the menu to standard output, from Debian's console data\n"
        "(package console-setup).",
    .options = options,
    .notes =
        "NAME is a layout, or LAYOUT-VARIANT: de, fr, gb, us-dvorak, de-nodeadkeys. On the boot\n"
        "volume:\n"
        "  lintel keymap de > loader/keymaps/de\n"
        "  echo keymap de >> loader/loader.conf"};

static enum err take(void *context, int key, const char *value)
{
    (void)context, (void)key, (void)value;
    return OK;
}

static enum err print(const char *name)
{
    char *text;

    TRY(keyboard_layout(name, &text));
    fputs(text, stdout);
    free(text);
    return OK;
}

int command_keymap(int argc, char **argv)
{
    int operand = options_parse(&syntax, argc, argv, take, NULL);

    if (operand + 1 != argc)
        options_refuse(&syntax, "the name of one keyboard layout is needed");
    return command_end(print(argv[operand]));
}
