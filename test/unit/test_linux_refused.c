/* Linux on the fake machine: what every failure on the way leaves behind, also by its EFI entry. */
#include "test/unit/linux_scene.h"

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
        arena_begin(&boot.machine.arena, firmware.allocate);
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
