/* Unified kernel images: their sections by profile, and the entries that they make. */
#include "common/entries/entry.h"
#include "common/format/os_release.h"
#include "common/format/uki.h"
#include "test/unit/attempt_scene.h"
#include "test/unit/bzimage.h"
#include "test/unit/pe_image.h"

static struct arena arena;
static struct reader reader;
static struct uki uki;

static int set_up(void **state)
{
    (void)state;
    fake_begin(0);
    arena_begin(&arena, fake_firmware.allocate);
    pe_begin();
    return 0;
}

static enum err open_profile(uint32_t profile)
{
    reader = reader_from_memory("/u.efi", pe_bytes, pe_size);
    return uki_open(&reader, profile, &arena, &uki);
}

static void assert_says(const char *message)
{
    if (!strstr(err_message(), message))
        fail_msg("\"%s\" does not say \"%s\"", err_message(), message);
}

static void assert_text(const char *section, const char *wanted)
{
    char *text;

    assert_int_equal(uki_text(&uki, section, &arena, &text), OK);
    assert_string_equal(text, wanted);
}

/* ---- images ---------------------------------------------------------------------------------- */

static void test_plain(void **state)
{
    struct reader_part part;
    char bytes[6];

    (void)state;
    pe_add(".cmdline", "quiet \r\n\0", 9);
    pe_add_text(".linux", "kernel");
    assert_int_equal(open_profile(0), OK);
    assert_text(".cmdline", "quiet");
    assert_text(".initrd", "");
    assert_null(uki_find(&uki, ".initrd"));
    assert_int_equal(uki_part(&uki, uki_find(&uki, ".linux"), &arena, &part), OK);
    assert_string_equal(part.reader.name, "/u.efi (.linux)");
    assert_int_equal(part.reader.bytes, 6);
    assert_int_equal(reader_read(&part.reader, 1, 5, bytes), OK);
    assert_memory_equal(bytes, "ernel", 5);
    assert_int_equal(reader_read(&part.reader, 1, 6, bytes), ERR_FORMAT);
    assert_int_equal(open_profile(1), ERR_NOT_FOUND);
    assert_says("/u.efi has no profile 1");
}

static void test_profiles(void **state)
{
    (void)state;
    pe_add_text(".linux", "kernel");
    pe_add_text(".cmdline", "base");
    pe_add_text(".profile", "ID=main");
    pe_add_text(".profile", "ID=second");
    pe_add_text(".cmdline", "second");
    pe_add_text(".profile", "ID=third");
    pe_add_text(".linux", "another");
    assert_int_equal(open_profile(0), OK);
    assert_text(".cmdline", "base");
    assert_text(".profile", "ID=main");
    assert_int_equal(open_profile(1), OK);
    assert_text(".cmdline", "second");
    assert_text(".linux", "kernel");
    assert_int_equal(open_profile(2), OK);
    assert_text(".cmdline", "base");
    assert_text(".linux", "another");
    assert_int_equal(open_profile(3), ERR_NOT_FOUND);
    assert_int_equal(open_profile(UINT32_MAX), ERR_NOT_FOUND);
}

static void test_refused(void **state)
{
    (void)state;
    pe_add_text(".cmdline", "quiet");
    assert_int_equal(open_profile(0), ERR_NOT_FOUND);
    assert_says("no section .linux");
    assert_false(uki_recognise(&reader, &arena));
    pe_add_text(".linux", "kernel");
    pe_store(pe_row(1) + 12, 0x1000, 4);
    assert_int_equal(open_profile(0), ERR_FORMAT);
    assert_says("overlap");
    assert_true(uki_recognise(&reader, &arena));
}

/* ---- entries --------------------------------------------------------------------------------- */

static struct entry_item *list;
static struct entry entry; /* the first */

static enum err read_entries(const char *file)
{
    list = NULL;
    TRY(entries_from_uki(file, "/EFI/Linux/x", &reader, &arena, &list));
    const struct entry_item *item = list;
    while (item->next)
        item = item->next;
    entry = item->entry;
    return OK;
}

