/* Linux on the fake machine: what its real-mode part would have asked a BIOS. */
#include "test/unit/linux_scene.h"

#define DISKS 8 /* one of them without extensions, one a floppy, one a CD */

static uint8_t records[DISKS][512];

static void add_disks(void)
{
    static const uint8_t numbers[DISKS] = {0, 0x80, 0x81, 0x82, 0x83, 0x84, 0x8f, 0x90};

    memset(records, 0, sizeof records);
    for (uint32_t i = 0; i < DISKS; i++) {
        fake_disk_in_memory(records[i], sizeof records[i], 512);
        memset(records[i] + 440, numbers[i], 4);
        memcpy(records[i] + 510, i == 6 ? "no" : "\x55\xaa", 2);
        facts->disks[i].edd.drive = numbers[i];
        facts->disks[i].edd.version = i == 2 ? 0 : 0x30;
        memset(facts->disks[i].edd.parameters, (int)i, sizeof facts->disks[i].edd.parameters);
    }
}

static void test_disks(void **state)
{
    (void)state;
    static const uint8_t told[] = {0x80, 0x82, 0x83, 0x84, 0x8f};
    add_disks();
    facts->keyboard_flags = 0x20;
    fake_break_sectors(5, 0, 1);
    const uint8_t *page = boot();
    assert_int_equal(0x20, page[0x1eb]);
    assert_int_equal(sizeof told, page[0x1e9]);
    for (size_t i = 0; i < sizeof told; i++) {
        assert_int_equal(told[i], page[0xd00 + 82 * i]);
        assert_int_equal(0x30, page[0xd01 + 82 * i]);
        assert_int_equal(i ? i + 2 : 1, page[0xd00 + 82 * i + 81]);
    }
    assert_int_equal(4, page[0x1ea]); /* behind it one can't be read, one is no record */
    assert_int_equal(0x80808080, load32(page + 0x290));
    assert_int_equal(0x81818181, load32(page + 0x294));
    assert_int_equal(0x83838383, load32(page + 0x29c));
}

static void test_more_disks_than_fit(void **state)
{
    (void)state;
    add_disks();
    for (uint32_t i = 0; i < DISKS; i++)
        facts->disks[i].edd = (struct edd){(uint8_t)(0x80 + i), 0x30, .interfaces = 1};
    const uint8_t *page = boot();
    assert_int_equal(6, page[0x1e9]);
    assert_int_equal(0x85, page[0xd00 + 5 * 82]);
    assert_int_equal(0, page[0xd00 + 6 * 82]);
}

static void expect_disks(char *options, uint8_t disks, uint8_t signatures)
{
    scene.entry.options = options;
    const uint8_t *page = boot();
    assert_int_equal(disks, page[0x1e9]);
    assert_int_equal(signatures, page[0x1ea]);
}

static void test_no_disks_wanted(void **state)
{
    (void)state;
    add_disks();
    expect_disks("edd=on edd=off", 0, 0);
}

static void test_no_signatures_wanted(void **state)
{
    (void)state;
    add_disks();
    expect_disks("edd=skipmbr", 5, 0);
}

static uint32_t connected;

static enum err connect_apm(struct apm *apm)
{
    connected++;
    *apm = (struct apm){.version = 0x102, .code32_segment = 0xf000, .data_bytes = 0xabcd};
    return OK;
}

static void test_apm(void **state)
{
    (void)state;
    scene.firmware.connect_apm = connect_apm;
    assert_int_equal(0, load16(boot() + 0x40)); /* a 64-bit kernel has no use for it */
}

static void test_apm_of_a_32_bit_kernel(void **state)
{
    (void)state;
    scene.firmware.connect_apm = connect_apm;
    bz_put(0x236, 0, 2);
    const uint8_t *page = boot();
    assert_int_equal(0x102, load16(page + 0x40));
    assert_int_equal(0xf000, load16(page + 0x42));
    assert_int_equal(0xabcd, load16(page + 0x52));
    assert_int_equal(1, connected);
}

static enum err break_read(const struct reader *reader, uint64_t offset, uint64_t bytes, void *to)
{
    (void)offset, (void)bytes, (void)to;
    return (fail)(ERR_IO, "%s: broken on purpose", reader->name);
}

/* The BIOS has no APM connected when it is given back. */
static void test_apm_of_a_kernel_that_fails(void **state)
{
    (void)state;
    connected = 0;
    scene.firmware.connect_apm = connect_apm;
    bz_put(0x236, 0, 2);
    scene.files[SECOND_INITRD].read = break_read;
    scene_refuse(ERR_IO, "second.img: broken");
    assert_int_equal(0, connected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_disks, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_more_disks_than_fit, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_no_disks_wanted, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_no_signatures_wanted, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_apm, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_apm_of_a_32_bit_kernel, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_apm_of_a_kernel_that_fails, begin, fake_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
