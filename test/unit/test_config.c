/* loader.conf, and all of a boot volume's configuration read through a file system that is a
 * table. */
#include "common/entries/entry.h"
#include "common/format/conf.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { ROOT, LOADER, ENTRIES, KEYMAPS, FILES }; /* locations: four directories, then files */

static struct {
    uint32_t directory;
    const char *name, *text;
    uint64_t bytes;
    bool broken;
} files[10000];
static uint32_t count;
static bool has_loader, has_entries, list_breaks;
static const char *volume_doubt;

static struct arena arena;
static struct config config;
static char said[4096];

static void hear(char c)
{
    size_t length = strlen(said);

    if (length + 1 < sizeof said)
        said[length] = c;
}

static bool show(bool (*each)(void *, const struct fs_entry *), void *context, const char *name,
                 uint64_t location, uint64_t bytes)
{
    struct fs_entry entry = {.bytes = bytes, .directory = location < FILES, .location = location};

    snprintf(entry.name, sizeof entry.name, "%s", name);
    return each(context, &entry);
}

static enum err list(const struct fs *fs, const struct fs_entry *directory,
                     bool (*each)(void *context, const struct fs_entry *entry), void *context)
{
    (void)fs;
    if (directory->location == ROOT && has_loader && !show(each, context, "LOADER", LOADER, 0))
        return OK;
    if (directory->location == LOADER && has_entries && !show(each, context, "entries", ENTRIES, 0))
        return OK;
    if (directory->location == LOADER && !show(each, context, "keymaps", KEYMAPS, 0))
        return OK;
    for (uint32_t i = 0; i < count; i++)
        if (files[i].directory == directory->location &&
            !show(each, context, files[i].name, FILES + i, files[i].bytes))
            return OK;
    if (list_breaks && directory->location == ENTRIES)
        return (fail)(ERR_IO, "the disk: a sector can't be read");
    return OK;
}

static enum err open_file(const struct fs *fs, const struct fs_entry *entry, struct file *file)
{
    (void)fs;
    file->state = &files[entry->location - FILES];
    return OK;
}

static enum err read_file(const struct file *file, uint64_t offset, uint64_t bytes, void *to)
{
    uint64_t index = (uint64_t)((char *)file->state - (char *)files) / sizeof files[0];

    if (files[index].broken)
        return (fail)(ERR_IO, "the disk: a sector can't be read");
    memcpy(to, files[index].text + offset, bytes);
    return OK;
}

static const struct fs_driver driver = {.list = list, .open = open_file, .read = read_file};

static int set_up(void **state)
{
    (void)state;
    fake_begin(0);
    arena_begin(&arena, fake_firmware.allocate);
    memset(said, 0, sizeof said);
    log_attach(hear);
    count = 0;
    has_loader = has_entries = true;
    list_breaks = false;
    volume_doubt = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    log_attach(NULL);
    fake_end();
    return 0;
}

static void add(uint32_t directory, const char *name, const char *text)
{
    files[count].directory = directory;
    files[count].name = name;
    files[count].text = text;
    files[count].bytes = strlen(text);
    files[count++].broken = false;
}

static enum err read_config(void)
{
    struct fs fs = {.driver = &driver, .arena = &arena, .root = {.name = "/", .directory = true}};

    return config_read(
        &(struct entry_volumes){
            .fs = {&fs}, .count = 1, .stand_in = volume_doubt, .doubt = volume_doubt},
        &arena, &config);
}

