/* The Boot Loader Interface, on a fake firmware that has variables. */
#include "common/entries/loader_interface.h"
#include "common/lib/mem.h"
#include "common/menu/menu.h"
#include "common/version.h"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* 4a67b082-0a4c-41cf-b6c7-440b29bb8c4f and 8be4df61-93ca-11d2-aa0d-00e098032b8c in memory */
static const uint8_t loader[16] =
    "\x82\xb0\x67\x4a\x4c\x0a\xcf\x41\xb6\xc7\x44\x0b\x29\xbb\x8c\x4f";
static const uint8_t global[16] =
    "\x61\xdf\xe4\x8b\xca\x93\xd2\x11\xaa\x0d\x00\xe0\x98\x03\x2b\x8c";

static struct firmware firmware;
static struct facts *facts;
static struct machine machine;
static struct loader_interface interface;
static struct config config;
static struct entry entries[4];
static enum err refuse_rename(const struct fs *fs, const struct fs_entry *directory,
                              const char *name, const char *to)
{
    (void)fs, (void)directory, (void)name, (void)to;
    return ERR_UNSUPPORTED;
}

static int begin(void **state)
{
    static const char *const ids[] = {"debian", "fedora", "z\xc3\xbcrich", "linux"};

    (void)state;
    facts = fake_begin(0);
    facts->firmware = LINTEL_FIRMWARE_UEFI;
    firmware = fake_firmware;
    firmware.get_variable = fake_get_variable;
    firmware.set_variable = fake_set_variable;
    firmware.restart = fake_restart;
    for (uint32_t i = 0; i < ARRAY_LENGTH(entries); i++)
        entries[i] = (struct entry){.id = (char *)ids[i],
                                    .title = (char *)ids[i],
                                    .suffix = i == 3 ? ".efi" : ".conf",
                                    .version = "",
                                    .options = "",
                                    .kernel = "/k",
                                    .kernel_key = "kernel"};
    machine = (struct machine){.facts = facts, .firmware = &firmware};
    interface = (struct loader_interface){.machine = &machine};
    config = (struct config){.entries = entries, .count = 4, .chosen = 0, .timeout = 5};
    arena_begin(&machine.arena, firmware.allocate);
    return 0;
}

/* What the operating system wrote: ASCII as UTF-16 with a final 0. */
static void preset(const char *name, const char *text)
{
    uint16_t units[200];
    uint32_t length = 0;

    do
        units[length] = (uint8_t)text[length];
    while (text[length++]);
    assert_int_equal(fake_set_variable(loader, name, true, units, 2 * length), OK);
}

/* Text, a 0 unit at its end; `kept` as the specification says. */
static void assert_text(const char *name, const char *text, bool kept)
{
    const struct fake_variable *variable = fake_variable(name);

    if (!variable)
        fail_msg("there is no %s", name);
    assert_memory_equal(variable->vendor, loader, 16);
    assert_int_equal(variable->kept, kept);
    assert_int_equal(variable->bytes, 2 * (strlen(text) + 1));
    for (uint64_t i = 0; i < variable->bytes / 2; i++)
        if (load16(variable->value + 2 * i) != (uint8_t)text[i])
            fail_msg("%s is not \"%s\"", name, text);
}

/* ---- what is told ---------------------------------------------------------------------------- */

static void tells_who_boots(void **state)
{
    (void)state;
    facts->firmware_type = "UEFI 2.70";
    facts->firmware_name = "EDK II 1.00";
    facts->loader_path = "\\EFI\\BOOT\\BOOTX64.EFI";
    facts->origin.has_guid = true;
    memcpy(facts->origin.guid, "\xaf\x3d\xc6\x0f\x34\x12\x78\x56\x9a\xbc\x8e\x79\xdc\xde\xf0\x12",
           16);
    loader_interface_tell(&interface, &config, &entries[1]);
    assert_text("LoaderInfo", "Lintel " LINTEL_VERSION, false);
    assert_text("LoaderFirmwareType", "UEFI 2.70", false);
    assert_text("LoaderFirmwareInfo", "EDK II 1.00", false);
    assert_text("LoaderImageIdentifier", "\\EFI\\BOOT\\BOOTX64.EFI", false);
    assert_text("LoaderDevicePartUUID", "0fc63daf-1234-5678-9abc-8e79dcdef012", false);
    const struct fake_variable *features = fake_variable("LoaderFeatures");
    assert_int_equal(features->bytes, 8);
    assert_int_equal(load64(features->value), 0x1633f);
}

