/* Linux on the fake machine, from its files to the handoff: what the kernel would find. */
#include "test/unit/linux_scene.h"
#include <stdio.h>

/* ---- what the kernel finds ------------------------------------------------------------------- */

static void test_64_bit_entry(void **state)
{
    (void)state;
    const uint8_t *page = boot();
    assert_int_equal(HANDOFF_LONG, fake_handoff()->mode);
    assert_int_equal(0x10, fake_handoff()->code);
    assert_int_equal(0x18, fake_handoff()->data);
    assert_int_equal(ADDRESS + 0x200, fake_handoff()->entry);
    assert_memory_equal(bz + BZ_SETUP, at_physical(ADDRESS), BZ_PAYLOAD);
    const uint8_t *behind = at_physical(ADDRESS + BZ_PAYLOAD); /* not cleared: it costs time */
    assert_int_equal(FAKE_POISON, behind[0]);
    assert_memory_equal(bz + 0x1f1, page + 0x1f1, 0x210 - 0x1f1);
    assert_int_equal(0xff, page[0x210]);
    assert_int_equal(ADDRESS, load32(page + 0x214));
    assert_int_equal(0, page[0x1ef]); /* the sentinel */
    assert_string_equal("one two", at_physical(load32(page + 0x228)));
    assert_int_equal(0xf59e0, load64(page + 0x70));
    assert_int_equal(0, load32(page + 0x1c0)); /* no EFI */
}

static void test_initrds_are_padded_and_joined(void **state)
{
    (void)state;
    const uint8_t *page = boot();
    assert_int_equal(12, load32(page + 0x21c));
    assert_memory_equal("seven b\0four", at_physical(load32(page + 0x218)), 12);
}

/* As `cpio -t` lists it: size and mode of each member of the archive behind the first 8 bytes. */
static void test_extras_are_an_archive(void **state)
{
    static struct entry_file extras[] = {
        {.path = "a\\b/one.cred", .argument = "", .next = &extras[1]},
        {.path = "LABEL=DATA:two.sysext.raw", .argument = "", .next = &extras[2]},
        {.path = "c.confext.raw", .argument = ""},
    };
    static const char *const members[] = {
        ".extra 40555 0 ",
        ".extra/credentials 40500 0 ",
        ".extra/credentials/one.cred 100400 5 12345",
        ".extra 40555 0 ",
        ".extra/sysext 40555 0 ",
        ".extra/sysext/two.sysext.raw 100444 4 abcd",
        ".extra 40555 0 ",
        ".extra/confext 40555 0 ",
        ".extra/confext/c.confext.raw 100444 1 x",
        "TRAILER!!! 0 0 ",
    };

    (void)state;
    initrds[0].next = NULL;
    scene.entry.extras = extras;
    scene_add(extras[0].path, "12345", 5);
    scene_add(extras[1].path, "abcd", 4);
    scene_add(extras[2].path, "x", 1);
    const uint8_t *page = boot();
    const char *at = at_physical(load32(page + 0x218)), *begin = at,
               *end = at + load32(page + 0x21c);
    at += 8;
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
        unsigned mode, bytes, name_bytes;
        char text[100];

        assert_true(end - at > 110);
        assert_int_equal(
            sscanf(at, "070701%*8x%8x%*32c%8x%*32c%8x00000000", &mode, &bytes, &name_bytes), 3);
        const char *name = at + 110,
                   *contents = begin + align_up((uint64_t)(name - begin) + name_bytes, 4);
        assert_int_equal(strlen(name) + 1, name_bytes);
        snprintf(text, sizeof text, "%s %o %u %.*s", name, mode, bytes, (int)bytes, contents);
        assert_string_equal(text, members[i]);
        at = begin + align_up((uint64_t)(contents - begin) + bytes, 4);
    }
    assert_ptr_equal(at, end);
}

static void test_no_initrd(void **state)
{
    (void)state;
    scene.entry.initrds = NULL;
    const uint8_t *page = boot();
    assert_int_equal(0, load32(page + 0x218));
    assert_int_equal(0, load32(page + 0x21c));
}