static void assert_says(const char *text, const char *part)
{
    if (!text || !strstr(text, part))
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static void add_three(void)
{
    add(ENTRIES, "debian-12.conf", "linux /12\n");
    add(ENTRIES, "debian-13.CONF", "linux /13\n");
    add(ENTRIES, "Arch.conf", "kernel /arch\n");
    add(ENTRIES, "._Arch.conf", "\1\2\3");
    add(ENTRIES, "readme.txt", "kernel /no\n");
}

static void test_without_loader_conf(void **state)
{
    (void)state;
    add_three();
    assert_int_equal(read_config(), OK);
    assert_int_equal(config.count, 3);
    assert_int_equal(config.chosen, 0);
    assert_int_equal(config.timeout, 0);
    assert_false(config.zero_memory);
    assert_true(config.editor);
    assert_null(config.doubt);
    assert_null(config.default_doubt);
    assert_string_equal(config.entries[0].id, "debian-13");
    assert_string_equal(config.entries[1].id, "debian-12");
    assert_string_equal(config.entries[2].id, "Arch");
    assert_string_equal(said, "");
}

static const struct {
    const char *text;
    uint32_t chosen;
} defaults[] = {
    {"default arch", 2},         {"default arch.conf", 2},       {"default arch.conf**", 2},
    {"default Arch.c*", 2},      {"default debian-*", 0},        {"default *-1?", 0},
    {"default *12*", 1},         {"default debian-12.c?nf", 1},  {"default *", 0},
    {"default ????", 2},         {"default [a-c]rch", 2},        {"default debian-1[!3-9]", 1},
    {"default debian-1[^2]", 0}, {"default debian[]-]1[32]", 0}, {"default [B-Z]ebian-1\\2", 1},
};

static void test_default(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(defaults); i++) {
        count = 0;
        add_three();
        add(LOADER, "loader.conf", defaults[i].text);
        assert_int_equal(read_config(), OK);
        assert_int_equal(config.chosen, defaults[i].chosen);
        assert_string_equal(said, "");
        assert_null(config.doubt);
        assert_null(config.default_doubt);
    }
}

static void test_default_that_matches_nothing(void **state)
{
    (void)state;
    add_three();
    add(ENTRIES, "zz.conf", "title No kernel\n");
    add(LOADER, "loader.conf", "timeout 3\ndefault windows\n");
    assert_int_equal(read_config(), OK);
    assert_string_equal(config.entries[0].id, "zz");
    assert_int_equal(config.chosen, 1); /* the first that can boot */
    assert_int_equal(config.timeout, 3);
    assert_says(said, "default windows matches no entry");
    assert_string_equal(config.default_doubt,
                        "/loader/loader.conf: default windows matches no entry");
    assert_null(config.doubt);
}

/* Boot counting: it is no default, also where it is the only one that matches. */
static void test_default_without_tries_left(void **state)
{
    (void)state;
    add(ENTRIES, "debian-13+0-3.conf", "linux /13\n");
    add(ENTRIES, "debian-12+1-2.conf", "linux /12\n");
    add(LOADER, "loader.conf", "default debian-*\n");
    assert_int_equal(read_config(), OK);
    assert_string_equal(config.entries[config.chosen].id, "debian-12");
    assert_null(config.default_doubt);
    files[2].text = "default debian-13";
    files[2].bytes = strlen(files[2].text);
    assert_int_equal(read_config(), OK);
    assert_string_equal(config.entries[config.chosen].id, "debian-12");
    assert_string_equal(config.default_doubt, "/loader/loader.conf: default debian-13 matches only "
                                              "entries without tries left: debian-13");
}

static void test_no_tries_left_at_all(void **state)
{
    (void)state;
    add(ENTRIES, "debian-13+0-3.conf", "linux /13\n");
    assert_int_equal(read_config(), OK);
    assert_string_equal(config.default_doubt, "no default is set, and no entry has tries left");
}

static const struct {
    const char *text, *problem; /* NULL: not that entry's, which is for another machine */
} cut_entries[] = {
    {"title Debian 13\n", "which names no kernel"},
    {"Directory of A:\nCOMMAND COM 47845\n", "lines that nobody knows: 2 of 2"},
    {"linux /13\n<html>\n<body>\n", "lines that nobody knows: 2 of 3"},
    {"linux /13\noptioqs root=/dev/sda1\n", "line 2 has the key optioqs and not options"},
    {"linux /13\narchitecture aa64\n", NULL},
    {"architecture aa64\n", NULL},
};

/* Without its sort-key it may stand behind what it would have stood before. */
static void test_default_that_may_be_a_cut_entry(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cut_entries); i++) {
        count = 0;
        add(ENTRIES, "debian-12.conf", "linux /12\nsort-key a\n");
        add(ENTRIES, "debian-13.conf", cut_entries[i].text);
        add(LOADER, "loader.conf", "default debian-*\n");
        assert_int_equal(read_config(), OK);
        assert_string_equal(config.entries[config.chosen].id, "debian-12");
        if (!cut_entries[i].problem) {
            assert_null(config.default_doubt);
            continue;
        }
        assert_says(config.default_doubt, "may mean the entry debian-13, which ");
        assert_says(config.default_doubt, cut_entries[i].problem);
    }
}