static void tells_the_entries(void **state)
{
    (void)state;
    static const char names[] = "debian.conf\0fedora.conf\0z\xfcrich.conf\0linux.efi";

    loader_interface_tell(&interface, &config, &entries[1]);
    const struct fake_variable *variable = fake_variable("LoaderEntries");
    assert_int_equal(variable->bytes, 2 * sizeof names);
    for (size_t i = 0; i < sizeof names; i++)
        assert_int_equal(load16(variable->value + 2 * i), (uint8_t)names[i]);
}

static void tells_nothing_that_it_does_not_know(void **state)
{
    (void)state;
    loader_interface_tell(&interface, &config, &entries[1]);
    assert_null(fake_variable("LoaderFirmwareInfo"));
    assert_null(fake_variable("LoaderImageIdentifier"));
    assert_null(fake_variable("LoaderDevicePartUUID"));
    assert_null(fake_variable("LoaderTimeInitUSec"));
}

/* In microseconds of the TSC, without an overflow on the way. */
static void tells_times(void **state)
{
    (void)state;
    facts->tsc_hz = 3000000000;
    facts->first_tsc = UINT64_C(3000000000) * 1000000 + 4500000;
    loader_interface_tell(&interface, &config, &entries[1]);
    assert_text("LoaderTimeInitUSec", "1000000001500", false);
    assert_null(fake_variable("LoaderTimeMenuUSec"));
    assert_null(fake_variable("LoaderTimeExecUSec"));
    loader_interface_tell_execution(&interface);
    assert_non_null(fake_variable("LoaderTimeExecUSec"));
}

static void tells_what_was_chosen(void **state)
{
    (void)state;
    facts->tsc_hz = 1000000;
    interface.menu_tsc = 2500000;
    loader_interface_tell(&interface, &config, &entries[1]);
    assert_text("LoaderEntrySelected", "fedora.conf", false);
    assert_text("LoaderTimeMenuUSec", "2500000", false);
}

/* The name that lies on the disk, where systemd can change it; no name of an entry that did not
 * start.
 */
static void tells_what_is_counted(void **state)
{
    static const struct fs_driver driver = {.rename = refuse_rename}, other = {.name = "another"};
    struct fs fs = {.driver = &driver}, other_fs = {.driver = &other};

    (void)state;
    config.counting = true;
    entries[1].fs = entries[2].fs = &fs;
    entries[1].counted = true;
    entries[1].path = (char *)"/loader/entries/fedora+2-1.conf";
    loader_interface_tell(&interface, &config, &entries[1]);
    assert_text("LoaderBootCountPath", "\\loader\\entries\\fedora+2-1.conf", false);
    loader_interface_tell(&interface, &config, &entries[2]);
    assert_null(fake_variable("LoaderBootCountPath"));
    entries[1].fs = &other_fs;
    loader_interface_tell(&interface, &config, &entries[1]);
    entries[1].fs = &fs;
    config.counting = false;
    loader_interface_tell(&interface, &config, &entries[1]);
    assert_null(fake_variable("LoaderBootCountPath"));
}

/* ---- what is obeyed -------------------------------------------------------------------------- */

static void obeys_a_default(void **state)
{
    (void)state;
    preset("LoaderEntryDefault", "fedora.conf");
    loader_interface_obey(&interface, &config);
    assert_int_equal(config.chosen, 1);
    assert_int_equal(config.timeout, 5);
    assert_text("LoaderEntryDefault", "fedora.conf", true);
}

static void obeys_one_shots_once(void **state)
{
    (void)state;
    preset("LoaderEntryDefault", "fedora.conf");
    preset("LoaderEntryOneShot", "linux.efi");
    preset("LoaderConfigTimeout", "9");
    preset("LoaderConfigTimeoutOneShot", "menu-force");
    loader_interface_obey(&interface, &config);
    assert_int_equal(config.chosen, 3);
    assert_int_equal(config.timeout, -1);
    assert_null(fake_variable("LoaderEntryOneShot"));
    assert_null(fake_variable("LoaderConfigTimeoutOneShot"));
    loader_interface_obey(&interface, &config);
    assert_int_equal(config.chosen, 1);
    assert_int_equal(config.timeout, 9);
}