static enum err make_entry(const char *file, const char *release, const char *uname)
{
    pe_begin();
    pe_add_text(".linux", "kernel");
    if (release)
        pe_add_text(".osrel", release);
    if (uname)
        pe_add_text(".uname", uname);
    pe_add_text(".cmdline", "quiet\n");
    reader = reader_from_memory("/EFI/Linux/x", pe_bytes, pe_size);
    return read_entries(file);
}

static void test_entry(void **state)
{
    (void)state;
    assert_int_equal(make_entry("debian-6.1+2-1.EFI",
                                "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=Debian\n"
                                "VERSION_ID=\"12\"\nBUILD_ID=b\nID=debian\n",
                                "6.1.0"),
                     OK);
    assert_string_equal(entry.id, "debian-6.1");
    assert_string_equal(entry.suffix, ".efi");
    assert_string_equal(entry.title, "Debian GNU/Linux 12 (bookworm)");
    assert_string_equal(entry.version, "12");
    assert_string_equal(entry.sort_key, "debian");
    assert_string_equal(entry.kernel_key, "uki");
    assert_string_equal(entry.kernel, "/EFI/Linux/x");
    assert_string_equal(entry.options, "");
    assert_string_equal(entry.own_options, "quiet");
    assert_false(entry_is_exhausted(&entry));
    assert_null(entry.problem);
    assert_null(list->next);
}

static void assert_entry(const struct entry *is, const char *suffix, const char *title,
                         const char *options)
{
    assert_string_equal(is->id, "u");
    assert_string_equal(is->suffix, suffix);
    assert_string_equal(is->title, title);
    assert_string_equal(is->own_options, options);
    assert_string_equal(is->sort_key, "debian");
}

static void test_an_entry_for_each_profile(void **state)
{
    (void)state;
    assert_int_equal(make_entry("u.efi", "NAME=Debian\nID=debian\n", NULL), OK);
    pe_add_text(".profile", "TITLE=\"Regular boot\"\n");
    pe_add_text(".profile", "ID=factory-reset\n");
    pe_add_text(".cmdline", "reset");
    pe_add_text(".profile", "");
    reader = reader_from_memory("/EFI/Linux/x", pe_bytes, pe_size);
    assert_int_equal(read_entries("u.efi"), OK);
    assert_entry(&entry, ".efi", "Debian (Regular boot)", "quiet");
    assert_null(entry.profile);
    assert_entry(&list->next->entry, ".efi@1", "Debian (factory-reset)", "reset");
    assert_string_equal(list->next->entry.profile, "1");
    assert_entry(&list->entry, ".efi@2", "Debian (profile 2)", "quiet");
    assert_string_equal(list->entry.profile, "2");
    assert_ptr_equal(list->next->next->next, NULL);
}

static const struct {
    const char *release, *uname, *title, *version, *sort_key;
} sayings[] = {
    {NULL, NULL, "u", "", ""},
    {NULL, "6.1\n", "u", "6.1", ""},
    {"ID=arch\nBUILD_ID=rolling\n", "6.9", "arch", "rolling", "arch"},
    {"ID=a\nIMAGE_ID=appliance\nIMAGE_VERSION=7\nVERSION_ID=1\n", NULL, "appliance", "7",
     "appliance"},
    {"PRETTY_NAME=A\033[2J\n", "\033[31m", "A\033[2J", "\033[31m", ""},
};

static void test_what_images_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(sayings); i++) {
        assert_int_equal(make_entry("u+0.efi", sayings[i].release, sayings[i].uname), OK);
        assert_string_equal(entry.title, sayings[i].title);
        assert_string_equal(entry.version, sayings[i].version);
        assert_string_equal(entry.sort_key, sayings[i].sort_key);
        assert_true(entry_is_exhausted(&entry));
    }
}

