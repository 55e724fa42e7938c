/* Boot Loader Specification entries, from texts in memory. */
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

static struct arena arena;
static struct entry entry;
static char said[4096];

static void hear(char c)
{
    size_t length = strlen(said);

    if (length + 1 < sizeof said)
        said[length] = c;
}

static int set_up(void **state)
{
    (void)state;
    fake_begin(0);
    arena_begin(&arena, fake_firmware.allocate);
    memset(said, 0, sizeof said);
    log_attach(hear);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    log_attach(NULL);
    fake_end();
    return 0;
}

static void parse_as(const char *name, const char *text)
{
    assert_int_equal(entry_parse(name, text, strlen(text), &arena, &entry), OK);
}

static void parse(const char *text)
{
    parse_as("a.conf", text);
}

/* ---- entries --------------------------------------------------------------------------------- */

static void test_every_key(void **state)
{
    (void)state;
    parse("# comment\n"
          "title      Debian GNU/Linux 12 (bookworm)\n"
          "version\t6.1.0-18\n"
          "machine-id dd235d00696545768f6f693bfd23b15f\n"
          "sort-key   debian\n"
          "\n"
          "linux      /boot/vmlinuz-6.1\n"
          "initrd     /boot/microcode.img\n"
          "  initrd   /boot/initrd.img   compressed twice \n"
          "module     /boot/data.bin\tfirst=1 second=2\n"
          "options    root=/dev/sda1 quiet\n"
          "architecture x64\n"
          "options    splash");
    assert_string_equal(entry.id, "a");
    assert_string_equal(entry.title, "Debian GNU/Linux 12 (bookworm)");
    assert_string_equal(entry.version, "6.1.0-18");
    assert_string_equal(entry.machine_id, "dd235d00696545768f6f693bfd23b15f");
    assert_string_equal(entry.sort_key, "debian");
    assert_string_equal(entry.kernel, "/boot/vmlinuz-6.1");
    assert_string_equal(entry.kernel_key, "linux");
    assert_string_equal(entry.options, "root=/dev/sda1 quiet splash");
    assert_string_equal(entry.initrds->path, "/boot/microcode.img");
    assert_string_equal(entry.initrds->argument, "");
    assert_string_equal(entry.initrds->next->path, "/boot/initrd.img");
    assert_string_equal(entry.initrds->next->argument, "compressed twice");
    assert_null(entry.initrds->next->next);
    assert_string_equal(entry.modules->path, "/boot/data.bin");
    assert_string_equal(entry.modules->argument, "first=1 second=2");
    assert_null(entry.problem);
    assert_false(entry.counted);
}

static void test_defaults(void **state)
{
    (void)state;
    parse("kernel kernel.elf\n");
    assert_string_equal(entry.title, "a");
    assert_string_equal(entry.version, "");
    assert_string_equal(entry.machine_id, "");
    assert_string_equal(entry.sort_key, "");
    assert_string_equal(entry.options, "");
    assert_null(entry.modules);
    assert_null(entry.initrds);
    assert_string_equal(entry.kernel, "kernel.elf");
    assert_string_equal(entry.kernel_key, "kernel");
    assert_null(entry.problem);
}

static void test_line_ends(void **state)
{
    (void)state;
    parse("\xef\xbb\xbftitle One\r\nkernel /k\r\n\r\n# two\r\nversion 2\r\n");
    assert_string_equal(entry.title, "One");
    assert_string_equal(entry.kernel, "/k");
    assert_string_equal(entry.version, "2");
    parse("title One\rkernel /k\r\r# two\rversion 2");
    assert_string_equal(entry.title, "One");
    assert_string_equal(entry.kernel, "/k");
    assert_string_equal(entry.version, "2");
    assert_null(entry.problem);
}

static void test_last_one_wins(void **state)
{
    (void)state;
    parse("title One\ntitle Two\nlinux /a\nkernel /b\n");
    assert_string_equal(entry.title, "Two");
    assert_string_equal(entry.kernel, "/b");
    assert_string_equal(entry.kernel_key, "kernel");
}

static void test_unknown_and_empty_keys(void **state)
{
    (void)state;
    parse("grub_users $grub_users\nTITLE no\ntitle\nkernel /k\noptions\nextra /e.new-kind\n");
    assert_string_equal(entry.title, "a");
    assert_string_equal(entry.kernel, "/k");
    assert_null(entry.problem);
    assert_string_equal(said, "");
}