static void obeys_every_timeout(void **state)
{
    static const struct {
        const char *text;
        int32_t timeout, once;
    } cases[] = {{"0", 0, -1},
                 {"1", 1, 1},
                 {"999999999", 999999999, 999999999},
                 {"menu-hidden", 0, 0},
                 {"menu-disabled", 0, 0},
                 {"menu-force", -1, -1},
                 {"4294967295", -1, -1},
                 {"", 5, 5},
                 {"-1", -1, -1},
                 {"10 s", -1, -1},
                 {"menu-forcf", -1, -1},
                 {"4294967296", -1, -1}};

    for (size_t i = 0; i < 2 * ARRAY_LENGTH(cases); i++) {
        bool once = i % 2;

        fake_end();
        begin(state);
        preset(once ? "LoaderConfigTimeoutOneShot" : "LoaderConfigTimeout", cases[i / 2].text);
        loader_interface_obey(&interface, &config);
        assert_int_equal(config.timeout, once ? cases[i / 2].once : cases[i / 2].timeout);
    }
}

static void asks_when_nothing_is_named(void **state)
{
    (void)state;
    static uint8_t noise[1024];

    preset("LoaderEntryDefault", "gone.conf");
    loader_interface_obey(&interface, &config);
    assert_int_equal(config.chosen, 0);
    assert_string_equal(config.default_doubt, "LoaderEntryDefault gone.conf matches no entry");
    preset("LoaderEntryOneShot", "fed*");
    loader_interface_obey(&interface, &config);
    assert_int_equal(config.chosen, 1);
    assert_null(config.default_doubt);
    config.chosen = 0;

    memset(noise, 0xd8, sizeof noise); /* halves of surrogate pairs, without an end */
    for (uint64_t bytes = 1; bytes < sizeof noise; bytes += 7) {
        fake_set_variable(loader, "LoaderEntryOneShot", true, noise, bytes);
        fake_set_variable(loader, "LoaderConfigTimeoutOneShot", true, noise, bytes);
        config.doubt = config.default_doubt = NULL;
        loader_interface_obey(&interface, &config);
        assert_int_equal(config.chosen, 0);
        assert_non_null(config.doubt);
        assert_non_null(config.default_doubt);
    }
}

static void asks_for_what_can_not_be_read(void **state)
{
    (void)state;
    entries[1].damaged = true;
    entries[1].problem = "can't be read";
    preset("LoaderEntryDefault", "fedora.conf");
    loader_interface_obey(&interface, &config);
    assert_string_equal(config.default_doubt, "LoaderEntryDefault fedora.conf may mean the entry "
                                              "fedora, which can't be read");
    static uint8_t long_name[1000];
    memset(long_name, 'a', sizeof long_name);
    config.default_doubt = NULL;
    fake_set_variable(loader, "LoaderEntryDefault", true, NULL, 0);
    fake_set_variable(loader, "LoaderEntryOneShot", true, long_name, sizeof long_name);
    loader_interface_obey(&interface, &config);
    assert_non_null(strstr(config.default_doubt, "LoaderEntryOneShot can't be read: "));
    assert_int_not_equal(strlen(strstr(config.default_doubt, "read: ")), strlen("read: "));
    assert_null(fake_variable("LoaderEntryOneShot"));
    preset("LoaderEntryDefault", "@saved");
    preset("LoaderEntryLastBooted", "gone.conf");
    loader_interface_obey(&interface, &config);
    assert_string_equal(config.default_doubt, "LoaderEntryLastBooted gone.conf matches no entry");
}

static void asks_for_a_timeout_that_nobody_understands(void **state)
{
    (void)state;
    preset("LoaderConfigTimeout", "menu-forcf");
    loader_interface_obey(&interface, &config);
    assert_int_equal(config.timeout, -1);
    assert_string_equal(config.doubt, "LoaderConfigTimeout menu-forcf is neither seconds nor "
                                      "menu-force, menu-hidden, menu-disabled: the menu waits");
    config.doubt = NULL;
    fake_set_variable(loader, "LoaderConfigTimeout", true, "3", 1);
    loader_interface_obey(&interface, &config);
    assert_string_equal(config.doubt,
                        "LoaderConfigTimeout can't be read: its 1 bytes are no UTF-16 text");
}