/* Another program is none; what is damaged may be what the default means. */
static void test_damaged_image(void **state)
{
    (void)state;
    assert_int_equal(make_entry("u.efi", "ID=x", NULL), OK);
    pe_store(pe_row(1) + 12, 0x1000, 4);
    assert_int_equal(read_entries("u.efi"), ERR_FORMAT);
    assert_says("overlap");
    reader = reader_from_memory("/EFI/Linux/x", "no PE file", 10);
    assert_int_equal(read_entries("u.efi"), ERR_FORMAT);
    pe_begin();
    pe_add_text(".text", "a shell");
    reader = reader_from_memory("/EFI/Linux/x", pe_bytes, pe_size);
    assert_int_equal(read_entries("u.efi"), ERR_NOT_FOUND);
}

static void assert_command_line(const char *section, size_t bytes, const char *text)
{
    char *line;

    pe_begin();
    pe_add_text(".linux", "kernel");
    pe_add(".cmdline", section, bytes);
    reader = reader_from_memory("/u.efi", pe_bytes, pe_size);
    assert_int_equal(uki_open(&reader, 0, &arena, &uki), OK);
    assert_int_equal(uki_command_line(&uki, &arena, &line), OK);
    assert_string_equal(line, text);
}

/* One line, as systemd's stub makes of it; the same that the menu shows, and the editor changes. */
static void test_command_line(void **state)
{
    static const char two[] = "\r\n console=ttyS0 quiet\nfoo=bar\tbaz\n\n",
                      zero[] = "quiet\0junk=1\n";

    (void)state;
    assert_command_line(two, sizeof two, "console=ttyS0 quiet foo=bar baz");
    assert_command_line(zero, sizeof zero, "quiet");
    assert_command_line("\n \n", 3, "");
    pe_begin();
    pe_add_text(".linux", "kernel");
    pe_add(".cmdline", "q\0u\0i\0e\0t\0", 10);
    reader = reader_from_memory("/EFI/Linux/x", pe_bytes, pe_size);
    assert_int_equal(read_entries("u.efi"), ERR_FORMAT);
    assert_says("its section .cmdline is UTF-16 text");
}

static void test_a_section_twice(void **state)
{
    (void)state;
    pe_add_text(".linux", "kernel");
    pe_add_text(".initrd", "one");
    pe_add_text(".profile", "ID=main");
    pe_add_text(".initrd", "two");
    pe_add_text(".profile", "ID=second");
    assert_int_equal(open_profile(0), OK);
    assert_null(uki_find_twice(&uki));
    pe_add_text(".cmdline", "a");
    pe_add_text(".cmdline", "b");
    assert_int_equal(open_profile(0), OK);
    assert_null(uki_find_twice(&uki));
    assert_int_equal(open_profile(1), OK);
    assert_string_equal(uki_find_twice(&uki), ".cmdline");
}

/* ---- started by the firmware ----------------------------------------------------------------- */

static char started[32]; /* with these options */
static uint64_t offered; /* bytes */
static struct entry_file *extras;

static enum err start(const struct program *program)
{
    strncpy(started, program->options, sizeof started - 1);
    offered = program->initrd_bytes;
    return OK;
}

static enum err start_profile(char *profile)
{
    fake_end();
    scene_begin(16 * MIB, "/u.efi");
    scene_add("/u.efi", pe_bytes, pe_size);
    scene.firmware.start = start;
    scene.entry.options = "quiet";
    scene.entry.profile = profile;
    scene.entry.extras = extras;
    scene_add("/x.cred", "12345", 5);
    enum err err = scene_carry_out();
    assert_int_equal(fake_reserved_pages(), 0);
    return err;
}

/* What a stub that knows no profiles is given has to be the command line alone. */
static void test_profile_for_the_stub(void **state)
{
    (void)state;
    pe_add_text(".linux", "kernel");
    assert_int_equal(start_profile(NULL), OK);
    assert_string_equal(started, "quiet");
    assert_int_equal(start_profile("0"), OK);
    assert_string_equal(started, "quiet");
    assert_int_equal(start_profile("1"), ERR_NOT_FOUND);
    assert_says("/u.efi has no profile 1");
    pe_add_text(".profile", "ID=main");
    pe_add_text(".profile", "ID=second");
    assert_int_equal(start_profile("1"), OK);
    assert_string_equal(started, "@1 quiet");
}

