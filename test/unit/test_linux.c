/* Linux on the fake machine, from its files to the leap: what the kernel would find, and what every
 * failure on the way leaves behind. */
#include "bzimage.h"
#include "common/handoff/leap_state.h"
#include "common/proto/linux/linux_job.h"
#include "common/proto/linux/linux_params.h"
#include "fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define MEMORY  (16 * MIB)
#define BASE    FAKE_MEMORY_BASE
#define END     (BASE + MEMORY)
#define ADDRESS (BASE + 4 * MIB)

static struct facts *facts;
static struct firmware firmware;
static struct boot boot;
static struct linux_files files;
static struct source sources[3];
static const struct source *initrds[2] = {&sources[1], &sources[2]};

static int begin(void **state)
{
    (void)state;
    facts = fake_begin(MEMORY);
    facts->rsdp = 0xf59e0;
    firmware = fake_firmware;
    boot = (struct boot){.facts = facts, .firmware = &firmware};
    arena_begin(&boot.arena, firmware.allocate);
    bz_build(ADDRESS);
    sources[0] = source_from_memory("vmlinuz", bz, BZ_BYTES);
    sources[1] = source_from_memory("first.img", "seven b", 7);
    sources[2] = source_from_memory("second.img", "four", 4);
    files = (struct linux_files){
        .kernel = &sources[0], .initrds = initrds, .initrd_count = 2, .options = "one two"};
    return 0;
}

static int end(void **state)
{
    (void)state;
    fake_end();
    return 0;
}

/* Boots, and returns the boot parameters that the kernel finds. */
static const uint8_t *leap(void)
{
    int way_out = setjmp(fake_way_out);
    if (!way_out)
        fail_msg("linux_boot(): %d, %s", linux_boot(&boot, &files), err_message());
    assert_int_equal(FAKE_LEAPT, way_out);
    assert_true(fake_left());
    return at_physical(fake_leap()->registers.rsi);
}

static void refuse(enum err err, const char *why)
{
    assert_int_equal(err, linux_boot(&boot, &files));
    if (!strstr(err_message(), why))
        fail_msg("\"%s\" does not say \"%s\"", err_message(), why);
    assert_int_equal(0, fake_claimed_pages());
    assert_false(fake_left());
}

/* ---- what the kernel finds ------------------------------------------------------------------- */

static void test_64_bit_entry(void **state)
{
    (void)state;
    const uint8_t *page = leap();
    assert_int_equal(LEAP_LONG, fake_leap()->mode);
    assert_int_equal(0x10, fake_leap()->code);
    assert_int_equal(0x18, fake_leap()->data);
    assert_int_equal(ADDRESS + 0x200, fake_leap()->entry);
    assert_memory_equal(bz + BZ_SETUP, at_physical(ADDRESS), BZ_PAYLOAD);
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
    const uint8_t *page = leap();
    assert_int_equal(12, load32(page + 0x21c));
    assert_memory_equal("seven b\0four", at_physical(load32(page + 0x218)), 12);
}

static void test_no_initrd(void **state)
{
    (void)state;
    files.initrd_count = 0;
    const uint8_t *page = leap();
    assert_int_equal(0, load32(page + 0x218));
    assert_int_equal(0, load32(page + 0x21c));
}

static void test_32_bit_entry(void **state)
{
    (void)state;
    bz_put(0x236, 0, 2);
    bz_put(0x214, 0x100010, 4);
    leap();
    assert_int_equal(LEAP_PROTECTED, fake_leap()->mode);
    assert_int_equal(ADDRESS + 0x10, fake_leap()->entry);
}

/* In the way of the place that it likes: the next one upwards that fits its alignment. */
static void test_relocated(void **state)
{
    (void)state;
    fake_map_add(ADDRESS + PAGE_BYTES, PAGE_BYTES, LINTEL_MEMORY_RESERVED);
    const uint8_t *page = leap();
    assert_int_equal(ADDRESS + 0x10000 + 0x200, fake_leap()->entry);
    assert_int_equal(ADDRESS + 0x10000, load32(page + 0x214));
}