/* Its loader.conf does not allow what the right one may have forbidden. */
static void test_volume_that_stands_in(void **state)
{
    (void)state;
    add_three();
    add(LOADER, "loader.conf", "timeout 0\neditor yes\n");
    volume_doubt = "an EFI system partition cannot be used";
    assert_int_equal(read_config(), OK);
    assert_string_equal(config.doubt, volume_doubt);
    assert_false(config.editor || config.counting);
}

/* Of the first that can boot the others before it, and all that nobody could read, might have been
 * meant. */
static void test_doubts_without_default(void **state)
{
    (void)state;
    add_three();
    add(ENTRIES, "aa.conf", "title No kernel\n");
    assert_int_equal(read_config(), OK);
    assert_int_equal(config.chosen, 0);
    assert_says(config.default_doubt, "no default is set, and the entry aa names no kernel");
    files[count - 1].text = "linux /l\nprofile x\n"; /* it is not damaged, and the last */
    files[count - 1].bytes = strlen(files[count - 1].text);
    assert_int_equal(read_config(), OK);
    assert_null(config.default_doubt);
    files[count - 1].name = "zz.conf";
    assert_int_equal(read_config(), OK);
    assert_int_equal(config.chosen, 1);
    assert_says(config.default_doubt, "no default is set, and the entry zz has the profile x");
    files[count - 1].name = "aa.conf";
    files[count - 1].broken = true;
    assert_int_equal(read_config(), OK);
    assert_int_equal(config.chosen, 0);
    assert_string_equal(config.default_doubt,
                        "no default is set, and the entry aa can't be read: the disk: a sector "
                        "can't be read");
}

/* It is shown, and nothing else boots in its place. */
static void test_default_that_can_not_be_read(void **state)
{
    (void)state;
    add_three();
    add(LOADER, "loader.conf", "default debian-*\ntimeout 0\n");
    files[1].broken = true;
    assert_int_equal(read_config(), OK);
    assert_int_equal(config.count, 3);
    assert_true(config.entries[0].damaged);
    assert_says(config.entries[0].problem, "can't be read: the disk");
    assert_says(config.default_doubt, "default debian-* may mean the entry debian-13, which can't");
    files[1].broken = false;
    files[0].bytes = CONF_BYTES_MAX + 1; /* debian-12 might sort before it */
    assert_int_equal(read_config(), OK);
    assert_says(config.default_doubt, "debian-12, which can't be read: /loader/entries/"
                                      "debian-12.conf: 65537 bytes are more than 65536");
    files[5].text = "default debian-13\n";
    files[5].bytes = strlen(files[5].text);
    assert_int_equal(read_config(), OK);
    assert_null(config.default_doubt);
    assert_string_equal(config.entries[config.chosen].id, "debian-13");
}

static void test_list_that_breaks(void **state)
{
    (void)state;
    add_three();
    add(LOADER, "loader.conf", "default debian-12\ntimeout 0\n");
    list_breaks = true;
    assert_int_equal(read_config(), OK);
    assert_string_equal(config.entries[config.chosen].id, "debian-12");
    assert_string_equal(config.doubt,
                        "not all entries are known: the disk: a sector can't be read");
    count = 0;
    assert_int_equal(read_config(), ERR_NOT_FOUND);
    assert_says(err_message(), "a sector can't be read");
}

/* On BIOS, that is. */
static void test_entries_for_others(void **state)
{
    (void)state;
    add(ENTRIES, "e.conf", "efi /e\n");
    assert_int_equal(read_config(), OK);
    assert_int_equal(config.count, 1); /* nothing else is there to show */
    assert_int_equal(config.hidden_count, 0);
    assert_says(config.entries[0].problem, "is for UEFI (`efi`)");
    assert_string_equal(said, "");

    add_three();
    add(ENTRIES, "u.conf", "uki /u\n");
    add(ENTRIES, "a.conf", "linux /l\narchitecture aa64\n");
    add(ENTRIES, "k.conf", "kernel /u.efi\n");
    add(ENTRIES, "w.conf", "uki-url http://x/u\n");
    assert_int_equal(read_config(), OK);
    assert_int_equal(config.count, 4);
    assert_int_equal(config.hidden_count, 4);
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(config.entries[i].foreign, i >= 4);
    assert_true(config.editor);
    assert_says(said,
                "entry w is hidden: it uses the key `uki-url`, which Lintel does not support");
    assert_says(said, "entry e is hidden: it is for UEFI");
    assert_says(said, "entry u is hidden: it is for UEFI");
    assert_says(said, "entry a is hidden: it is for the architecture aa64");

    add(LOADER, "loader.conf", "uki-on-bios yes\n");
    assert_int_equal(read_config(), OK);
    assert_int_equal(config.count, 5);
    assert_string_equal(config.entries[0].id, "u");
    assert_null(config.entries[0].problem);
}

