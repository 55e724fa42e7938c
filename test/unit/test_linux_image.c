/* What a bzImage says of itself, and what is said of one that lies. */
#include "common/protocol/linux/linux_image.h"
#include "test/unit/bzimage.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define ADDRESS 0x1000000

static struct linux_image image;

static enum err parse_bytes(uint64_t bytes)
{
    const struct reader reader = reader_from_memory("vmlinuz", bz, bytes);
    return linux_image_parse(&reader, &image);
}

static void parse(void)
{
    assert_int_equal(OK, parse_bytes(BZ_BYTES));
}

static void refuse_bytes(uint64_t bytes, enum err err, const char *why)
{
    assert_int_equal(err, parse_bytes(bytes));
    assert_memory_equal("vmlinuz: ", err_message(), 9);
    if (!strstr(err_message(), why))
        fail_msg("\"%s\" does not say \"%s\"", err_message(), why);
}

static void refuse(enum err err, const char *why)
{
    refuse_bytes(BZ_BYTES, err, why);
}

static int begin(void **state)
{
    (void)state;
    bz_build(ADDRESS);
    return 0;
}

static void test_a_right_one(void **state)
{
    (void)state;
    parse();
    assert_int_equal(0x20f, image.version);
    assert_int_equal(BZ_SETUP, image.setup_bytes);
    assert_int_equal(BZ_PAYLOAD, image.payload_bytes);
    assert_int_equal(0x10000, image.memory_bytes);
    assert_int_equal(LINUX_ENTRY_64, image.entry);
    assert_true(image.relocatable && image.above_4gib);
    assert_int_equal(ADDRESS, image.address);
    assert_int_equal(0x10000, image.alignment);
    assert_int_equal(0x80000000, image.initrd_end);
    assert_int_equal(100, image.options_most);
    assert_true(image.has_efi_entry && image.efi_takes_initrd);
}

/* What lies behind the header's end is no part of it. */
static void test_fields_behind_the_header(void **state)
{
    (void)state;
    bz_put(0x201, 0x22e + 2 - 0x202, 1);
    bz_put(0x206, 0x203, 2);
    bz_put(0x230, 0x12345, 4);
    parse();
    assert_int_equal(0, load32(image.header + 0x230));
    assert_int_equal(0x7fffffff, load32(image.header + 0x22c));
}

static void test_entries(void **state)
{
    (void)state;
    bz_put(0x236, 0, 2);
    parse();
    assert_int_equal(LINUX_ENTRY_32, image.entry);
    assert_int_equal(0, image.start);
    assert_false(image.above_4gib);
    bz_put(0x214, 0x100010, 4);
    parse();
    assert_int_equal(0x10, image.start);
    bz_put(0x214, 0, 4);
    parse();
    assert_int_equal(LINUX_ENTRY_REAL, image.entry);
    assert_int_equal(0x100000, image.address);
    bz_put(0x211, 0, 1);
    parse();
    assert_int_equal(0x10000, image.address);
}

static void test_old_versions(void **state)
{
    (void)state;
    bz_put(0x206, 0x20b, 2); /* xloadflags are junk still */
    parse();
    assert_int_equal(LINUX_ENTRY_32, image.entry);
    bz_put(0x206, 0x209, 2); /* init_size and pref_address, too */
    parse();
    assert_int_equal(0x100000, image.address);
    assert_true(image.memory_bytes >= 3 * BZ_PAYLOAD);
    bz_put(0x206, 0x206, 2);
    parse();
    assert_int_equal(LINUX_ENTRY_REAL, image.entry);
    bz_put(0x206, 0x205, 2); /* cmdline_size */
    parse();
    assert_int_equal(255, image.options_most);
    bz_put(0x206, 0x203, 2); /* syssize had 16 bits */
    bz_put(0x1f4, 0xffff0000 | 17, 4);
    parse();
    assert_int_equal(BZ_PAYLOAD, image.payload_bytes);
}