static void test_not_relocatable_in_the_firmwares_way(void **state)
{
    (void)state;
    bz_put(0x234, 0, 1);
    fake_map_add(ADDRESS + PAGE_BYTES, PAGE_BYTES, LINTEL_MEMORY_RECLAIMABLE);
    leap();
    assert_int_equal(ADDRESS + 0x200, fake_leap()->entry);
    const struct leap_state *prepared = at_physical(fake_leap()->memory->physical);
    assert_int_equal(1, prepared->move_count);
}

static void test_initrd_below_its_limit(void **state)
{
    (void)state;
    bz_put(0x236, 1, 2);
    bz_put(0x22c, BASE + 2 * MIB - 1, 4);
    assert_int_equal(BASE + 2 * MIB - PAGE_BYTES, load32(leap() + 0x218));
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
    const uint8_t *page = leap(), *entry = page + 0x2d0;
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
    const uint8_t *page = leap();
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
    firmware.leave = leave_with_news;
    check_entry(leap() + 0x2d0 + 40, END, MIB, 4);
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
        fail_msg("linux_boot(): %d, %s", linux_boot(&boot, &files), err_message());
    assert_int_equal(FAKE_DEAD_END, way_out);
    assert_non_null(strstr(err_message(), "no room"));
}

static void test_text_screen(void **state)
{
    (void)state;
    fake_video(&screen);
    const uint8_t *page = leap();
    assert_int_equal(1, page[0x0f]);
    assert_int_equal(80, page[0x07]);
    assert_int_equal(25, page[0x0e]);
}

static void test_pixels_by_vga(void **state)
{
    (void)state;
    static const uint8_t colors[8] = {8, 16, 8, 8, 8, 0, 8, 24};
    fake_video(&screen);
    files.options = "vga=normal vga=0x317";
    const uint8_t *page = leap();
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
    files.options = "vga=791";
    assert_int_equal(1, leap()[0x0f]);
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
    files.options = "mem=258M";
    assert_int_equal(BASE + 2 * MIB - PAGE_BYTES, load32(leap() + 0x218));
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
    const uint8_t *page = leap(), *efi = page + 0x1c0;
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
    assert_int_equal(0, leap()[0x0f]);
}

/* ---- what the real-mode part would have asked a BIOS -------------------------------------------
 */

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
    const uint8_t *page = leap();
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
    const uint8_t *page = leap();
    assert_int_equal(6, page[0x1e9]);
    assert_int_equal(0x85, page[0xd00 + 5 * 82]);
    assert_int_equal(0, page[0xd00 + 6 * 82]);
}