static void test_broken_files(void **state)
{
    (void)state;
    add(LOADER, "loader.conf", "timeout 3\n");
    files[0].broken = true;
    add_three();
    files[2].broken = true;
    files[3].bytes = CONF_BYTES_MAX + 1;
    assert_int_equal(read_config(), OK);
    assert_int_equal(config.count, 3);
    assert_string_equal(config.entries[1].id, "debian-12");
    assert_int_equal(config.chosen, 1);
    assert_int_equal(config.timeout, 0);
    assert_false(config.editor);
    assert_says(config.doubt, "the disk: a sector can't be read: options can't be edited");
    assert_says(config.entries[2].problem,
                "/loader/entries/Arch.conf: 65537 bytes are more than 65536");
}

#define UTF16 "t\0i\0m\0e\0o\0u\0t\0 \0000\0\n\0"

static const struct {
    const char *text;
    uint64_t bytes; /* 0: all */
    const char *doubt;
} damaged[] = {
    {"\0\0\0\0\0\0\0\0\0\0", 10, "loader.conf is no text: its byte 0 is 00h"},
    {"editor no\n\xff\xff\xff", 0, "loader.conf is no text: its byte 10 is FFh"},
    {"timeout 0\ndefault debian-12\n\x1b", 0, "loader.conf is no text: its byte 28 is 1Bh"},
    {UTF16, sizeof UTF16 - 1, "loader.conf is UTF-16 text: save it as UTF-8"},
    {"\xff\xfe" UTF16, sizeof UTF16 + 1, "loader.conf is UTF-16 text"},
    {"\xfe\xff\0t\0i", 6, "loader.conf is UTF-16 text"},
    {"timeout 0\nGIF89a \x80\x90\n\x90\x91\n", 0, "lines that nobody knows: 2 of 3"},
    {"<html>", 0, "lines that nobody knows: 1 of 1"},
    {"timeoqt menu-force\ndefault debian-12\n", 0, "line 1 has the key timeoqt and not timeout"},
    {"timeout 0\ndefau|t debian-12\n", 0, "line 2 has the key defau|t and not default"},
    {"timeout 0\nedit?r no\neditor yes\n", 0, "line 2 has the key edit?r and not editor"},
    {"timeout 0\nditor no\n", 0, "line 2 has the key ditor and not editor"},
    {"timeout 0\neditorr no\n", 0, "line 2 has the key editorr and not editor"},
    {"timeout 0\nedito no\n", 0, "line 2 has the key edito and not editor"},
    {"timeout 0\neditor=no\n", 0, "line 2 has the key editor=no and not editor"},
    {"", 0, "/loader/loader.conf is empty"},
    {"timeout 0", CONF_BYTES_MAX + 1, "65537 bytes are more than 65536"},
};

/* Nobody knows whether `editor no` or `menu-force` stood there. */
static void test_damaged_loader_conf(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(damaged); i++) {
        count = 0;
        add_three();
        add(LOADER, "loader.conf", damaged[i].text);
        if (damaged[i].bytes)
            files[5].bytes = damaged[i].bytes;
        assert_int_equal(read_config(), OK);
        assert_says(config.doubt, damaged[i].doubt);
        assert_false(config.editor || config.counting);
        assert_int_equal(config.count, 3);
    }
}

static void test_nothing_to_boot(void **state)
{
    struct config before;

    (void)state;
    memset(&config, 0x5a, sizeof config);
    before = config;
    assert_int_equal(read_config(), ERR_NOT_FOUND);
    assert_says(err_message(), "/loader/entries");
    has_entries = false;
    assert_int_equal(read_config(), ERR_NOT_FOUND);
    assert_says(err_message(), "/loader/entries");
    has_loader = false;
    assert_int_equal(read_config(), ERR_NOT_FOUND);
    assert_says(err_message(), "/loader/entries");

    has_loader = has_entries = true;
    assert_memory_equal(&config, &before, sizeof config);
}