static void test_32_bit_entry(void **state)
{
    (void)state;
    bz_put(0x236, 0, 2);
    bz_put(0x214, 0x100010, 4);
    boot();
    assert_int_equal(HANDOFF_PROTECTED, fake_handoff()->mode);
    assert_int_equal(ADDRESS + 0x10, fake_handoff()->entry);
}

/* In the way of the place that it likes: the next one upwards that fits its alignment. */
static void test_relocated(void **state)
{
    (void)state;
    fake_map_add(ADDRESS + PAGE_BYTES, PAGE_BYTES, LINTEL_MEMORY_RESERVED);
    const uint8_t *page = boot();
    assert_int_equal(ADDRESS + 0x10000 + 0x200, fake_handoff()->entry);
    assert_int_equal(ADDRESS + 0x10000, load32(page + 0x214));
}

static void test_not_relocatable_in_the_firmwares_way(void **state)
{
    (void)state;
    bz_put(0x234, 0, 1);
    fake_map_add(ADDRESS + PAGE_BYTES, PAGE_BYTES, LINTEL_MEMORY_RECLAIMABLE);
    boot();
    assert_int_equal(ADDRESS + 0x200, fake_handoff()->entry);
    assert_int_equal(1, fake_handoff()->move_count);
}

static void test_initrd_below_its_limit(void **state)
{
    (void)state;
    bz_put(0x236, 1, 2);
    bz_put(0x22c, BASE + 2 * MIB - 1, 4);
    assert_int_equal(BASE + 2 * MIB - PAGE_BYTES, load32(boot() + 0x218));
}

/* ---- memory map ------------------------------------------------------------------------------ */

static void check_entry(const uint8_t *entry, uint64_t base, uint64_t bytes, uint32_t type)
{
    assert_int_equal(base, load64(entry));
    assert_int_equal(bytes, load64(entry + 8));
    assert_int_equal(type, load32(entry + 16));
}

static void test_memory_map(void **state)
{
    (void)state;
    fake_map_add(END, MIB, LINTEL_MEMORY_RECLAIMABLE);
    fake_map_add(END + MIB, MIB, LINTEL_MEMORY_ACPI_RECLAIMABLE);
    fake_map_add(END + 2 * MIB, MIB, LINTEL_MEMORY_ACPI_NVS);
    fake_map_add(END + 3 * MIB, MIB, LINTEL_MEMORY_BAD);
    fake_map_add(END + 4 * MIB, MIB, LINTEL_MEMORY_MMIO);
    fake_map_add(END + 5 * MIB, MIB, LINTEL_MEMORY_EFI_RUNTIME_DATA);
    fake_map_add(END + 6 * MIB, MIB, LINTEL_MEMORY_PERSISTENT);
    const uint8_t *page = boot(), *entry = page + 0x2d0;
    assert_int_equal(7, page[0x1e8]);
    check_entry(entry, 0, PAGE_BYTES, 2);
    check_entry(entry + 20, BASE, MEMORY + MIB, 1);
    check_entry(entry + 40, END + MIB, MIB, 3);
    check_entry(entry + 60, END + 2 * MIB, MIB, 4);
    check_entry(entry + 80, END + 3 * MIB, MIB, 5);
    check_entry(entry + 100, END + 4 * MIB, 2 * MIB, 2);
    check_entry(entry + 120, END + 6 * MIB, MIB, 7);
}

static void test_more_than_128_ranges(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 200; i++)
        fake_map_add(END + (2 * i + 1) * MIB, MIB, LINTEL_MEMORY_ACPI_NVS);
    bz_put(0x250, 0x1234, 8); /* a setup_data of the kernel's own */
    const uint8_t *page = boot();
    assert_int_equal(128, page[0x1e8]);
    check_entry(page + 0x2d0 + 127 * 20, END + (2 * 125 + 1) * MIB, MIB, 4);
    const uint8_t *more = at_physical(load64(page + 0x250));
    assert_int_equal(0x1234, load64(more));
    assert_int_equal(1, load32(more + 8)); /* SETUP_E820_EXT */
    assert_int_equal((202 - 128) * 20, load32(more + 12));
    check_entry(more + 16, END + (2 * 126 + 1) * MIB, MIB, 4);
    check_entry(more + 16 + 73 * 20, END + (2 * 199 + 1) * MIB, MIB, 4);
}

