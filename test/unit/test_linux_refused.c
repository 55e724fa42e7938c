/* Linux on the fake machine: what every failure on the way leaves behind, also by its EFI entry. */
#include "test/unit/linux_scene.h"

static void test_long_command_line(void **state)
{
    (void)state;
    char options[102];
    memset(options, 'x', 101);
    options[101] = 0;
    scene.entry.options = options;
    scene_refuse(ERR_UNSUPPORTED,
                 "the command line has 101 bytes, and this kernel takes at most 100");
    options[100] = 0;
    boot();
}

static void test_initrd_larger_than_memory(void **state)
{
    (void)state;
    scene.files[FIRST_INITRD].bytes = MEMORY;
    scene_refuse(ERR_NO_MEMORY, "initrd needs 16385 KiB of memory in one piece");
    scene.files[FIRST_INITRD].bytes = UINT64_MAX;
    scene_refuse(ERR_NO_MEMORY, "the initrds have more than 2^64 bytes");
}

static void test_kernel_larger_than_memory(void **state)
{
    (void)state;
    bz_put(0x260, 0xffffffff, 4);
    scene_refuse(ERR_NO_MEMORY, "kernel needs 4194304 KiB of memory in one piece");
    bz_put(0x234, 0, 1);
    scene_refuse(ERR_NO_MEMORY, "kernel must lie at 10400000h");
}

static enum err break_read(const struct reader *reader, uint64_t offset, uint64_t bytes, void *to)
{
    (void)offset, (void)bytes, (void)to;
    return (fail)(ERR_IO, "%s: broken on purpose", reader->name);
}

static void test_files_that_cannot_be_read(void **state)
{
    (void)state;
    scene.files[SECOND_INITRD].read = break_read;
    scene_refuse(ERR_IO, "second.img: broken");
    scene.files[VMLINUZ].read = break_read;
    scene_refuse(ERR_IO, "vmlinuz: broken");
}

static void test_real_mode_needs_a_bios(void **state)
{
    (void)state;
    facts->firmware = LINTEL_FIRMWARE_UEFI;
    bz_put(0x236, 0, 2);
    bz_put(0x214, 0, 4);
    scene_refuse(ERR_UNSUPPORTED, "vmlinuz: starts in real mode only");
}

static void test_what_the_firmware_refuses(void **state)
{
    (void)state;
    fake_fail_leave(1);
    scene_refuse(ERR_CHANGED, "leave() fails on purpose");
    for (uint64_t i = 1; i <= 3; i++) {
        arena_begin(&scene.machine.arena, scene.firmware.allocate);
        fake_fail_allocate(i);
        if (setjmp(fake_way_out))
            return; /* so many it does not need */
        assert_int_equal(ERR_NO_MEMORY, scene_carry_out());
        assert_non_null(strstr(err_message(), "no "));
        assert_int_equal(0, fake_reserved_pages());
    }
}

/* Entered without the firmware, which could have verified it. */
static void test_secure_boot(void **state)
{
    (void)state;
    facts->secure_boot = true;
    scene_refuse(ERR_UNSUPPORTED, "vmlinuz: Secure Boot is on");
}

/* Fedora's entries have a variable of GRUB's there. */
static void test_two_initrds_in_one_line(void **state)
{
    (void)state;
    initrds[0] = (struct entry_file){.path = "third.img", .argument = "/b"};
    scene_refuse(ERR_FORMAT, "initrd: third.img and /b stand in one line");
    initrds[0].argument = "$tuned_initrd";
    scene_refuse(ERR_NOT_FOUND, "initrd: third.img is not there");
}

static void test_extra_that_is_not_there(void **state)
{
    static struct entry_file extra = {.path = "gone.cred", .argument = ""};

    (void)state;
    scene.entry.extras = &extra;
    scene_refuse(ERR_NOT_FOUND, "extra: gone.cred is not there");
}

static void test_empty_initrd(void **state)
{
    (void)state;
    scene.files[SECOND_INITRD].bytes = 0;
    scene_refuse(ERR_FORMAT, "initrd: second.img is empty");
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

static void refuse_efi(enum err err, const char *why)
{
    scene_refuse(err, why);
    assert_int_equal(ENTRY_PROGRAM, scene.attempt.wishes.mode);
}

static void test_efi_entry(void **state)
{
    (void)state;
    scene.firmware.start = start;
    facts->secure_boot = true; /* the firmware has verified it */
    refuse_efi(ERR_UNSUPPORTED, "vmlinuz: the kernel returned");
    assert_memory_equal("seven b\0four", handed, 12);
    scene.files[FIRST_INITRD].read = break_read;
    refuse_efi(ERR_IO, "first.img: broken");
    scene.files[FIRST_INITRD].bytes = MEMORY;
    refuse_efi(ERR_NO_MEMORY, "initrd needs 16385 KiB");
    bz_put(0x260, MEMORY + 1, 4);
    refuse_efi(ERR_NO_MEMORY, "kernel needs 16385 KiB");
}

/* Its EFI entry would look for the initrd by itself, and not find it. */
static void test_efi_entry_that_takes_no_initrd(void **state)
{
    (void)state;
    scene.firmware.start = start;
    bz_put(BZ_PE + 24 + 44, 0, 2);
    boot();
    assert_int_equal(HANDOFF_LONG, fake_handoff()->mode);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_long_command_line, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_initrd_larger_than_memory, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_kernel_larger_than_memory, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_files_that_cannot_be_read, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_real_mode_needs_a_bios, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_what_the_firmware_refuses, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_secure_boot, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_two_initrds_in_one_line, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_extra_that_is_not_there, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_empty_initrd, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_efi_entry, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_efi_entry_that_takes_no_initrd, begin, fake_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