/* As a server does: files are found by their whole path. */
static enum err find(const struct fs *fs, const char *path, struct fs_entry *entry)
{
    (void)fs;
    for (uint32_t i = 0; i < count; i++) {
        const char *name = strrchr(path, '/') + 1;
        if (strcmp(files[i].name, name))
            continue;
        *entry = (struct fs_entry){.bytes = files[i].bytes, .location = FILES + i};
        return OK;
    }
    return (fail)(ERR_NOT_FOUND, "no %s", path); /* cmocka has a macro of that name */
}

static enum err read_config_of_server(void)
{
    static const struct fs_driver server = {.find = find, .open = open_file, .read = read_file};
    struct disk disk = {.name = "a server"};
    struct volume volume = {.disk = &disk};
    struct fs fs = {.driver = &server, .volume = &volume};

    return config_read(&(struct entry_volumes){.fs = {&fs}, .count = 1}, &arena, &config);
}

static void test_entries_that_loader_conf_lists(void **state)
{
    (void)state;
    add_three();
    add(LOADER, "loader.conf",
        "entry debian-12.conf\ndefault Arch\nentry gone.conf\nentry Arch.conf\n");
    assert_int_equal(read_config_of_server(), OK);
    assert_int_equal(config.count, 3);
    assert_string_equal(config.entries[1].id, "debian-12");
    assert_string_equal(config.entries[2].id, "Arch");
    assert_int_equal(config.chosen, 2);
    assert_null(config.default_doubt);
    assert_says(config.entries[0].problem, "can't be read: no /loader/entries/gone.conf");
}

static void test_no_list_of_entries(void **state)
{
    (void)state;
    add_three();
    assert_int_equal(read_config_of_server(), ERR_NOT_FOUND);
    assert_says(err_message(), "a server: can't list /loader/entries");
    assert_says(err_message(), "/loader/loader.conf is missing or names no entry");
    add(LOADER, "loader.conf", "timeout 3\n");
    assert_int_equal(read_config_of_server(), ERR_NOT_FOUND);
    add(LOADER, "loader.conf", "entry gone.conf\n");
    files[5] = files[6]; /* the second loader.conf takes the place of the first */
    assert_int_equal(read_config_of_server(), OK);
    assert_says(config.default_doubt, "the entry gone can't be read: no /loader/entries/gone.conf");
}

static void test_very_many_entries(void **state)
{
    static char names[ARRAY_LENGTH(files)][16];

    (void)state;
    for (uint32_t i = 1; i < ARRAY_LENGTH(files); i++) {
        snprintf(names[i], sizeof names[i], "%u.conf", (i * 7919) % 10000);
        add(ENTRIES, names[i], "kernel /k\n");
    }
    add(LOADER, "loader.conf", "default 1\n");
    assert_int_equal(read_config(), OK);
    assert_int_equal(config.count, 9999);
    for (uint32_t i = 0; i < config.count; i++)
        assert_int_equal(atoi(config.entries[i].id), 9999 - i);
    assert_int_equal(config.chosen, 9998);
    assert_in_range(fake_allocated_pages(), 0, 8 * MIB / PAGE_BYTES);
}

/* Nothing boots by itself, and what is said names the reason. */
static void test_no_memory(void **state)
{
    bool refused = false, asked = false;

    (void)state;
    add_three();
    for (uint64_t n = 1; n < 6; n++) {
        arena_begin(&arena, fake_firmware.allocate);
        fake_fail_allocate(n);
        if (read_config() != OK) {
            refused = true;
            assert_says(err_message(), " pages");
        } else if (config.doubt) {
            asked = true;
            assert_says(config.doubt, " pages");
        }
    }
    fake_fail_allocate(0);
    assert_true(refused && asked);
}

