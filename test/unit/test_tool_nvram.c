/* The firmware's variables, in a tree of files that plays efivarfs, and the entries of its boot
 * menu. */
#include "common/lib/mem.h"
#include "images/tool/live/boot_option.h"
#include "images/tool/live/nvram.h"
#include "test/unit/scratch.h"
#include <setjmp.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#define FOLDER "root/sys/firmware/efi/efivars"
#define GLOBAL "8be4df61-93ca-11d2-aa0d-00e098032b8c"

static void expect_file(const char *name, const char *hexadecimal)
{
    run("test \"$(od -An -v -tx1 " FOLDER "/%s | tr -d ' \\n')\" = %s", name, hexadecimal);
}

static int begin(void **state)
{
    int status = scratch_begin(state);

    setenv("LINTEL_ROOT", "root", 1);
    run("mkdir -p " FOLDER);
    return status;
}

static void variables(void **state)
{
    uint8_t value[8];
    uint64_t bytes = sizeof value;

    (void)state;
    assert_int_equal(nvram_check(), OK);
    assert_int_equal(nvram_get(vendor_global, "BootNext", value, &bytes), ERR_NOT_FOUND);
    assert_int_equal(nvram_set(vendor_global, "BootOrder", true, "\1\0\2\0", 4), OK);
    expect_file("BootOrder-" GLOBAL, "0700000001000200");
    assert_int_equal(nvram_get(vendor_global, "BootOrder", value, &bytes), OK);
    assert_int_equal(bytes, 4);
    assert_memory_equal(value, "\1\0\2\0", 4);

    assert_int_equal(nvram_set(vendor_global, "BootOrder", true, "\3\0", 2), OK);
    expect_file("BootOrder-" GLOBAL, "070000000300");
    bytes = 1;
    assert_int_equal(nvram_get(vendor_global, "BootOrder", value, &bytes), ERR_UNSUPPORTED);
    assert_int_equal(bytes, 2);
    assert_int_equal(nvram_set(vendor_global, "Volatile", false, "x", 1), OK);
    expect_file("Volatile-" GLOBAL, "0600000078");

    assert_int_equal(nvram_set(vendor_global, "BootOrder", true, NULL, 0), OK);
    assert_int_equal(nvram_set(vendor_global, "BootOrder", true, NULL, 0), OK);
    bytes = sizeof value;
    assert_int_equal(nvram_get(vendor_global, "BootOrder", value, &bytes), ERR_NOT_FOUND);
}

