/* An installation on a UEFI machine, in a tree of files that plays its ESP and its variables: from
 * the first trial to the last file, and back. */
#include "common/lib/mem.h"
#include "common/storage/state_variable.h"
#include "images/tool/image/embedded.h"
#include "images/tool/live/esp.h"
#include "images/tool/live/nvram.h"
#include "test/unit/scratch.h"
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#define GLOBAL   "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define EFIVARS  "root/sys/firmware/efi/efivars"
#define LOADER   "root/boot/efi/EFI/lintel/lintelx64.efi"
#define TRIAL    "root/boot/efi/EFI/lintel/trialx64.efi"
#define FALLBACK "root/boot/efi/EFI/BOOT/BOOTX64.EFI"

/* This program's loader: all of it that is looked into is whether it is signed. */
static uint8_t version1[512] = {[0x3c] = 64, [510] = 1}, version2[512] = {[0x3c] = 64, [510] = 2};
static uint8_t this_loader[512];
const struct content embedded_efi = {this_loader, sizeof this_loader};
static struct live live;
static bool done;

/* ---- the machine ----------------------------------------------------------------------------- */

static void use_version(const uint8_t *bytes)
{
    memcpy(this_loader, bytes, sizeof this_loader);
}

/* GRUB is Boot0001, and something dangles in the order. */
static void make_machine(void)
{
    use_version(version1);
    run("chmod -R u+w root 2>/dev/null; rm -rf root && "
        "mkdir -p " EFIVARS " root/boot/efi/EFI/debian root/proc/sys/kernel/random && "
        "echo grub >root/boot/efi/EFI/debian/grubx64.efi && "
        "printf '\\7\\0\\0\\0\\1\\0\\0\\0' >" EFIVARS "/BootOrder-" GLOBAL " && "
        "printf '\\7\\0\\0\\0grub' >" EFIVARS "/Boot0001-" GLOBAL);
    live = (struct live){.uefi = true,
                         .esp = {.folder = "/boot/efi",
                                 .type = "vfat",
                                 .disk = "/dev/vda",
                                 .number = 1,
                                 .first_lba = 2048,
                                 .sectors = 4096,
                                 .sector_bytes = 512,
                                 .guid = {1, 2, 3}}};
}

/* What is restored; its times are not. */
static void keep(const char *name)
{
    run("rm -rf %s && mkdir %s && cp -r root/boot %s root/sys/firmware/efi/efivars %s", name, name,
        "", name);
}

static void expect_same(const char *name, const char *other)
{
    run("diff -r %s %s", name, other);
}

/* The next start of the system: the loader in that file of the ESP has started it, as it says. */
static void start(const char *path)
{
    static unsigned starts;
    uint16_t text[64] = {0};
    uint64_t length = 0;

    run("echo start-%u >root/proc/sys/kernel/random/boot_id", ++starts);
    for (; path[length]; length++)
        text[length] = (uint8_t)path[length];
    assert_int_equal(
        nvram_set(vendor_loader, "LoaderImageIdentifier", false, text, length ? 2 * length + 2 : 0),
        OK);
}

/* And the firmware forgets BootNext. */
static void restart(const char *path)
{
    assert_int_equal(nvram_set(vendor_global, "BootNext", true, NULL, 0), OK);
    start(path);
}

static void expect_ok(enum err err)
{
    if (err != OK)
        fail_msg("%s", err_message());
}

static void install(void)
{
    expect_ok(esp_install(&live, false));
    expect_ok(esp_enter(&live));
}

static void bless(bool expected)
{
    expect_ok(esp_bless(&live, &done));
    assert_int_equal(done, expected);
}

static void uninstall(void)
{
    expect_ok(esp_leave(&live, false));
    expect_ok(esp_uninstall(&live));
}

/* ---- what is looked at ----------------------------------------------------------------------- */

static void expect_numbers(const char *name, const char *digits)
{
    uint8_t value[64];
    uint64_t bytes = sizeof value;
    char text[130] = "";

    if (nvram_get(vendor_global, name, value, &bytes) == OK)
        for (uint64_t i = 0; i < bytes; i++)
            snprintf(text + 2 * i, 3, "%02x", value[i]);
    assert_string_equal(text, digits);
}

static void expect_file(const char *path, const uint8_t *version)
{
    uint8_t bytes[513];
    FILE *file = fopen(path, "r");

    if (!version) {
        assert_null(file);
        return;
    }
    assert_non_null(file);
    assert_int_equal(fread(bytes, 1, sizeof bytes, file), 512);
    assert_memory_equal(bytes, version, 512);
    fclose(file);
}

static void expect_trial(enum esp_trial expected)
{
    static struct esp esp;

    expect_ok(esp_look(&live, &esp));
    assert_int_equal(esp_trial(&esp), expected);
}