static enum err never_drop(const uint8_t vendor[16], const char *name, bool kept, const void *value,
                           uint64_t bytes)
{
    return bytes ? fake_set_variable(vendor, name, kept, value, bytes) : ERR_IO;
}

/* A machine that restarts at each start is lost. */
static void asks_for_a_restart_that_stays(void **state)
{
    (void)state;
    entries[1].kind = ENTRY_RESTART;
    preset("LoaderEntryOneShot", "fedora");
    loader_interface_obey(&interface, &config);
    assert_null(config.default_doubt);
    preset("LoaderEntryOneShot", "fedora");
    firmware.set_variable = never_drop;
    loader_interface_obey(&interface, &config);
    assert_string_equal(config.default_doubt, "LoaderEntryOneShot fedora would for ever be fedora");
    preset("LoaderEntryOneShot", "debian");
    loader_interface_obey(&interface, &config);
    assert_null(config.default_doubt);
    assert_int_equal(config.chosen, 0);
}

/* As FAT allows it, and each character three bytes in UTF-8. */
static void obeys_a_long_name(void **state)
{
    static char name[3 * 250 + 1];
    uint16_t units[256] = {0};

    (void)state;
    for (uint32_t i = 0; i < 250; i++) {
        memcpy(name + 3 * i, "\xe2\x82\xac", 3);
        units[i] = 0x20ac;
    }
    entries[2].id = name;
    memcpy(units + 250, u".conf", 10);
    fake_set_variable(loader, "LoaderEntryOneShot", true, units, 2 * 256);
    loader_interface_obey(&interface, &config);
    assert_int_equal(config.chosen, 2);
    assert_null(config.default_doubt);
    loader_interface_tell(&interface, &config, &entries[2]);
    assert_int_equal(fake_variable("LoaderEntrySelected")->bytes, 2 * 256);
}

/* ---- @saved ---------------------------------------------------------------------------------- */

static void saves_what_was_booted(void **state)
{
    (void)state;
    preset("LoaderEntryDefault", "@saved");
    loader_interface_obey(&interface, &config);
    assert_int_equal(config.chosen, 0);
    loader_interface_save(&interface, &entries[3]);
    assert_text("LoaderEntryLastBooted", "linux.efi", true);
    loader_interface_obey(&interface, &config);
    assert_int_equal(config.chosen, 3);
    loader_interface_save(&interface, &entries[3]);
    assert_int_equal(fake_variable("LoaderEntryLastBooted")->writes, 1);
    loader_interface_save(&interface, &entries[1]);
    assert_int_equal(fake_variable("LoaderEntryLastBooted")->writes, 2);
}

static void saves_when_the_configuration_says_so(void **state)
{
    (void)state;
    config.default_glob = "@saved";
    preset("LoaderEntryLastBooted", "fedora.conf");
    loader_interface_obey(&interface, &config);
    assert_int_equal(config.chosen, 1);
    loader_interface_save(&interface, &entries[0]);
    assert_text("LoaderEntryLastBooted", "debian.conf", true);
}

static void asks_for_a_saved_entry_that_can_not_be_read(void **state)
{
    (void)state;
    config.default_glob = "@saved";
    fake_set_variable(loader, "LoaderEntryLastBooted", true, "fedora", 5);
    loader_interface_obey(&interface, &config);
    assert_string_equal(config.default_doubt,
                        "LoaderEntryLastBooted can't be read: its 5 bytes are no UTF-16 text");
}

static void asks_where_nothing_can_be_saved(void **state)
{
    (void)state;
    machine.firmware = &fake_firmware;
    config.default_glob = "@saved";
    loader_interface_obey(&interface, &config);
    assert_string_equal(config.default_doubt,
                        "default @saved: this firmware has no place where an entry is saved");
}

/* ---- keys of the menu ------------------------------------------------------------------------ */

static void keeps_a_default(void **state)
{
    (void)state;
    assert_int_equal(loader_interface_make_default(&machine, &entries[1]), OK);
    assert_text("LoaderEntryDefault", "fedora.conf", true);
}

static uint32_t commits;
static enum err commit_result;

static enum err commit(void)
{
    commits++;
    return commit_result;
}