static const struct {
    const char *text, *problem;
} damages[] = {
    {"title No kernel\n", "names no kernel: none of `kernel`, `linux`, `efi`, `uki`"},
    {"linux /l\n\noptioqs quiet\n", "is damaged: line 3 has the key optioqs and not options"},
    {"linux /l\ninitrd=/i\n", "is damaged: line 2 has the key initrd=/i and not initrd"},
    {"kernal /l\ntitle A\n", "is damaged: line 1 has the key kernal and not kernel"},
    {"linux /l\na 1\nb 2\n", "is damaged: lines that nobody knows: 2 of 3"},
};

/* Nobody knows what it said. */
static void test_damages(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(damages); i++) {
        parse(damages[i].text);
        assert_true(entry.damaged);
        assert_string_equal(entry.problem, damages[i].problem);
    }
    parse("architecture aa64\n");
    assert_false(entry.damaged);
}

static void test_extras(void **state)
{
    static const char *const names[] = {"/e.cred", "/e.CONFEXT.RAW", "/e.sysext.raw"};

    (void)state;
    parse("uki /u\nextra /e.cred\nextra /e.CONFEXT.RAW\ninitrd /i\nextra /x.cpio\nextra "
          "/e.sysext.raw\nextra /y.initrd\nextra /e.new-kind\n");
    assert_null(entry.problem);
    assert_false(entry.foreign);
    const struct entry_file *extra = entry.extras;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++, extra = extra->next)
        assert_string_equal(extra->path, names[i]);
    assert_null(extra);
    assert_string_equal(entry.initrds->next->path, "/x.cpio");
    assert_string_equal(entry.initrds->next->next->path, "/y.initrd");
    assert_null(entry.initrds->next->next->next);
}

static const struct {
    const char *text, *problem;
    bool foreign;
} problems[] = {
    {"", "names no kernel", false},
    {"title Nothing\n", "names no kernel", false},
    {"uki /u\nprofile two\n", "profile two", false},
    {"uki /u\nextra /e.addon.efi\n", "add-on /e.addon.efi by `extra`", false},
    {"uki-url http://x\n", "`uki-url`", true},
    {"linux /l\ndevicetree /d\n", "`devicetree`", true},
    {"linux /l\ndevicetree-overlay /d\n", "`devicetree-overlay`", true},
    {"linux /l\narchitecture aa64\nefi /e\n", "architecture aa64", true},
};

static void test_problems(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(problems); i++) {
        parse(problems[i].text);
        assert_non_null(entry.problem);
        assert_int_equal(entry.foreign, problems[i].foreign);
        if (!strstr(entry.problem, problems[i].problem))
            fail_msg("\"%s\" does not say %s", entry.problem, problems[i].problem);
    }
}

static void test_long_lines(void **state)
{
    static char text[3 * CONF_LINE_MAX];
    char *options;

    (void)state;
    options = text + sprintf(text, "kernel /k\noptions ");
    memset(options, 'x', CONF_LINE_MAX - strlen("options "));
    parse(text);
    assert_null(entry.problem);
    assert_int_equal(strlen(entry.options), CONF_LINE_MAX - strlen("options "));
    strcat(options, "x");
    parse(text);
    assert_string_equal(entry.options, "");
    assert_string_equal(entry.problem, "has a line 2 of more than 4096 bytes");
}

/* What the file holds stands as it is, and is cleaned where it is shown; but what is no text does
 * not boot. */
static void test_control_characters(void **state)
{
    static const char text[] = "title A\x1b[2J\xc2\x9b"
                               "B \xc3\xa9\nkernel /k\tk\n";

    (void)state;
    parse_as("b\x1b[31m.conf", text);
    assert_string_equal(entry.title, "A\x1b[2J\xc2\x9b"
                                     "B \xc3\xa9");
    assert_string_equal(entry.id, "b\x1b[31m");
    assert_string_equal(entry.kernel, "/k\tk");
    assert_true(entry.damaged);
    assert_string_equal(entry.problem, "is no text: its byte 7 is 1Bh");
    parse("title Z\xfcrich, 10 \xc2\x85\nkernel /k\n"); /* as Latin-1 has it */
    assert_false(entry.damaged);
    assert_null(entry.problem);
}

static const struct {
    const char *text;
    uint64_t bytes;
    const char *problem;
} no_texts[] = {
    {"\0\0\0\0\0", 5, "is no text: its byte 0 is 00h"},
    {"\xff\xff\xff\xff", 4, "is no text: its byte 0 is FFh"},
    {"kernel /k\n\x7f", 11, "is no text: its byte 10 is 7Fh"},
    {"kernel /k\0k\n", 12, "is no text: its byte 9 is 00h"},
    {"k\0e\0r\0n\0", 8, "is UTF-16 text: save it as UTF-8"},
    {"\0k\0e\0r\0n", 8, "is UTF-16 text: save it as UTF-8"},
    {"\xff\xfek\0", 4, "is UTF-16 text: save it as UTF-8"},
};