/* The keys that the menu takes. */
static void test_menu_keys(void **state)
{
    static const char text[] = "console framebuffer\nconsole tty\ndefault @saved\n"
                               "editor no\ntimeout menu-hidden\n";
    static const char other[] = "console text\ndefault name\neditor yes\ntimeout 3\n";
    static const char disabled[] = "timeout 3\ntimeout menu-disabled\n";

    (void)state;
    config = (struct config){0};
    assert_int_equal(loader_conf_parse(text, strlen(text), &arena, &config), OK);
    assert_int_equal(config.console, CONSOLE_FRAMEBUFFER);
    assert_true(config.hidden && config.timeout == 0 && !config.editor);
    assert_string_equal(config.default_glob, "@saved");
    assert_says(said, "console tty is neither auto nor text nor framebuffer");
    assert_int_equal(loader_conf_parse(other, strlen(other), &arena, &config), OK);
    assert_int_equal(config.console, CONSOLE_TEXT);
    assert_true(!config.hidden && config.timeout == 3 && config.editor);
    assert_string_equal(config.default_glob, "name");
    assert_int_equal(loader_conf_parse(disabled, strlen(disabled), &arena, &config), OK);
    assert_true(config.disabled && config.timeout == 0);
}

/* Tries are counted unless somebody says no, or what nobody knows; a default falls back when
 * somebody says yes. */
static void test_counting_and_fallback(void **state)
{
    static const struct {
        const char *text;
        bool counting, fallback;
    } cases[] = {
        {"timeout 0\n", true, false},
        {"counting no\nfallback yes\n", false, true},
        {"counting off\nfallback on\n", false, true},
        {"counting yes\nfallback no\n", true, false},
        {"counting maybe\nfallback maybe\n", false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        count = 0;
        add_three();
        add(LOADER, "loader.conf", cases[i].text);
        assert_int_equal(read_config(), OK);
        assert_int_equal(config.counting, cases[i].counting);
        assert_int_equal(config.fallback, cases[i].fallback);
        assert_null(config.doubt);
    }
}

/* What a later systemd may bring stops no machine. */
static void test_unknown_keys(void **state)
{
    static const char text[] = "timeout 0\ndefault x\nentries no\ntime 3\neditors-all 1\ndef\n"
                               "editor yes\nconsole text\n";

    (void)state;
    config = (struct config){0};
    assert_int_equal(loader_conf_parse(text, strlen(text), &arena, &config), OK);
    assert_null(config.doubt);
    assert_true(config.editor);
    assert_string_equal(said, "");
}

/* A file that was cut ends so. */
static void test_keys_without_a_value(void **state)
{
    (void)state;
    add_three();
    add(LOADER, "loader.conf", "default debian-12\ntimeout");
    assert_int_equal(read_config(), OK);
    assert_int_equal(config.timeout, -1);
    assert_says(config.doubt, "/loader/loader.conf:2: timeout without a value is neither seconds");
    assert_true(config.editor);
    files[count - 1].text = "timeout 0\neditor";
    files[count - 1].bytes = strlen(files[count - 1].text);
    assert_int_equal(read_config(), OK);
    assert_false(config.editor);
    assert_says(said, "loader.conf:2: editor without a value is neither yes nor no: no is safer");
    files[count - 1].text = "timeout 0\ndefault";
    files[count - 1].bytes = strlen(files[count - 1].text);
    assert_int_equal(read_config(), OK);
    assert_string_equal(config.default_doubt,
                        "/loader/loader.conf: default without a value matches no entry");
}

static const struct {
    const char *text;
    int32_t timeout;
    bool zero_memory;
    const char *default_glob, *said;
} loader_confs[] = {
    {"", 7, false, NULL, ""},
    {"timeout 0\n", 0, false, NULL, ""},
    {"timeout 5\ndefault debian-*\n", 5, false, "debian-*", ""},
    {"#timeout 5\n timeout\t6 \r\n", 6, false, NULL, ""},
    {"timeout menu-force\nzero-memory yes\n", -1, true, NULL, ""},
    {"timeout menu-hidden\nzero-memory yes\nzero-memory no\n", 0, false, NULL, ""},
    {"timeout 999999999\n", 999999999, false, NULL, ""},
    {"timeout 1000000000\n", -1, false, NULL,
     "/loader/loader.conf:1: timeout 1000000000 is neither"},
    {"\ntimeout soon\n", -1, false, NULL, "/loader/loader.conf:2: timeout soon is neither"},
    {"timeout -1\n", -1, false, NULL, "timeout -1"},
    {"timeout 5s\n", -1, false, NULL, "timeout 5s"},
    {"zero-memory on\n", 7, true, NULL, ""},
    {"zero-memory 1\nzero-memory false\n", 7, false, NULL, ""},
    {"zero-memory maybe\n", 7, true, NULL, "zero-memory maybe is neither yes nor no"},
    {"console-mode max\n", 7, false, NULL, ""},
    {"editor perhaps\n", 7, false, NULL, "editor perhaps is neither yes nor no: no is safer"},
    {"timeout 0\rdefault kernel\rSHA256", 0, false, "kernel", ""},
    {"timeout 4\r\n\r\ntimeout x\r\n", -1, false, NULL, "/loader/loader.conf:3: timeout x"},
    {"timeout 5\n\x1a", 5, false, NULL, ""},
};

static void test_loader_conf(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(loader_confs); i++) {
        struct config config = {.timeout = 7, .editor = true};

        memset(said, 0, sizeof said);
        assert_int_equal(
            loader_conf_parse(loader_confs[i].text, strlen(loader_confs[i].text), &arena, &config),
            OK);
        assert_int_equal(config.timeout, loader_confs[i].timeout);
        assert_int_equal(config.zero_memory, loader_confs[i].zero_memory);
        assert_string_equal(config.default_glob ? config.default_glob : "-",
                            loader_confs[i].default_glob ? loader_confs[i].default_glob : "-");
        if (!strstr(said, loader_confs[i].said) || !*said != !*loader_confs[i].said)
            fail_msg("\"%s\" does not say \"%s\"", said, loader_confs[i].said);
    }
}