/* Memory that only the last map has. */
static enum err leave_with_news(struct raw_map *map)
{
    fake_map_add(END, MIB, LINTEL_MEMORY_ACPI_NVS);
    return fake_firmware.leave(map);
}

static void test_the_last_map_counts(void **state)
{
    (void)state;
    scene.firmware.leave = leave_with_news;
    check_entry(boot() + 0x2d0 + 40, END, MIB, 4);
}

/* ---- screens --------------------------------------------------------------------------------- */

static const struct vbe vbe = {.interface_segment = 0xc000,
                               .interface_offset = 0x1234,
                               .control[18] = 0,
                               .control[19] = 1,
                               .mode_info = {0xbb}};

static const struct video screen = {
    .vbe = &vbe,
    .fb = {.base_physical = 0x4000000000,
           .bytes = 1024 * 768 * 4,
           .width = 1024,
           .height = 768,
           .pitch = 4096,
           .bits_per_pixel = 32,
           .red_shift = 16,
           .red_bits = 8,
           .green_shift = 8,
           .green_bits = 8,
           .blue_bits = 8,
           .edid_bytes = 128},
    .edid = {1, 2, 3},
};

static void test_a_last_map_that_is_too_long(void **state)
{
    (void)state;
    fake_grow_map_at_leave(2000);
    int way_out = setjmp(fake_way_out);
    if (!way_out)
        fail_msg("attempt_carry_out(): %d, %s", scene_carry_out(), err_message());
    assert_int_equal(FAKE_DEAD_END, way_out);
    assert_non_null(strstr(err_message(), "no room"));
}

static void test_text_screen(void **state)
{
    (void)state;
    fake_video(&screen);
    const uint8_t *page = boot();
    assert_int_equal(1, page[0x0f]);
    assert_int_equal(80, page[0x07]);
    assert_int_equal(25, page[0x0e]);
}

static void test_pixels_by_vga(void **state)
{
    (void)state;
    static const uint8_t colors[8] = {8, 16, 8, 8, 8, 0, 8, 24};
    fake_video(&screen);
    scene.entry.options = "vga=normal vga=0x317";
    const uint8_t *page = boot();
    assert_int_equal(0x23, page[0x0f]);
    assert_int_equal(1024, load16(page + 0x12));
    assert_int_equal(768, load16(page + 0x14));
    assert_int_equal(32, load16(page + 0x16));
    assert_int_equal(0, load32(page + 0x18));
    assert_int_equal(0x100, load32(page + 0x1c));
    assert_int_equal(4096, load16(page + 0x24));
    assert_memory_equal(colors, page + 0x26, 8);
    assert_int_equal(2, load32(page + 0x36));
    assert_int_equal(0x40, load32(page + 0x3a));
    assert_memory_equal(screen.edid, page + 0x140, 128);
    assert_int_equal(0x1234, load16(page + 0x2e));
    assert_int_equal(0xc000, load16(page + 0x30));
    assert_int_equal(0xbb, load16(page + 0x34));
}

static void test_vga_without_pixels(void **state)
{
    (void)state;
    scene.entry.options = "vga=791";
    assert_int_equal(1, boot()[0x0f]);
}

static void test_vga_values(void **state)
{
    (void)state;
    static const char *const others[] = {"",          "vga=",        "vga=ask", "vga=0x1",
                                         "xvga=791",  "vga=791x",    "vga=0x",  "vga=99999999",
                                         "vga=0x320", "vga=4294967a"};
    uint32_t width, height;
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        assert_false(linux_video_wish(others[i], &width, &height));
    assert_true(linux_video_wish("quiet vga=791 splash", &width, &height));
    assert_int_equal(1024, width);
    assert_true(linux_video_wish("vga=0X31b", &width, &height));
    assert_int_equal(1280, width);
    assert_int_equal(1024, height);
}