/* Installed and blessed. */
static void make_good(void)
{
    make_machine();
    start("");
    install();
    restart("\\EFI\\lintel\\lintelx64.efi");
    bless(true);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void first_installation(void **state)
{
    (void)state;
    make_machine();
    start("");
    keep("before");
    expect_ok(esp_install(&live, true));
    keep("after");
    expect_same("before", "after");

    install();
    expect_file(LOADER, version1);
    expect_file(FALLBACK, NULL);
    expect_numbers("BootOrder", "01000000");
    expect_numbers("BootNext", "0200");
    expect_trial(ESP_TRIAL_WAITS);
    bless(false);
    expect_numbers("BootOrder", "01000000");

    restart("\\EFI\\lintel\\lintelx64.efi");
    expect_trial(ESP_TRIAL_RUNS);
    bless(true);
    expect_numbers("BootOrder", "020001000000");
    expect_file(FALLBACK, version1);
    expect_trial(ESP_TRIAL_NONE);
    bless(false);

    uninstall();
    start("");
    keep("after");
    expect_same("before", "after");
    run("test ! -e root/var/lib/lintel/undo-uefi");
    assert_int_equal(esp_leave(&live, false), ERR_NOT_FOUND);
}

static void first_installation_fails(void **state)
{
    (void)state;
    make_machine();
    start("");
    keep("before");
    install();
    restart("");
    expect_trial(ESP_TRIAL_FAILED);
    bless(true);
    expect_numbers("BootOrder", "01000000");
    install();
    expect_numbers("BootNext", "0200");
    uninstall();
    start("");
    keep("after");
    expect_same("before", "after");
}

static void update(void **state)
{
    (void)state;
    make_good();
    use_version(version2);
    install();
    expect_file(LOADER, version1);
    expect_file(TRIAL, version2);
    expect_numbers("BootOrder", "020001000000");
    expect_numbers("BootNext", "0300");
    bless(false);

    restart("\\efi\\LINTEL\\trialx64.efi");
    bless(true);
    expect_file(LOADER, version2);
    expect_file(FALLBACK, version2);
    expect_file(TRIAL, NULL);
    expect_numbers("BootOrder", "020001000000");
    expect_numbers("Boot0003", "");
    bless(false);
    keep("before");
    expect_ok(esp_install(&live, false));
    expect_ok(esp_enter(&live));
    keep("after");
    expect_same("before", "after");
}

static void update_fails(void **state)
{
    (void)state;
    make_good();
    keep("before");
    use_version(version2);
    install();
    restart("\\EFI\\lintel\\lintelx64.efi");
    expect_trial(ESP_TRIAL_FAILED);
    bless(true);
    keep("after");
    expect_same("before", "after");
    bless(false);
}

/* Nothing was tried in the start in which the trial was set: whatever the variables say. */
static void nothing_is_tried_without_a_restart(void **state)
{
    (void)state;
    make_good();
    use_version(version2);
    install();
    restart("\\EFI\\lintel\\trialx64.efi");
    bless(true);
    use_version(version1);
    expect_ok(esp_install(&live, false));
    expect_trial(ESP_TRIAL_WAITS);
    bless(false);
    expect_file(LOADER, version2);
}

static void update_is_taken_back(void **state)
{
    (void)state;
    make_good();
    keep("before");
    use_version(version2);
    install();
    use_version(version1);
    install();
    start("\\EFI\\lintel\\lintelx64.efi");
    keep("after");
    expect_same("before/boot", "after/boot");
    expect_trial(ESP_TRIAL_NONE);
    use_version(version2);
    install();
    expect_ok(esp_reject(&live, &done));
    assert_true(done);
    expect_numbers("BootNext", "");
    expect_file(TRIAL, NULL);
}

/* The power failed between the exchange of the files and the end of the trial. */
static void exchanged_but_not_ended(void **state)
{
    (void)state;
    make_good();
    use_version(version2);
    install();
    run("cd root/boot/efi/EFI/lintel && mv trialx64.efi x && mv lintelx64.efi trialx64.efi && "
        "mv x lintelx64.efi");
    restart("\\EFI\\lintel\\lintelx64.efi");
    bless(true);
    expect_file(LOADER, version2);
    expect_file(TRIAL, NULL);
    expect_file(FALLBACK, version2);
    expect_numbers("Boot0003", "");
}

/* Another loader's installer has put itself first. */
static void another_is_first(void **state)
{
    (void)state;
    make_good();
    assert_int_equal(nvram_set(vendor_global, "BootOrder", true, "\1\0\2\0", 4), OK);
    use_version(version2);
    install();
    restart("\\EFI\\lintel\\trialx64.efi");
    bless(true);
    expect_numbers("BootOrder", "01000200");

    install();
    expect_numbers("BootNext", "0200");
    restart("\\EFI\\lintel\\lintelx64.efi");
    bless(true);
    expect_numbers("BootOrder", "02000100");
    uninstall();
    expect_numbers("BootOrder", "0100");
}

/* Lintel stood there already, put there by hand; it is what uninstall leaves. */
static void lintel_was_there(void **state)
{
    static struct esp esp;

    (void)state;
    make_machine();
    start("\\EFI\\lintel\\lintelx64.efi");
    expect_ok(esp_look(&live, &esp));
    expect_ok(esp_add_entry(&esp, ESP_LOADER));
    expect_ok(boot_menu_put_first(&esp.menu, esp.entries[ESP_LOADER]));
    expect_ok(esp_put(&esp, ESP_LOADER, &embedded_efi));
    expect_ok(esp_put(&esp, ESP_DEFAULT, &embedded_efi));
    keep("before");
    use_version(version2);
    install();
    expect_file(LOADER, version1);
    restart("\\EFI\\lintel\\trialx64.efi");
    bless(true);
    expect_file(LOADER, version2);
    expect_file(FALLBACK, version1);
    uninstall();
    start("\\EFI\\lintel\\lintelx64.efi");
    keep("after");
    expect_same("before", "after");
}

/* What others did since stays, and is said. */
static void others_have_changed_it(void **state)
{
    (void)state;
    make_good();
    assert_int_equal(nvram_set(vendor_global, "BootOrder", true, "\2\0\5\0\1\0", 6), OK);
    run("echo other >" FALLBACK "; mkdir -p root/boot/efi/loader/entries; "
        "echo type1 >root/boot/efi/loader/entries.srel; "
        "echo theirs >root/boot/efi/loader/entries/a.conf");
    uninstall();
    expect_numbers("BootOrder", "05000100");
    run("grep -q other " FALLBACK);
    run("test -e root/boot/efi/loader/entries.srel -a ! -e root/boot/efi/EFI/lintel");
}

static void variables_are_restored(void **state)
{
    (void)state;
    make_machine();
    assert_int_equal(nvram_set(vendor_loader, "LoaderEntryDefault", true, "a\0\0\0", 4), OK);
    start("");
    assert_int_equal(nvram_set(vendor_global, "BootNext", true, "\1\0", 2), OK);
    keep("before");
    install();
    assert_int_equal(nvram_set(vendor_loader, "LoaderEntryDefault", true, "b\0\0\0", 4), OK);
    assert_int_equal(nvram_set(vendor_lintel, "LintelTries", true, "123456", 6), OK);
    uninstall();
    start("");
    keep("after");
    expect_same("before", "after");
}

static void expect_refused(enum err err, const char *why)
{
    keep("before");
    assert_int_equal(esp_install(&live, false), err);
    if (!strstr(err_message(), why))
        fail_msg("%s", err_message());
    keep("after");
    expect_same("before", "after");
    run("test ! -e root/var/lib/lintel/undo-uefi");
}

static void refusals(void **state)
{
    (void)state;
    make_machine();
    assert_int_equal(nvram_set(vendor_global, "SecureBoot", false, "\1", 1), OK);
    expect_refused(ERR_UNSUPPORTED, "Secure Boot is on");
    this_loader[64 + 24 + 112 + 4 * 8 + 4] = 1;
    expect_ok(esp_install(&live, true));

    make_machine();
    strcpy(live.other_esp, "/efi");
    expect_refused(ERR_UNSUPPORTED, "on /boot/efi and on /efi");
    make_machine();
    live.esp.folder[0] = 0;
    expect_refused(ERR_NOT_FOUND, "no EFI system partition");
    make_machine();
    run("printf '\\7\\0\\0\\0abc' >" EFIVARS "/BootOrder-" GLOBAL);
    expect_refused(ERR_FORMAT, "BootOrder has 3 bytes");
}

static void damaged_records(void **state)
{
    static struct esp_undo undo;

    (void)state;
    make_good();
    run("cp root/var/lib/lintel/undo-uefi record");
    expect_ok(esp_undo_read(&undo));
    for (int size = 0; system("test -s record") == 0 && size < 400; size += 3) {
        run("head -c %d record >root/var/lib/lintel/undo-uefi", size);
        enum err err = esp_undo_read(&undo);
        assert_true(err == ERR_FORMAT || (err == OK && size > 100));
    }
    run("sed 's/^partition .*/partition 00/' record >root/var/lib/lintel/undo-uefi");
    assert_int_equal(esp_undo_read(&undo), ERR_FORMAT);
    assert_non_null(strstr(err_message(), "line 2"));
    run("sed 's/^partition ../partition ff/' record >root/var/lib/lintel/undo-uefi");
    assert_int_equal(esp_leave(&live, false), ERR_CHANGED);
}

static int begin(void **state)
{
    int status = scratch_begin(state);

    setenv("LINTEL_ROOT", "root", 1);
    return status;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_installation),
        cmocka_unit_test(first_installation_fails),
        cmocka_unit_test(update),
        cmocka_unit_test(update_fails),
        cmocka_unit_test(nothing_is_tried_without_a_restart),
        cmocka_unit_test(update_is_taken_back),
        cmocka_unit_test(exchanged_but_not_ended),
        cmocka_unit_test(another_is_first),
        cmocka_unit_test(lintel_was_there),
        cmocka_unit_test(others_have_changed_it),
        cmocka_unit_test(variables_are_restored),
        cmocka_unit_test(refusals),
        cmocka_unit_test(damaged_records),
    };

    return cmocka_run_group_tests(tests, begin, scratch_end);
}