/* On a BIOS nothing is kept before it is committed. */
static void commits_what_is_to_be_kept(void **state)
{
    (void)state;
    firmware.commit_variables = commit;
    commits = 0;
    commit_result = OK;
    assert_int_equal(loader_interface_make_default(&machine, &entries[1]), OK);
    assert_int_equal(commits, 1);
    loader_interface_tell_execution(&interface);
    assert_int_equal(commits, 2);
    commit_result = ERR_IO;
    assert_int_equal(loader_interface_make_default(&machine, &entries[1]), ERR_IO);
    assert_int_equal(loader_interface_commit(&machine), ERR_IO);
    machine.firmware = &fake_firmware;
    assert_int_equal(loader_interface_commit(&machine), OK);
}

static void enters_the_setup(void **state)
{
    (void)state;
    uint64_t supported = 0x41, wishes = 0x20;

    fake_set_variable(global, "OsIndicationsSupported", false, &supported, sizeof supported);
    fake_set_variable(global, "OsIndications", true, &wishes, sizeof wishes);
    int way_out = setjmp(fake_way_out);
    if (!way_out)
        loader_interface_enter_setup(&machine);
    assert_int_equal(way_out, FAKE_RESTARTED);
    assert_int_equal(load64(fake_variable("OsIndications")->value), 0x21);
    assert_true(fake_variable("OsIndications")->kept);
}

static void does_not_restart_for_nothing(void **state)
{
    (void)state;
    uint64_t supported = 0x40;

    assert_int_equal(loader_interface_enter_setup(&machine), ERR_UNSUPPORTED);
    fake_set_variable(global, "OsIndicationsSupported", false, &supported, sizeof supported);
    assert_int_equal(loader_interface_enter_setup(&machine), ERR_UNSUPPORTED);
    assert_null(fake_variable("OsIndications"));
}

static void is_silent_on_a_bios(void **state)
{
    (void)state;
    machine.firmware = &fake_firmware;
    facts->firmware = LINTEL_FIRMWARE_BIOS;
    facts->tsc_hz = 1000000;
    loader_interface_obey(&interface, &config);
    loader_interface_tell(&interface, &config, &entries[1]);
    loader_interface_save(&interface, &entries[1]);
    loader_interface_tell_execution(&interface);
    assert_int_equal(loader_interface_make_default(&machine, &entries[1]), ERR_UNSUPPORTED);
    assert_int_equal(loader_interface_enter_setup(&machine), ERR_UNSUPPORTED);
}

/* ---- the menu with them ---------------------------------------------------------------------- */

/* `d` on the second entry, then the way out. */
static void the_menu_makes_a_default(void **state)
{
    struct volumes volumes = {.machine = &machine};
    struct entry chosen;
    struct menu *menu;

    (void)state;
    assert_int_equal(menu_begin(&machine, &volumes, &config, &interface, &menu), OK);
    fake_press(KEY_DOWN);
    fake_type("d\r");
    fake_type("q\r");
    assert_false(menu_choose(menu, NULL, &chosen));
    assert_int_equal(config.chosen, 1);
    assert_text("LoaderEntryDefault", "fedora.conf", true);
    assert_non_null(strstr(fake_output(), "fedora boots by default from now on."));
    assert_non_null(strstr(fake_output(), "r: firmware setup"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, fake_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tells_who_boots),
        TEST(tells_the_entries),
        TEST(tells_nothing_that_it_does_not_know),
        TEST(tells_times),
        TEST(tells_what_was_chosen),
        TEST(tells_what_is_counted),
        TEST(obeys_a_default),
        TEST(obeys_one_shots_once),
        TEST(obeys_every_timeout),
        TEST(asks_when_nothing_is_named),
        TEST(asks_for_what_can_not_be_read),
        TEST(asks_for_a_timeout_that_nobody_understands),
        TEST(asks_for_a_restart_that_stays),
        TEST(obeys_a_long_name),
        TEST(asks_for_a_saved_entry_that_can_not_be_read),
        TEST(asks_where_nothing_can_be_saved),
        TEST(saves_what_was_booted),
        TEST(saves_when_the_configuration_says_so),
        TEST(keeps_a_default),
        TEST(commits_what_is_to_be_kept),
        TEST(enters_the_setup),
        TEST(does_not_restart_for_nothing),
        TEST(is_silent_on_a_bios),
        TEST(the_menu_makes_a_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