/* The stub joins them with its own initrds. */
static void test_extras_for_the_stub(void **state)
{
    struct entry_file extra = {.path = "/x.cred", .argument = ""};

    (void)state;
    pe_add_text(".linux", "kernel");
    extras = &extra;
    enum err err = start_profile(NULL);
    extras = NULL;
    assert_int_equal(err, OK);
    assert_int_equal(offered, 120 + 132 + 136 + 8 + 124);
    assert_int_equal(start_profile(NULL), OK);
    assert_int_equal(offered, 0);
}

static void test_no_initrd_for_the_stub(void **state)
{
    struct entry_file initrd = {.path = "more.img", .argument = ""};

    (void)state;
    pe_add_text(".linux", "kernel");
    assert_int_equal(start_profile(NULL), OK);
    scene.entry.initrds = &initrd;
    scene_refuse(ERR_UNSUPPORTED, "has its own initrd: UEFI starts it without `initrd`");
}

/* ---- its sections, on a BIOS ----------------------------------------------------------------- */

static struct entry_file more = {.path = "more.img", .argument = ""};

static void begin_bios(void)
{
    fake_end();
    scene_begin(16 * MIB, "/u.efi");
    scene_add("/u.efi", pe_bytes, pe_size);
    scene_add("more.img", "add", 3);
    scene.entry.initrds = &more;
}

static const uint8_t *boot_on_bios(char *options)
{
    begin_bios();
    scene.entry.options = options;
    return at_physical(scene_boot()->registers.rsi);
}

static void test_sections_on_a_bios(void **state)
{
    (void)state;
    bz_build(FAKE_MEMORY_BASE + 4 * MIB);
    pe_add(".linux", bz, BZ_BYTES);
    pe_add_text(".initrd", "seven b");
    pe_add_text(".ucode", "four");
    pe_add_text(".cmdline", "quiet\n");
    const uint8_t *page = boot_on_bios("");
    assert_memory_equal(bz + BZ_SETUP, at_physical(FAKE_MEMORY_BASE + 4 * MIB), BZ_PAYLOAD);
    assert_int_equal(load32(page + 0x21c), 16);
    assert_memory_equal("fourseven b\0add\0", at_physical(load32(page + 0x218)), 16);
    assert_string_equal("quiet", at_physical(load32(page + 0x228)));
    page = boot_on_bios("loud");
    assert_string_equal("loud", at_physical(load32(page + 0x228)));
}

static void test_no_kernel_for_a_bios(void **state)
{
    (void)state;
    pe_add(".linux", "", 0);
    begin_bios();
    scene_refuse(ERR_FORMAT, "/u.efi: its section .linux is empty");
    pe_begin();
    pe_add_text(".linux", "kernel");
    begin_bios();
    scene_refuse(ERR_FORMAT, "/u.efi (.linux): no Linux kernel: it ends at byte 6");
}

static const struct {
    const char *text, *value;
} releases[] = {
    {"", ""},
    {"NAMES=x\nXNAME=y\n", ""},
    {"NAME=plain", "plain"},
    {"NAME=first\n  NAME=second \r\n#NAME=third\n", "second"},
    {"NAME=\"a \\\"b\\\" \\$c\"\n", "a \"b\" $c"},
    {"NAME='it\\s'\n", "it\\s"},
    {"NAME=\"never closed\n", "never closed"},
    {"NAME=\"ends in \\", "ends in \\"},
    {"NAME=\"\"\n", ""},
    {"NAME=\n", ""},
};

static void test_os_release(void **state)
{
    char *value;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(releases); i++) {
        assert_int_equal(os_release_get(releases[i].text, "NAME", &arena, &value), OK);
        assert_string_equal(value, releases[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_plain, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_profiles, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_an_entry_for_each_profile, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_entry, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_what_images_say, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_damaged_image, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_command_line, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_a_section_twice, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_profile_for_the_stub, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_extras_for_the_stub, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_no_initrd_for_the_stub, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_sections_on_a_bios, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_no_kernel_for_a_bios, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_os_release, set_up, fake_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