/* ---- keymaps --------------------------------------------------------------------------------- */

#define ROW "`1234567890-=qwertyuiop[]asdfghjkl;'\\zxcvbnm,./<\n"

static void test_keymap(void **state)
{
    (void)state;
    add_three();
    add(LOADER, "loader.conf", "keymap us\n");
    add(KEYMAPS, "us", "plain " ROW "shift " ROW "altgr " ROW);
    assert_int_equal(read_config(), OK);
    assert_non_null(config.keymap);
    assert_int_equal(config.keymap->characters[KEYMAP_SHIFT][1], '1');
    assert_string_equal(said, "");
}

static const struct {
    const char *conf, *text, *message;
} keymaps[] = {
    {"keymap de\n", NULL,
     "/loader/loader.conf: keymap de: neither /loader/keymaps/de nor /boot/loader/keymaps/de is "
     "there: "},
    {"keymap us\n", "\177ELF", "keymap us: /loader/keymaps/us is no text: its byte 0 is 7Fh"},
    {"keymap us\n", "", "keymap us: /loader/keymaps/us is empty"},
    {"keymap us\n", "plain " ROW, "keymap us: /loader/keymaps/us has no line `shift`"},
    {"keymap\n", NULL, "keymap without a value: "},
    {"keymap ../loader.conf\n", NULL, "/loader/keymaps/../loader.conf is damaged: lines"},
    {"keymap a-name-that-is-much-longer-than-any-that-a-layout-of-keys-has-got\n", NULL,
     "a name has at most 64 characters"},
};

/* Said once; all else is as it would be. */
static void test_keymap_that_is_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(keymaps); i++) {
        memset(said, 0, sizeof said);
        count = 0;
        add_three();
        add(LOADER, "loader.conf", keymaps[i].conf);
        if (keymaps[i].text)
            add(KEYMAPS, "us", keymaps[i].text);
        assert_int_equal(read_config(), OK);
        assert_says(said, keymaps[i].message);
        assert_says(said, ": keys are those of a US keyboard\n");
        assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
        assert_null(config.keymap);
        assert_null(config.doubt);
        assert_true(config.editor);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(without_loader_conf),
        TEST(default),
        TEST(default_that_matches_nothing),
        TEST(default_without_tries_left),
        TEST(no_tries_left_at_all),
        TEST(default_that_may_be_a_cut_entry),
        TEST(volume_that_stands_in),
        TEST(doubts_without_default),
        TEST(default_that_can_not_be_read),
        TEST(list_that_breaks),
        TEST(damaged_loader_conf),
        TEST(entries_for_others),
        TEST(broken_files),
        TEST(nothing_to_boot),
        TEST(very_many_entries),
        TEST(counting_and_fallback),
        TEST(menu_keys),
        TEST(unknown_keys),
        TEST(keys_without_a_value),
        TEST(no_memory),
        TEST(loader_conf),
        TEST(entries_that_loader_conf_lists),
        TEST(no_list_of_entries),
        TEST(keymap),
        TEST(keymap_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