/* Where the compressed kernel lies shows how many there are. */
static void test_setup_sects_that_lie(void **state)
{
    (void)state;
    memset(bz + BZ_SETUP, 0, BZ_PAYLOAD);
    bz_put(0x1f4, 0, 4);
    bz_put(0x248, 0x2cc, 4);
    bz_put(0x24c, 1000, 4);
    parse(); /* by a method that is not known */
    bz_put(BZ_SETUP + 0x2cc, 0x37fd, 2);
    parse();
    bz_put(0x1f1, 1, 1);
    refuse(ERR_FORMAT, "says that the kernel follows 1 sector of real-mode code (setup_sects), but "
                       "it begins behind 2");
    bz_put(0x1f1, 3, 1);
    refuse(ERR_FORMAT, "but it begins behind 2");
    bz_put(0x24c, 0, 4);
    parse();
    bz_put(0x24c, 1000, 4);
    bz_put(0x206, 0x207, 2);
    parse();
    bz_put(0x206, 0x20f, 2);
    bz_put(0x248, 0xffffffff, 4);
    parse();
}

static void test_no_setup_sects_means_four(void **state)
{
    (void)state;
    bz_put(0x1f1, 0, 1);
    bz_put(0x1f4, 0, 4);
    parse();
    assert_int_equal(5 * 512, image.setup_bytes);
    assert_int_equal(BZ_BYTES - 5 * 512, image.payload_bytes);
}

static void test_what_follows_the_kernel_is_left(void **state)
{
    (void)state;
    bz_put(0x1f4, 100, 4);
    parse();
    assert_int_equal(1600, image.payload_bytes);
}

static void test_efi_entries(void **state)
{
    (void)state;
    bz_put(BZ_PE + 24 + 44, 0, 2);
    parse();
    assert_true(image.has_efi_entry);
    assert_false(image.efi_takes_initrd);
    bz_put(BZ_PE + 4, 0x14c, 2); /* for a 32-bit CPU */
    parse();
    assert_false(image.has_efi_entry);
    bz_build(ADDRESS);
    bz_put(0x3c, 0xffffffff, 4);
    parse();
    assert_false(image.has_efi_entry);
}

static void test_refusals(void **state)
{
    (void)state;
    refuse_bytes(0x28f, ERR_FORMAT, "it ends at byte 655");
    refuse_bytes(BZ_SETUP, ERR_FORMAT, "the kernel follows 2 sectors of real-mode code");
    refuse_bytes(BZ_BYTES - 8, ERR_FORMAT,
                 "the kernel has 5008 bytes (syssize), but the file has "
                 "only 4992: it is cut off");
    bz_put(0x1f1, 200, 1);
    refuse(ERR_FORMAT, "the kernel follows 200 sectors of real-mode code (setup_sects)");
    bz_build(ADDRESS);
    bz_put(0x206, 0x202, 2);
    refuse(ERR_UNSUPPORTED, "version 2.02 of the Linux boot protocol, and Lintel needs 2.03");
    bz_put(0x202, 0, 1);
    refuse(ERR_FORMAT, "no \"HdrS\" at 202h");
}

static void test_headers_that_lie(void **state)
{
    (void)state;
    bz_put(0x201, 0x20, 1);
    refuse(ERR_FORMAT, "its setup header ends at 222h");
    bz_build(ADDRESS);
    bz_put(0x230, 0x30000, 4);
    refuse(ERR_FORMAT, "kernel_alignment is 30000h");
    bz_build(UINT64_MAX - 0xffff);
    refuse(ERR_FORMAT, "needs 10000h bytes (init_size) at FFFFFFFFFFFF0000h (pref_address)");
    bz_build(ADDRESS);
    bz_put(0x236, 0, 2);
    bz_put(0x214, 0x100000 + BZ_PAYLOAD, 4);
    refuse(ERR_FORMAT, "its entry (code32_start) 101388h is outside");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_right_one, begin),
        cmocka_unit_test_setup(test_fields_behind_the_header, begin),
        cmocka_unit_test_setup(test_entries, begin),
        cmocka_unit_test_setup(test_old_versions, begin),
        cmocka_unit_test_setup(test_setup_sects_that_lie, begin),
        cmocka_unit_test_setup(test_no_setup_sects_means_four, begin),
        cmocka_unit_test_setup(test_what_follows_the_kernel_is_left, begin),
        cmocka_unit_test_setup(test_efi_entries, begin),
        cmocka_unit_test_setup(test_refusals, begin),
        cmocka_unit_test_setup(test_headers_that_lie, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