static void expect_disks(const char *options, uint8_t disks, uint8_t signatures)
{
    files.options = options;
    const uint8_t *page = leap();
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

static enum err connect_apm(struct apm *apm)
{
    *apm = (struct apm){.version = 0x102, .code32_segment = 0xf000, .data_bytes = 0xabcd};
    return OK;
}

static void test_apm(void **state)
{
    (void)state;
    firmware.connect_apm = connect_apm;
    assert_int_equal(0, load16(leap() + 0x40)); /* a 64-bit kernel has no use for it */
}

static void test_apm_of_a_32_bit_kernel(void **state)
{
    (void)state;
    firmware.connect_apm = connect_apm;
    bz_put(0x236, 0, 2);
    const uint8_t *page = leap();
    assert_int_equal(0x102, load16(page + 0x40));
    assert_int_equal(0xf000, load16(page + 0x42));
    assert_int_equal(0xabcd, load16(page + 0x52));
}

/* ---- failures -------------------------------------------------------------------------------- */

static void test_long_command_line(void **state)
{
    (void)state;
    char options[102];
    memset(options, 'x', 101);
    options[101] = 0;
    files.options = options;
    refuse(ERR_UNSUPPORTED, "the command line has 101 bytes, and this kernel takes at most 100");
    options[100] = 0;
    leap();
}

static void test_initrd_larger_than_memory(void **state)
{
    (void)state;
    sources[1].bytes = MEMORY;
    refuse(ERR_NO_MEMORY, "the initrd (16385 KiB) does not fit into memory");
    sources[1].bytes = UINT64_MAX;
    refuse(ERR_NO_MEMORY, "the initrds have more than 2^64 bytes");
}

static void test_kernel_larger_than_memory(void **state)
{
    (void)state;
    bz_put(0x260, 0xffffffff, 4);
    refuse(ERR_NO_MEMORY, "the kernel (4194304 KiB) does not fit");
    bz_put(0x234, 0, 1);
    refuse(ERR_NO_MEMORY, "the kernel must lie at 10400000h");
}

static enum err break_read(const struct source *source, uint64_t offset, uint64_t bytes, void *to)
{
    (void)offset, (void)bytes, (void)to;
    return (fail)(ERR_IO, "%s: broken on purpose", source->name);
}

static void test_files_that_cannot_be_read(void **state)
{
    (void)state;
    sources[2].read = break_read;
    refuse(ERR_IO, "second.img: broken");
    sources[0].read = break_read;
    refuse(ERR_IO, "vmlinuz: broken");
}

static void test_real_mode_needs_a_bios(void **state)
{
    (void)state;
    facts->firmware = LINTEL_FIRMWARE_UEFI;
    bz_put(0x236, 0, 2);
    bz_put(0x214, 0, 4);
    refuse(ERR_UNSUPPORTED, "vmlinuz: starts in real mode only");
}

static void test_what_the_firmware_refuses(void **state)
{
    (void)state;
    fake_fail_leave(1);
    refuse(ERR_CHANGED, "leave() fails on purpose");
    for (uint64_t i = 1; i <= 3; i++) {
        arena_begin(&boot.arena, firmware.allocate);
        fake_fail_allocate(i);
        int way_out = setjmp(fake_way_out);
        if (way_out)
            return; /* so many it does not need */
        refuse(ERR_NO_MEMORY, "no ");
    }
}

static void refuse_entry(const struct entry *entry, const char *why)
{
    const struct file kernel = {.source = sources[0]};

    if (setjmp(fake_way_out))
        fail_msg("it boots");
    assert_true(protocol_linux.boot(&boot, entry, &kernel) != OK);
    if (!strstr(err_message(), why))
        fail_msg("\"%s\" does not say \"%s\"", err_message(), why);
}

/* Entered without the firmware, which could have verified it. */
static void test_secure_boot(void **state)
{
    (void)state;
    facts->secure_boot = true;
    refuse_entry(&(struct entry){.id = "it", .options = ""}, "vmlinuz: Secure Boot is on");
}

/* Fedora's entries have a variable of GRUB's there. */
static void test_two_initrds_in_one_line(void **state)
{
    (void)state;
    struct entry_file initrd = {.path = "LABEL=none", .argument = "/b"};
    const struct entry entry = {.id = "it", .options = "", .initrds = &initrd};
    refuse_entry(&entry, "entry it: initrd: LABEL=none and /b stand in one line");
    initrd.argument = "$tuned_initrd";
    refuse_entry(&entry, "entry it: initrd: LABEL=none: the path is missing");
}

/* ---- the kernel's EFI entry ------------------------------------------------------------------ */

static uint8_t handed[16];

/* A firmware whose kernel asks for its initrd and then comes back. */
static enum err start(const struct program *program)
{
    assert_memory_equal(bz, program->image, BZ_BYTES);
    assert_string_equal("one two", program->options);
    assert_int_equal(12, program->initrd_bytes);
    TRY(program->read_initrd(program->context, handed));
    return OK;
}

static void test_efi_entry(void **state)
{
    (void)state;
    const struct disk disk = {.name = "disk"};
    const struct volume volume = {.disk = &disk};
    const struct fs fs = {.volume = &volume};
    const struct file kernel = {.source = sources[0], .fs = &fs};
    struct linux_image image;

    firmware.start = start;
    assert_int_equal(OK, linux_image_parse(&sources[0], &image));
    assert_int_equal(ERR_UNSUPPORTED, linux_boot_efi(&boot, &files, &image, &kernel));
    assert_non_null(strstr(err_message(), "vmlinuz: the kernel returned"));
    assert_memory_equal("seven b\0four", handed, 12);
    sources[1].read = break_read;
    assert_int_equal(ERR_IO, linux_boot_efi(&boot, &files, &image, &kernel));
    sources[1].bytes = MEMORY;
    assert_int_equal(ERR_NO_MEMORY, linux_boot_efi(&boot, &files, &image, &kernel));
    image.memory_bytes = MEMORY + 1;
    assert_int_equal(ERR_NO_MEMORY, linux_boot_efi(&boot, &files, &image, &kernel));
    assert_non_null(strstr(err_message(), "the kernel (16385 KiB) does not fit"));
    assert_int_equal(0, fake_claimed_pages());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_64_bit_entry, begin, end),
        cmocka_unit_test_setup_teardown(test_initrds_are_padded_and_joined, begin, end),
        cmocka_unit_test_setup_teardown(test_no_initrd, begin, end),
        cmocka_unit_test_setup_teardown(test_32_bit_entry, begin, end),
        cmocka_unit_test_setup_teardown(test_relocated, begin, end),
        cmocka_unit_test_setup_teardown(test_not_relocatable_in_the_firmwares_way, begin, end),
        cmocka_unit_test_setup_teardown(test_initrd_below_its_limit, begin, end),
        cmocka_unit_test_setup_teardown(test_memory_map, begin, end),
        cmocka_unit_test_setup_teardown(test_more_than_128_ranges, begin, end),
        cmocka_unit_test_setup_teardown(test_the_last_map_counts, begin, end),
        cmocka_unit_test_setup_teardown(test_a_last_map_that_is_too_long, begin, end),
        cmocka_unit_test_setup_teardown(test_text_screen, begin, end),
        cmocka_unit_test_setup_teardown(test_pixels_by_vga, begin, end),
        cmocka_unit_test_setup_teardown(test_vga_without_pixels, begin, end),
        cmocka_unit_test(test_vga_values),
        cmocka_unit_test(test_vga_modes_for_real_mode),
        cmocka_unit_test(test_memory_end),
        cmocka_unit_test_setup_teardown(test_initrd_below_the_end_of_memory, begin, end),
        cmocka_unit_test_setup_teardown(test_disks, begin, end),
        cmocka_unit_test_setup_teardown(test_more_disks_than_fit, begin, end),
        cmocka_unit_test_setup_teardown(test_no_disks_wanted, begin, end),
        cmocka_unit_test_setup_teardown(test_no_signatures_wanted, begin, end),
        cmocka_unit_test_setup_teardown(test_apm, begin, end),
        cmocka_unit_test_setup_teardown(test_apm_of_a_32_bit_kernel, begin, end),
        cmocka_unit_test_setup_teardown(test_uefi, begin, end),
        cmocka_unit_test_setup_teardown(test_uefi_without_a_screen, begin, end),
        cmocka_unit_test_setup_teardown(test_long_command_line, begin, end),
        cmocka_unit_test_setup_teardown(test_initrd_larger_than_memory, begin, end),
        cmocka_unit_test_setup_teardown(test_kernel_larger_than_memory, begin, end),
        cmocka_unit_test_setup_teardown(test_files_that_cannot_be_read, begin, end),
        cmocka_unit_test_setup_teardown(test_real_mode_needs_a_bios, begin, end),
        cmocka_unit_test_setup_teardown(test_what_the_firmware_refuses, begin, end),
        cmocka_unit_test_setup_teardown(test_secure_boot, begin, end),
        cmocka_unit_test_setup_teardown(test_two_initrds_in_one_line, begin, end),
        cmocka_unit_test_setup_teardown(test_efi_entry, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
