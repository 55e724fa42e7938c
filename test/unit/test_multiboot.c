/* Multiboot on the fake machine, from its files to the handoff: what the kernel would find, and
 * what every failure on the way leaves behind. */
#include "test/unit/attempt_scene.h"
#include "test/unit/multiboot_builder.h"

#define MEMORY (16 * MIB)
#define BASE   FAKE_MEMORY_BASE
#define END    (BASE + MEMORY)

static struct facts *facts;
static struct reader *initrd_reader;
static struct entry_file module, initrd;
static uint8_t page[5000] = "module";

static int begin(void **state)
{
    (void)state;
    facts = scene_begin(MEMORY, "kernel.elf");
    scene_add("/m", page, sizeof page);
    initrd_reader = scene_add("/i", "initrd", 6);
    initrd = (struct entry_file){.path = "/i", .argument = ""};
    module = (struct entry_file){.path = "/m", .argument = "words"};
    scene.entry.options = "a b";
    scene.entry.modules = &module;
    scene.entry.initrds = &initrd;
    mb_elf32();
    return 0;
}

/* The kernel's file as it is by now. */
static void add_kernel(void)
{
    scene.files[2] = reader_from_memory("kernel.elf", mb.bytes, mb.size);
    scene.file_count = 3;
}

/* What the handoff's program does, when it runs from the tables that show memory one to one. */
static void move(const struct handoff_state *state)
{
    const struct handoff_move *moves = at_physical(state->moves);

    for (uint64_t i = 0; i < state->move_count; i++)
        memmove(at_physical(moves[i].to), at_physical(moves[i].from), moves[i].bytes);
}

/* Boots, and returns the information that the kernel finds. */
static const uint8_t *boot_by(uint32_t magic)
{
    add_kernel();
    const struct handoff_state *state = scene_boot();
    assert_int_equal(HANDOFF_PROTECTED, state->mode);
    assert_int_equal(magic, state->registers.rax);
    move(state);
    return at_physical(state->registers.rbx);
}

static const uint8_t *boot(void)
{
    return boot_by(MULTIBOOT2_BOOT_MAGIC);
}

static void refuse(enum err err, const char *why)
{
    add_kernel();
    scene_refuse(err, why);
}

static const uint8_t *find_nth(const uint8_t *information, uint32_t type, uint32_t n)
{
    for (uint64_t at = 8; at < load32(information); at += align_up(load32(information + at + 4), 8))
        if (load32(information + at) == type && !n--)
            return information + at + 8;
    return NULL;
}

static const uint8_t *find_tag(const uint8_t *information, uint32_t type)
{
    return find_nth(information, type, 0);
}

/* ---- what the kernel finds ------------------------------------------------------------------- */

static void check_kernel(uint64_t at)
{
    assert_int_equal(at + 0x10, fake_handoff()->entry);
    assert_memory_equal(mb.bytes + MB_CODE, at_physical(at), MB_FILE);
    for (uint64_t i = MB_FILE; i < MB_MEMORY; i++)
        assert_int_equal(0, ((const uint8_t *)at_physical(at))[i]);
}

static void test_fixed_kernel(void **state)
{
    (void)state;
    const uint8_t *information = boot();
    check_kernel(MB_PHYSICAL);
    assert_string_equal("a b", find_tag(information, 1));
    assert_null(find_tag(information, 21));
    const uint8_t *first = find_tag(information, 3);
    assert_int_equal(0, load32(first) % PAGE_BYTES);
    assert_true(load32(first) < MB_PHYSICAL); /* as low as it goes */
    assert_int_equal(sizeof page, load32(first + 4) - load32(first));
    assert_string_equal("words", first + 8);
    assert_memory_equal(page, at_physical(load32(first)), sizeof page);
    const uint8_t *second = find_nth(information, 3, 1); /* right behind it, in the entry's order */
    assert_int_equal(load32(first) + 2 * PAGE_BYTES, load32(second));
    assert_memory_equal("initrd", at_physical(load32(second)), 6);
}