static void test_vga_modes_for_real_mode(void **state)
{
    (void)state;
    uint16_t mode;
    assert_true(linux_video_mode("vga=ask", &mode));
    assert_int_equal(0xfffd, mode);
    assert_true(linux_video_mode("vga=791 vga=normal x", &mode));
    assert_int_equal(0xffff, mode);
    assert_true(linux_video_mode("vga=0x0f01", &mode));
    assert_int_equal(0xf01, mode);
    assert_false(linux_video_mode("vga=normally", &mode));
    assert_false(linux_video_mode("vga=65536", &mode));
}

static void test_memory_end(void **state)
{
    (void)state;
    assert_int_equal(UINT64_MAX, linux_memory_end("quiet"));
    assert_int_equal(UINT64_MAX, linux_memory_end("mem=nopentium mem= mem=0 xmem=1M"));
    assert_int_equal(UINT64_MAX, linux_memory_end("mem=99999999999999999999 mem=99999999T"));
    assert_int_equal(512 * MIB, linux_memory_end("mem=1G mem=0x200M mem=3g"));
    assert_int_equal(100000, linux_memory_end("mem=100000"));
}

static void test_initrd_below_the_end_of_memory(void **state)
{
    (void)state;
    scene.entry.options = "mem=258M";
    assert_int_equal(BASE + 2 * MIB - PAGE_BYTES, load32(boot() + 0x218));
}

static void test_no_initrd_and_hardly_memory(void **state)
{
    (void)state;
    scene.entry.options = "mem=1";
    scene_refuse(ERR_NO_MEMORY, "initrd needs 1 KiB of memory in one piece from 100000h to 1h");
    scene.entry.initrds = NULL;
    boot();
}

static void test_uefi(void **state)
{
    (void)state;
    facts->firmware = LINTEL_FIRMWARE_UEFI;
    facts->efi_system_table = 0x1122334455;
    facts->map.efi = at_physical(0x6677889900);
    facts->map.efi_bytes = 96;
    facts->map.efi_descriptor_bytes = 48;
    facts->map.efi_descriptor_version = 1;
    fake_video(&screen);
    const uint8_t *page = boot(), *efi = page + 0x1c0;
    assert_memory_equal("EL64", efi, 4);
    assert_int_equal(0x22334455, load32(efi + 4));
    assert_int_equal(48, load32(efi + 8));
    assert_int_equal(1, load32(efi + 12));
    assert_int_equal(0x77889900, load32(efi + 16));
    assert_int_equal(96, load32(efi + 20));
    assert_int_equal(0x11, load32(efi + 24));
    assert_int_equal(0x66, load32(efi + 28));
    assert_int_equal(0x70, page[0x0f]);
    assert_int_equal(1024 * 768 * 4, load32(page + 0x1c));
}

static void test_uefi_without_a_screen(void **state)
{
    (void)state;
    facts->firmware = LINTEL_FIRMWARE_UEFI;
    assert_int_equal(0, boot()[0x0f]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_64_bit_entry, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_initrds_are_padded_and_joined, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_extras_are_an_archive, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_no_initrd, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_32_bit_entry, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_relocated, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_not_relocatable_in_the_firmwares_way, begin,
                                        fake_tear_down),
        cmocka_unit_test_setup_teardown(test_initrd_below_its_limit, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_memory_map, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_more_than_128_ranges, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_the_last_map_counts, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_a_last_map_that_is_too_long, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_text_screen, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_pixels_by_vga, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_vga_without_pixels, begin, fake_tear_down),
        cmocka_unit_test(test_vga_values),
        cmocka_unit_test(test_vga_modes_for_real_mode),
        cmocka_unit_test(test_memory_end),
        cmocka_unit_test_setup_teardown(test_initrd_below_the_end_of_memory, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_no_initrd_and_hardly_memory, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_uefi, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_uefi_without_a_screen, begin, fake_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
