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
#include <string.h>
#include <cmocka.h>

enum { ROOT, LOADER, ENTRIES, FILES }; /* locations: three directories, then files */

static struct {
    uint32_t directory;
    const char *name, *text;
    uint64_t bytes;
    bool broken;
} files[2000];
static uint32_t count;
static bool has_loader, has_entries;

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
    for (uint32_t i = 0; i < count; i++)
        if (files[i].directory == directory->location &&
            !show(each, context, files[i].name, FILES + i, files[i].bytes))
            return OK;
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
        return ERR_IO;
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
    struct fs fs = {.driver = &driver, .root = {.name = "/", .directory = true}};

    return config_read(&(struct entry_volumes){{&fs}, 1, false}, &arena, &config);
}

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
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
    assert_string_equal(config.entries[0].id, "debian-13");
    assert_string_equal(config.entries[1].id, "debian-12");
    assert_string_equal(config.entries[2].id, "Arch");
    assert_string_equal(said, "");
}

static const struct {
    const char *text;
    uint32_t chosen;
} defaults[] = {
    {"default arch", 2},    {"default arch.conf", 2},      {"default arch.conf**", 2},
    {"default Arch.c*", 2}, {"default debian-*", 0},       {"default *-1?", 0},
    {"default *12*", 1},    {"default debian-12.c?nf", 1}, {"default *", 0},
    {"default ????", 2},
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
    assert_int_equal(config.count, 1);
    assert_string_equal(config.entries[0].id, "debian-12");
    assert_int_equal(config.timeout, 0);
    assert_says(said, "/loader/entries/Arch.conf: 65537 bytes are more than 65536: passed over");
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
    add(ENTRIES, "a.conf", "kernel /k\n");
    files[0].broken = true;
    assert_int_equal(read_config(), ERR_NOT_FOUND);
    assert_says(err_message(), "none of the 1 entries");
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

    return config_read(&(struct entry_volumes){{&fs}, 1, false}, &arena, &config);
}

static void test_entries_that_loader_conf_lists(void **state)
{
    (void)state;
    add_three();
    add(LOADER, "loader.conf",
        "entry debian-12.conf\ndefault Arch\nentry gone.conf\nentry Arch.conf\n");
    assert_int_equal(read_config_of_server(), OK);
    assert_int_equal(config.count, 2);
    assert_string_equal(config.entries[0].id, "debian-12");
    assert_string_equal(config.entries[1].id, "Arch");
    assert_int_equal(config.chosen, 1);
    assert_says(said, "no /loader/entries/gone.conf: passed over");
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
    assert_int_equal(read_config_of_server(), ERR_NOT_FOUND);
    assert_says(err_message(), "none of the 1 entries");
}

static void test_very_many_entries(void **state)
{
    static char names[ARRAY_LENGTH(files)][16];

    (void)state;
    for (uint32_t i = 0; i < ARRAY_LENGTH(files); i++) {
        snprintf(names[i], sizeof names[i], "%u.conf", (i * 7919) % 2000);
        add(ENTRIES, names[i], "kernel /k\n");
    }
    assert_int_equal(read_config(), OK);
    assert_int_equal(config.count, 1024);
    assert_says(said, "more than 1024 entries");
}

static void test_no_memory(void **state)
{
    (void)state;
    add_three();
    fake_fail_allocate(1);
    assert_int_equal(read_config(), ERR_NO_MEMORY);
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
    {"timeout 1000000000\n", 7, false, NULL,
     "/loader/loader.conf:1: timeout 1000000000 is neither"},
    {"\ntimeout soon\n", 7, false, NULL, "/loader/loader.conf:2: timeout soon is neither"},
    {"timeout -1\n", 7, false, NULL, "timeout -1"},
    {"timeout 5s\n", 7, false, NULL, "timeout 5s"},
    {"zero-memory on\n", 7, true, NULL, ""},
    {"zero-memory 1\nzero-memory false\n", 7, false, NULL, ""},
    {"zero-memory maybe\n", 7, false, NULL, "zero-memory maybe is neither yes nor no"},
    {"console-mode max\n", 7, false, NULL, ""},
};

static void test_loader_conf(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(loader_confs); i++) {
        struct config config = {.timeout = 7};

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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(without_loader_conf),
        TEST(default),
        TEST(default_that_matches_nothing),
        TEST(entries_for_others),
        TEST(broken_files),
        TEST(nothing_to_boot),
        TEST(very_many_entries),
        TEST(menu_keys),
        TEST(no_memory),
        TEST(loader_conf),
        TEST(entries_that_loader_conf_lists),
        TEST(no_list_of_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