/* One that is asked for is told what keeps the file from it, but of a file that is another kernel
 * it is told that. */
static void test_asked_for_by_name(void **state)
{
    (void)state;
    scene.entry.protocol = "multiboot1";
    refuse(ERR_FORMAT, "is a Multiboot2 kernel, not a Multiboot kernel");
    memset(mb.bytes + MB_HEADER, 0, 32);
    refuse(ERR_FORMAT, "kernel.elf is no 64-bit ELF file: such are booted as Multiboot kernels");
    mb_header(MB_HEADER + 4);
    scene.entry.protocol = "multiboot2";
    refuse(ERR_FORMAT, "its Multiboot2 header at 204h is not aligned to 8 bytes");
    scene.entry.protocol = "uki";
    refuse(ERR_FORMAT, "is nothing that Lintel knows, not a unified kernel image");
}

static void test_bss_of_its_own(void **state)
{
    (void)state;
    mb_program32(1, UINT32_MAX, 0, MB_PHYSICAL + 4 * PAGE_BYTES, 0, 100);
    boot();
    const uint8_t *bss = at_physical(MB_PHYSICAL + 4 * PAGE_BYTES);
    for (uint64_t i = 0; i < 100; i++)
        assert_int_equal(0, bss[i]);
    assert_int_equal(FAKE_POISON, bss[100]);
}

static void test_version_1(void **state)
{
    (void)state;
    mb_put(MB_HEADER, 0x1badb002, 4);
    mb_put(MB_HEADER + 4, 3, 4);
    mb_put(MB_HEADER + 8, -(0x1badb002u + 3), 4);
    const uint8_t *information = boot_by(MULTIBOOT1_BOOT_MAGIC);
    check_kernel(MB_PHYSICAL);
    assert_int_equal(2, load32(information + 20));
    const uint8_t *modules = at_physical(load32(information + 24));
    assert_memory_equal("initrd", at_physical(load32(modules + 16)), 6);
    assert_int_equal(6, load32(modules + 20) - load32(modules + 16));
}

static void test_sections_are_loaded(void **state)
{
    (void)state;
    mb_sections32();
    const uint8_t *tag = find_tag(boot(), 9);
    assert_int_equal(4, load32(tag));
    const uint8_t *text = tag + 12 + 40, *symbols = text + 40, *names = symbols + 40;
    assert_int_equal(MB_VIRTUAL, load32(text + 12)); /* as it was: it is in a segment */
    assert_memory_equal(mb.bytes + MB_CODE, at_physical(load32(symbols + 12)), 64);
    assert_string_equal(".text", (const char *)at_physical(load32(names + 12)) + 1);
}

static void test_sections_that_lead_nowhere(void **state)
{
    (void)state;
    mb_sections32();
    mb_put(load32(mb.bytes + 32) + 2 * 40 + 16, 0xfffffff0, 4);
    assert_null(find_tag(boot(), 9));
}

/* However many name the same bytes, they are loaded once. */
static void test_sections_that_share_bytes(void **state)
{
    (void)state;
    mb_sections32();
    mb_put(load32(mb.bytes + 32) + 2 * 40 + 16, 0, 4);
    mb_put(load32(mb.bytes + 32) + 2 * 40 + 20, mb.size, 4);
    const uint8_t *tag = find_tag(boot(), 9), *symbols = tag + 12 + 2 * 40, *names = symbols + 40;
    const struct wishes *wishes = &scene.attempt.wishes;
    assert_int_equal(mb.size, wishes->regions[wishes->region_count - 1].bytes);
    assert_memory_equal(mb.bytes, at_physical(load32(symbols + 12)), mb.size);
    assert_int_equal(load32(names + 16), load32(names + 12) - load32(symbols + 12));
    assert_string_equal(".text", (const char *)at_physical(load32(names + 12)) + 1);
}

static const struct vbe vbe = {.mode = 0x4118};
static const struct video screen = {.fb = {.base_physical = 0xfd000000,
                                           .bytes = 640 * 480 * 4,
                                           .width = 640,
                                           .height = 480,
                                           .pitch = 640 * 4,
                                           FAKE_XRGB},
                                    .vbe = &vbe};