static void test_no_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(no_texts); i++) {
        assert_int_equal(entry_parse("a.conf", no_texts[i].text, no_texts[i].bytes, &arena, &entry),
                         OK);
        assert_true(entry.damaged);
        assert_string_equal(entry.problem, no_texts[i].problem);
        assert_string_equal(said, "");
    }
}

static const struct {
    const char *name, *id;
    bool exhausted;
} names[] = {
    {"a.conf", "a", false},       {"A.CONF", "A", false},
    {"a+3.conf", "a", false},     {"a+0.conf", "a", true},
    {"a+0-3.conf", "a", true},    {"a+2-1.conf", "a", false},
    {"a+.conf", "a+", false},     {"a+x.conf", "a+x", false},
    {"a+1-.conf", "a+1-", false}, {"a+1-2-3.conf", "a+1-2-3", false},
    {"a+b+00.conf", "a+b", true}, {"a+99999999999999999999.conf", "a+99999999999999999999", false},
    {"plain", "plain", false},
};

static void test_names_and_counters(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        parse_as(names[i].name, "kernel /k");
        assert_string_equal(entry.id, names[i].id);
        assert_int_equal(entry_is_exhausted(&entry), names[i].exhausted);
    }
}

/* ---- order ----------------------------------------------------------------------------------- */

/* In the order of the menu. */
static const struct {
    const char *name, *text;
} ordered[] = {
    {"z.conf", "sort-key a\nversion 10\n"},
    {"y.conf", "sort-key a\nversion 9\n"},
    {"x-2.conf", "sort-key a\nversion 9~rc1\n"},
    {"x-1.conf", "sort-key a\nversion 9~rc1\n"},
    {"c.conf", "sort-key a\nmachine-id 1\nversion 1\n"},
    {"b.conf", "sort-key a\nmachine-id 2\nversion 7\n"},
    {"a.conf", "sort-key b\n"},
    {"linux-6.10.conf", ""},
    {"linux-6.9.conf", "version 999\n"},
    {"linux-6.9~rc1.conf", ""},
    {"linux-6.8+3-0.conf", ""},
    {"linux-6.8+2-0.conf", ""},
    {"linux-6.8+2-1.conf", ""},
    {"zz+0.conf", "sort-key a\nversion 99\n"},
    {"zy+0.conf", "version 99\n"},
};

static void test_sort(void **state)
{
    enum { COUNT = ARRAY_LENGTH(ordered) };
    struct entry_item items[COUNT], *list;
    struct entry right[COUNT];

    (void)state;
    srand(1);
    for (size_t i = 0; i < COUNT; i++) {
        parse_as(ordered[i].name, ordered[i].text);
        right[i] = items[i].entry = entry;
    }
    for (int round = 0; round < 200; round++) {
        for (size_t i = COUNT - 1; i > 0; i--) {
            size_t j = (size_t)rand() % (i + 1);

            entry = items[i].entry;
            items[i].entry = items[j].entry;
            items[j].entry = entry;
        }
        for (size_t i = 0; i < COUNT; i++)
            items[i].next = i + 1 < COUNT ? &items[i + 1] : NULL;
        list = entries_sort(items);
        for (size_t i = 0; i < COUNT; i++, list = list->next)
            assert_string_equal(list->entry.id, right[i].id);
        assert_null(list);
    }
    assert_null(entries_sort(NULL));
}

/* Of one name the first that was found, and so the last in the list, comes first. */
static void test_sort_of_equals(void **state)
{
    struct entry_item items[9], *list;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(items); i++) {
        parse_as("a.conf", "kernel /k");
        items[i].entry = entry;
        items[i].next = i + 1 < ARRAY_LENGTH(items) ? &items[i + 1] : NULL;
    }
    list = entries_sort(items);
    for (size_t i = ARRAY_LENGTH(items); i > 0; i--, list = list->next)
        assert_ptr_equal(list, &items[i - 1]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_key),
        TEST(defaults),
        TEST(line_ends),
        TEST(last_one_wins),
        TEST(unknown_and_empty_keys),
        TEST(damages),
        TEST(extras),
        TEST(problems),
        TEST(long_lines),
        TEST(control_characters),
        TEST(no_text),
        TEST(names_and_counters),
        TEST(sort),
        TEST(sort_of_equals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