/* Flash wears out: a value that is there is not written again. */
static void equal_values(void **state)
{
    struct stat before, after;

    (void)state;
    assert_int_equal(nvram_set(vendor_global, "Same", true, "ab", 2), OK);
    run("touch -d 2001-01-01 " FOLDER "/Same-" GLOBAL);
    assert_int_equal(stat(FOLDER "/Same-" GLOBAL, &before), 0);
    assert_int_equal(nvram_set(vendor_global, "Same", true, "ab", 2), OK);
    assert_int_equal(stat(FOLDER "/Same-" GLOBAL, &after), 0);
    assert_int_equal(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
    assert_int_equal(nvram_set(vendor_global, "Same", false, "ab", 2), OK);
    expect_file("Same-" GLOBAL, "060000006162");
}

static void damaged_files(void **state)
{
    uint8_t value[8];
    uint64_t bytes = sizeof value;

    (void)state;
    run("printf abc > " FOLDER "/Short-" GLOBAL);
    assert_int_equal(nvram_get(vendor_global, "Short", value, &bytes), ERR_FORMAT);
}

static void another_firmware(void **state)
{
    (void)state;
    setenv("LINTEL_ROOT", "nowhere", 1);
    assert_int_equal(nvram_check(), ERR_UNSUPPORTED);
    assert_non_null(strstr(err_message(), "was not started by UEFI"));
    setenv("LINTEL_ROOT", "root", 1);
}

/* ---- boot options ---------------------------------------------------------------------------- */

/* As OVMF keeps what efibootmgr made for \EFI\debian\shimx64.efi in partition 1 of a GPT. */
static const uint8_t debian[] = {
    1,    0,    0,    0,    0x62, 0,    'd',  0,    'e',  0,    'b',  0,    'i',  0,    'a',
    0,    'n',  0,    0,    0,    4,    1,    0x2a, 0,    1,    0,    0,    0,    0,    8,
    0,    0,    0,    0,    0,    0,    0,    0,    4,    0,    0,    0,    0,    0,    0x78,
    0x56, 0x34, 0x12, 0xcd, 0xab, 0x01, 0x4f, 0x80, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
    2,    2,    4,    4,    0x34, 0,    '\\', 0,    'E',  0,    'F',  0,    'I',  0,    '\\',
    0,    'd',  0,    'e',  0,    'b',  0,    'i',  0,    'a',  0,    'n',  0,    '\\', 0,
    's',  0,    'h',  0,    'i',  0,    'm',  0,    'x',  0,    '6',  0,    '4',  0,    '.',
    0,    'e',  0,    'f',  0,    'i',  0,    0,    0,    0x7f, 0xff, 4,    0};

static void option_of_debian(void **state)
{
    struct boot_option option;
    uint8_t written[BOOT_OPTION_BYTES];
    uint64_t size;

    (void)state;
    assert_int_equal(boot_option_parse(debian, sizeof debian, &option), OK);
    assert_true(option.active);
    assert_string_equal(option.description, "debian");
    assert_string_equal(option.path, "\\EFI\\debian\\shimx64.efi");
    assert_int_equal(option.number, 1);
    assert_int_equal(option.first_lba, 2048);
    assert_int_equal(option.sectors, 0x40000);
    assert_true(option.gpt);
    assert_true(boot_option_is_same_place(&option, &option));

    assert_int_equal(boot_option_write(&option, written, &size), OK);
    assert_int_equal(size, sizeof debian);
    assert_memory_equal(written, debian, size);
}

/* A path that ends without a 0, what follows the path, a device path of other nodes. */
static void odd_options(void **state)
{
    uint8_t odd[sizeof debian + 3];
    struct boot_option option;

    (void)state;
    memcpy(odd, debian, sizeof debian);
    memset(odd + sizeof debian, 0xff, 3);
    odd[sizeof debian - 6] = 'x';
    assert_int_equal(boot_option_parse(odd, sizeof odd, &option), OK);
    assert_string_equal(option.path, "\\EFI\\debian\\shimx64.efix");
    odd[20] = 1;
    assert_int_equal(boot_option_parse(odd, sizeof odd, &option), OK);
    assert_int_equal(option.number, 0);
    assert_false(boot_option_is_same_place(&option, &option));
}

/* Any byte changed, any length: an error, or an option; ASan watches. */
static void damaged_options(void **state)
{
    struct boot_option option;
    unsigned refused = 0;

    (void)state;
    for (size_t size = 0; size <= sizeof debian; size++) {
        uint8_t *copy = malloc(MAX(size, 1));
        memcpy(copy, debian, size);
        refused += boot_option_parse(copy, size, &option) == ERR_FORMAT;
        free(copy);
    }
    assert_int_equal(refused, sizeof debian);
    for (size_t i = 0; i < sizeof debian; i++)
        for (unsigned value = 0; value < 256; value += 5) {
            uint8_t copy[sizeof debian];
            memcpy(copy, debian, sizeof copy);
            copy[i] = (uint8_t)value;
            enum err err = boot_option_parse(copy, sizeof copy, &option);
            assert_true(err == OK || err == ERR_FORMAT);
        }
}

static void long_options(void **state)
{
    struct boot_option option = {.number = 1};
    uint8_t written[BOOT_OPTION_BYTES];
    uint64_t size;

    (void)state;
    memset(option.description, 'd', BOOT_OPTION_TEXT - 1);
    memset(option.path, 'p', BOOT_OPTION_TEXT - 1);
    assert_int_equal(boot_option_write(&option, written, &size), ERR_UNSUPPORTED);
    option.path[400] = 0;
    assert_int_equal(boot_option_write(&option, written, &size), OK);
    assert_true(size <= sizeof written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables),        cmocka_unit_test(equal_values),
        cmocka_unit_test(damaged_files),    cmocka_unit_test(another_firmware),
        cmocka_unit_test(option_of_debian), cmocka_unit_test(odd_options),
        cmocka_unit_test(damaged_options),  cmocka_unit_test(long_options),
    };

    return cmocka_run_group_tests(tests, begin, scratch_end);
}