static void test_console(void **state)
{
    (void)state;
    MB_TAG(4, 0, 3); /* required; text is known */
    facts->firmware = LINTEL_FIRMWARE_UEFI;
    refuse(ERR_UNSUPPORTED, "it can use EGA text");
    fake_video(&screen);
    refuse(ERR_UNSUPPORTED, "it can use EGA text");
    facts->firmware = LINTEL_FIRMWARE_BIOS; /* has its text screen */
    assert_int_equal(0xb8000, load32(find_tag(boot(), 8)));
}

static void test_console_of_pixels(void **state)
{
    (void)state;
    MB_TAG(4, 0, 1);
    refuse(ERR_UNSUPPORTED, "it can use none");
    MB_TAG(5, 0, 640, 480, 32);
    refuse(ERR_UNSUPPORTED, "it can use a framebuffer"); /* the text screen is no help */
    fake_video(&screen);
    const uint8_t *information = boot();
    assert_int_equal(screen.fb.base_physical, load64(find_tag(information, 8)));
    assert_int_equal(vbe.mode, load16(find_tag(information, 7)));
}

/* What the firmware will say of pixels is not known when the plan is made. */
static void test_room_for_pixels(void **state)
{
    (void)state;
    boot();
    uint64_t before = scene.attempt.wishes.information_bytes;
    fake_tear_down(NULL);
    begin(NULL);
    MB_TAG(5, 0, 640, 480, 32);
    boot();
    assert_true(scene.attempt.wishes.information_bytes >= before + sizeof vbe);
}

static void test_pixels_of_version_1(void **state)
{
    const uint32_t header[12] = {0x1badb002, 7, -(0x1badb002u + 7), [9] = 640, 480, 32};
    (void)state;
    memcpy(mb.bytes + MB_HEADER, header, sizeof header);
    fake_video(&screen);
    const uint8_t *information = boot_by(MULTIBOOT1_BOOT_MAGIC);
    assert_int_equal(0x1800, load32(information) & 0x1800);
    assert_int_equal(vbe.mode, load16(information + 80));
    assert_int_equal(screen.fb.base_physical, load64(information + 88));
}

/* With boot services it counts on UEFI, and no other entry does. */
static void test_efi_entry(void **state)
{
    (void)state;
    MB_TAG(9, 1, MB_PHYSICAL - 1);
    boot();
    fake_tear_down(NULL);
    begin(NULL);
    MB_TAG(9, 1, MB_PHYSICAL - 1);
    facts->firmware = LINTEL_FIRMWARE_UEFI;
    boot();
    fake_tear_down(NULL);
    begin(NULL);
    facts->firmware = LINTEL_FIRMWARE_UEFI;
    MB_TAG(7, 1, 0);
    MB_TAG(9, 1, MB_PHYSICAL - 1);
    refuse(ERR_FORMAT, "entry point 103FFFFFh");
}

/* As GRUB does it: the services live, and the usual entry is called. */
static void test_services_without_an_efi_entry(void **state)
{
    (void)state;
    facts->firmware = LINTEL_FIRMWARE_UEFI;
    MB_TAG(7, 1, 0);
    MB_TAG(3, 0, MB_PHYSICAL - 1);
    refuse(ERR_FORMAT, "entry point 103FFFFFh");
    fake_tear_down(NULL);
    begin(NULL);
    facts->firmware = LINTEL_FIRMWARE_UEFI;
    MB_TAG(7, 1, 0);
    fake_map_add(MB_PHYSICAL, PAGE_BYTES, LINTEL_MEMORY_RECLAIMABLE);
    refuse(ERR_NO_MEMORY, "it runs while EFI boot services live");
}

/* ---- relocation ------------------------------------------------------------------------------ */

static void relocate(uint32_t lowest, uint32_t highest, uint32_t alignment, uint32_t preference)
{
    MB_TAG(10, 0, lowest, highest, alignment, preference);
}

static void check_base(uint64_t base)
{
    assert_int_equal(base, load32(find_tag(boot(), 21)));
    check_kernel(base);
}

static void test_lowest(void **state)
{
    (void)state;
    relocate(BASE + MIB + 1, BASE + 8 * MIB, 0x10000, 1);
    check_base(BASE + MIB + 0x10000);
}

static void test_highest(void **state)
{
    (void)state;
    relocate(BASE, (uint32_t)(BASE + 8 * MIB - 1), 4, 2);
    check_base(BASE + 8 * MIB - 2 * PAGE_BYTES);
}

static void test_highest_leaves_out_the_last_byte(void **state)
{
    (void)state;
    relocate(BASE, (uint32_t)(BASE + 8 * MIB - 2), 4, 2);
    check_base(BASE + 8 * MIB - 3 * PAGE_BYTES);
}

/* A kernel is more particular than its modules: they don't take the memory that it needs. */
static void test_highest_goes_before_modules(void **state)
{
    static uint8_t large[8 * MIB];
    (void)state;
    scene.files[0] = reader_from_memory("/m", large, sizeof large);
    relocate(BASE, (uint32_t)(BASE + 6 * MIB - 1), 4, 2);
    check_base(BASE + 6 * MIB - 2 * PAGE_BYTES);
    assert_int_equal(BASE + 6 * MIB,
                     load32(find_tag(at_physical(fake_handoff()->registers.rbx), 3)));
}

static void test_no_preference_stays(void **state)
{
    (void)state;
    relocate(BASE, (uint32_t)END, 4, 0);
    check_base(MB_PHYSICAL);
}

static void test_no_preference_moves_out_of_the_way(void **state)
{
    (void)state;
    fake_map_add(MB_PHYSICAL + PAGE_BYTES, PAGE_BYTES, LINTEL_MEMORY_RESERVED);
    relocate((uint32_t)MB_PHYSICAL, (uint32_t)END, 4, 0);
    check_base(MB_PHYSICAL + 2 * PAGE_BYTES);
}

static void test_no_place(void **state)
{
    (void)state;
    relocate(BASE + MIB, BASE + MIB + MB_MEMORY - 2, 4, 1);
    refuse(ERR_NO_MEMORY,
           "kernel.elf needs 6 KiB of memory in one piece from 10100000h to 101017FFh, but "
           "the largest free piece there has 5 KiB: its relocatable tag allows no other");
}

/* ---- places that are taken ------------------------------------------------------------------- */

static void test_in_the_firmwares_way(void **state)
{
    (void)state;
    fake_map_add(MB_PHYSICAL, PAGE_BYTES, LINTEL_MEMORY_RECLAIMABLE);
    boot();
    assert_int_equal(1, fake_handoff()->move_count);
    check_kernel(MB_PHYSICAL);
}

/* Two pieces: what is moved goes to its own place, and disturbs neither. */
static void test_one_piece_in_the_way(void **state)
{
    const uint64_t other = MB_PHYSICAL + MIB;
    (void)state;
    mb_program32(1, MB_CODE, (uint32_t)other, (uint32_t)other, 100, 3 * PAGE_BYTES);
    fake_map_add(other + PAGE_BYTES, PAGE_BYTES, LINTEL_MEMORY_RECLAIMABLE);
    boot();
    assert_int_equal(1, fake_handoff()->move_count);
    check_kernel(MB_PHYSICAL);
    assert_memory_equal(mb.bytes + MB_CODE, at_physical(other), 100);
    for (uint64_t i = 100; i < 3 * PAGE_BYTES; i++)
        assert_int_equal(0, ((const uint8_t *)at_physical(other))[i]);
}

static void test_in_the_way_while_services_live(void **state)
{
    (void)state;
    facts->firmware = LINTEL_FIRMWARE_UEFI;
    fake_map_add(MB_PHYSICAL, PAGE_BYTES, LINTEL_MEMORY_RECLAIMABLE);
    mb_tag(7, 0, 0, NULL);
    MB_TAG(9, 0, (uint32_t)MB_PHYSICAL);
    refuse(ERR_NO_MEMORY, "needs a relocatable tag");
}

static void test_not_memory(void **state)
{
    (void)state;
    fake_map_add(MB_PHYSICAL + PAGE_BYTES, PAGE_BYTES, LINTEL_MEMORY_ACPI_NVS);
    refuse(ERR_NO_MEMORY,
           "kernel.elf must lie at 10400000h to 104017FFh, but at 10401000h there is ACPI "
           "NVS, up to 104017FFh: link it elsewhere, or give its header a relocatable tag");
}

/* ---- failures -------------------------------------------------------------------------------- */

static void test_missing_files(void **state)
{
    (void)state;
    initrd.path = "/gone";
    refuse(ERR_NOT_FOUND, "initrd: /gone is not there");
    initrd.path = "/i";
    module.path = "/gone";
    refuse(ERR_NOT_FOUND, "module: /gone is not there");
}

static enum err read_nothing(const struct reader *reader, uint64_t offset, uint64_t bytes, void *to)
{
    (void)offset, (void)bytes, (void)to;
    return (fail)(ERR_IO, "%s: broken on purpose", reader->name);
}

static void test_broken_file(void **state)
{
    (void)state;
    initrd_reader->read = read_nothing;
    refuse(ERR_IO, "/i: broken on purpose");
}

static enum err connect_apm(struct apm *apm)
{
    apm->version = 0x102;
    return OK;
}

static enum err have_no_apm(struct apm *apm)
{
    (void)apm;
    return (fail)(ERR_UNSUPPORTED, "no APM");
}

static enum err connect_early(struct apm *apm)
{
    (void)apm;
    fail_msg("APM is connected before all is loaded");
    return OK;
}

static void test_apm(void **state)
{
    (void)state;
    scene.firmware.connect_apm = connect_apm;
    assert_int_equal(0x102, load16(find_tag(boot(), 10)));
}

static void test_no_apm(void **state)
{
    (void)state;
    scene.firmware.connect_apm = have_no_apm;
    assert_null(find_tag(boot(), 10));
}

static void test_apm_of_a_broken_file(void **state)
{
    (void)state;
    scene.firmware.connect_apm = connect_early;
    initrd_reader->read = read_nothing;
    refuse(ERR_IO, "/i: broken on purpose");
}

static void test_leave_fails(void **state)
{
    (void)state;
    fake_fail_leave(1);
    refuse(ERR_CHANGED, "leave() fails");
    boot();
}

/* Whichever reserve fails, none stays; one that fails because the firmware took the memory
 * meanwhile is made again. */
static void test_claims_fail(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 6; n++) {
        fake_fail_reserve(n);
        fake_fail_leave(1);
        refuse(ERR_CHANGED, "leave() fails");
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, begin, fake_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(fixed_kernel),
        TEST(asked_for_by_name),
        TEST(bss_of_its_own),
        TEST(version_1),
        TEST(sections_are_loaded),
        TEST(sections_that_lead_nowhere),
        TEST(sections_that_share_bytes),
        TEST(console),
        TEST(console_of_pixels),
        TEST(room_for_pixels),
        TEST(pixels_of_version_1),
        TEST(efi_entry),
        TEST(lowest),
        TEST(highest),
        TEST(highest_leaves_out_the_last_byte),
        TEST(highest_goes_before_modules),
        TEST(no_preference_stays),
        TEST(no_preference_moves_out_of_the_way),
        TEST(no_place),
        TEST(in_the_firmwares_way),
        TEST(one_piece_in_the_way),
        TEST(in_the_way_while_services_live),
        TEST(services_without_an_efi_entry),
        TEST(not_memory),
        TEST(missing_files),
        TEST(broken_file),
        TEST(apm),
        TEST(no_apm),
        TEST(apm_of_a_broken_file),
        TEST(leave_fails),
        TEST(claims_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
