/* Whole boots on the fake machine, from boot_main() to the handoff: what the kernel would find, and
 * what every failure on the way leaves behind. */
#include "common/plan/plan.h"
#include "test/unit/bzimage.h"
#include "test/unit/elf_builder.h"
#include "test/unit/fake_firmware.h"
#include "test/unit/scratch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define MEMORY (16 * MIB)

static struct facts *facts;

static void write_file(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

/* Two entries: one that boots, chosen by default, and one whose kernel is not there. */
static int make_disk(void **state)
{
    if (scratch_begin(state))
        return -1;
    build_kernel(ET_EXEC, BUILT_LINK);
    write_file("kernel.elf", built.bytes, built.size);
    run("head -c 300000 /dev/urandom > module");
    run("printf 'timeout 0\\ndefault good\\n' > loader.conf");
    run("printf 'timeout 0\\ndefault bad\\n' > bad.conf");
    run("printf 'title Good\\nkernel /boot/kernel.elf\\nmodule /boot/module an argument\\noptions "
        "one two\\n' > good.entry");
    run("printf 'title Bad\\nkernel /boot/missing.elf\\n' > bad.entry");
    run("truncate -s 8M disk.img && mformat -i disk.img :: && mmd -i disk.img ::/loader "
        "::/loader/entries ::/boot");
    run("mcopy -i disk.img loader.conf ::/loader/ && mcopy -i disk.img good.entry "
        "::/loader/entries/good.conf");
    run("mcopy -i disk.img bad.entry ::/loader/entries/bad.conf && mcopy -i disk.img kernel.elf "
        "module ::/boot/");
    run("cp disk.img bad.img && mcopy -o -i bad.img bad.conf ::/loader/loader.conf");
    return 0;
}

static int begin(void **state)
{
    (void)state;
    facts = fake_begin(MEMORY);
    fake_press(KEY_NONE); /* nobody asks for the menu before it appears */
    return 0;
}

/* Where the boot ended. */
static int boot(void)
{
    int way_out = setjmp(fake_way_out);
    if (!way_out)
        boot_main(facts, &fake_firmware);
    return way_out;
}

static int boot_disk(const char *image)
{
    fake_disk_in_file(image, 512);
    return boot();
}

/* Where the firmware has variables, and the TSC's speed is known. */
static int boot_with_variables(const char *image)
{
    static struct firmware firmware;

    firmware = fake_firmware;
    firmware.get_variable = fake_get_variable;
    firmware.set_variable = fake_set_variable;
    facts->tsc_hz = 1000000;
    fake_disk_in_file(image, 512);
    int way_out = setjmp(fake_way_out);
    if (!way_out)
        boot_main(facts, &firmware);
    return way_out;
}

/* A Lintel kernel's boot information says it all. */
static void leaves_the_variables_alone(void **state)
{
    (void)state;
    assert_int_equal(boot_with_variables("disk.img"), FAKE_HANDED_OFF);
    assert_null(fake_variable("LoaderInfo"));
    assert_null(fake_variable("LoaderTimeExecUSec"));
}

static void tells_linux_by_variables(void **state)
{
    (void)state;
    bz_build(FAKE_MEMORY_BASE + 4 * MIB);
    write_file("vmlinuz", bz, sizeof bz);
    run("cp disk.img linux.img && mcopy -o -i linux.img vmlinuz ::/boot/kernel.elf");
    run("printf 'linux /boot/kernel.elf\n' | mcopy -o -i linux.img - ::/loader/entries/good.conf");
    assert_int_equal(boot_with_variables("linux.img"), FAKE_HANDED_OFF);
    assert_non_null(fake_variable("LoaderInfo"));
    assert_non_null(fake_variable("LoaderEntrySelected"));
    assert_non_null(fake_variable("LoaderTimeExecUSec"));
}

/* ---- what the kernel finds ------------------------------------------------------------------- */

static struct paging tables;

/* What the kernel reads through a pointer of its own. */
static void *seen(const volatile void *pointer)
{
    struct translation to = paging_translate(&tables, (uintptr_t)pointer);
    assert_true(to.present);
    return at_physical(to.physical);
}

static const struct lintel_boot_info *handed_over(void)
{
    const struct handoff_state *state = fake_handoff();
    tables = (struct paging){.levels = 4, .root = state->root, .has_nx = true, .has_pat = true};
    return seen((const void *)(uintptr_t)state->registers.rdi);
}

static void boots_a_kernel(void **unused)
{
    (void)unused;
    assert_int_equal(boot_disk("disk.img"), FAKE_HANDED_OFF);
    assert_true(fake_left());
    const struct lintel_boot_info *info = handed_over();
    assert_int_equal(info->abi_version, LINTEL_ABI_VERSION);
    assert_string_equal(seen(info->command_line), "one two");
    assert_string_equal(seen(info->entry), "good");
    assert_int_equal(info->kernel_virtual, BUILT_LINK);
    assert_int_equal(fake_handoff()->entry, BUILT_LINK + 16);
    assert_string_equal(seen((void *)BUILT_LINK), "code");
    assert_int_equal(paging_translate(&tables, BUILT_LINK).flags, MAP_EXECUTE);
    assert_int_equal(paging_translate(&tables, BUILT_LINK + 0x4000).flags, MAP_WRITE);
}

static void hands_over_modules(void **unused)
{
    (void)unused;
    static char file[300000];
    assert_int_equal(boot_disk("disk.img"), FAKE_HANDED_OFF);
    const struct lintel_boot_info *info = handed_over();
    assert_int_equal(info->module_count, 1);
    const struct lintel_module *module = seen(info->modules);
    assert_int_equal(module->bytes, sizeof file);
    assert_string_equal(seen(module->path), "/boot/module");
    assert_string_equal(seen(module->argument), "an argument");
    FILE *stream = fopen("module", "rb");
    assert_int_equal(fread(file, 1, sizeof file, stream), sizeof file);
    fclose(stream);
    assert_memory_equal(seen(module->data), file, sizeof file);
    assert_int_equal(((uint8_t *)seen(module->data))[sizeof file], 0);
}

static void hands_over_a_framebuffer(void **unused)
{
    (void)unused;
    struct video video = {.fb = {.base_physical = 0xe0000000,
                                 .bytes = 0x300000,
                                 .width = 1024,
                                 .height = 768,
                                 .pitch = 4096,
                                 FAKE_XRGB,
                                 .edid_bytes = 128}};
    video.edid[5] = 0x77;
    struct built_note note = built_note();
    note.request.flags = LINTEL_REQUEST_FRAMEBUFFER_MUST;
    build_kernel(ET_EXEC, BUILT_LINK);
    memcpy(built.bytes + built.programs[3].p_offset, &note, sizeof note);
    write_file("screen.elf", built.bytes, built.size);
    run("cp disk.img screen.img && mcopy -o -i screen.img screen.elf ::/boot/kernel.elf");

    fake_video(&video);
    assert_int_equal(boot_disk("screen.img"), FAKE_HANDED_OFF);
    const struct lintel_boot_info *info = handed_over();
    assert_int_equal(info->framebuffer_count, 1);
    const struct lintel_framebuffer *fb = seen(info->framebuffers);
    assert_int_equal(((uint8_t *)seen(fb->edid))[5], 0x77);
    assert_int_equal(paging_translate(&tables, (uintptr_t)fb->pixels).physical, 0xe0000000);
    assert_int_equal(paging_translate(&tables, (uintptr_t)fb->pixels).cache, CACHE_WRITE_COMBINING);
}

static void refuses_to_boot_without_the_framebuffer(void **unused)
{
    (void)unused;
    fake_type("q\r");
    assert_int_equal(boot_disk("screen.img"), FAKE_GAVE_UP);
    assert_non_null(strstr(fake_output(), "requires a framebuffer"));
    assert_int_equal(fake_reserved_pages(), 0);
}

/* Of the fault reporter: what an exception leads to. */
static void *first_handler(void)
{
    const uint8_t *gate = seen((void *)(uintptr_t)load64(fake_handoff()->idtr + 2));
    return seen((void *)(load16(gate) | (uintptr_t)load16(gate + 6) << 16 |
                         (uintptr_t)load32(gate + 8) << 32));
}

static void shows_only_free_memory_as_usable(void **unused)
{
    (void)unused;
    assert_int_equal(boot_disk("disk.img"), FAKE_HANDED_OFF);
    const struct lintel_boot_info *info = handed_over();
    const struct lintel_memory_range *map = seen(info->memory_map);
    const void *held[] = {info,
                          map,
                          seen(info->modules),
                          seen(info->log),
                          seen(info->stages),
                          at_physical(tables.root),
                          seen((void *)BUILT_LINK),
                          seen((void *)(info->stack_top - 8)),
                          fake_handoff(),
                          first_handler()};
    for (uint64_t i = 0; i < info->memory_map_count; i++)
        for (size_t k = 0; k < ARRAY_LENGTH(held); k++)
            assert_false(map[i].type == LINTEL_MEMORY_USABLE &&
                         (uintptr_t)held[k] - map[i].base_physical < map[i].bytes);
}

/* ---- other volumes -----------------------------------------------------------------------------
 */

/* A boot disk whose entry names its kernel in another way. */
static void make_boot_disk(const char *kernel)
{
    run("printf 'kernel %s\\n' > entry && cp disk.img other.img", kernel);
    run("mcopy -o -i other.img entry ::/loader/entries/good.conf");
}

/* A second disk with the kernel on it: a GPT, an MBR, or no partition. */
static void make_data_disk(const char *table, const char *tool)
{
    run("rm -f data.img && truncate -s 4M data.img && %s && mformat -i data.img%s -T 4096 -h 4 -s "
        "16 -v DATA ::",
        tool, *table ? "@@1M" : "");
    run("mcopy -i data.img%s kernel.elf ::/kernel.elf", *table ? "@@1M" : "");
}

static int boot_with_data_disks(int count)
{
    fake_disk_in_file("other.img", 512);
    while (count--)
        fake_disk_in_file("data.img", 512);
    fake_type("q\r");
    return boot();
}

static void finds_a_volume_by_label(void **unused)
{
    (void)unused;
    make_boot_disk("LABEL=data:/kernel.elf");
    make_data_disk("", "true");
    assert_int_equal(boot_with_data_disks(1), FAKE_HANDED_OFF);
    const struct lintel_boot_info *info = handed_over();
    assert_int_equal(info->volume.disk_sectors, 8192); /* the kernel's volume, not the entry's */
}

static void finds_a_gpt_partition(void **unused)
{
    (void)unused;
    make_boot_disk("PARTUUID=0fc63daf-1234-5678-9abc-8e79dcdef012:/kernel.elf");
    make_data_disk(
        "gpt",
        "sgdisk -o -n 1:2048:6143 -u 1:0FC63DAF-1234-5678-9ABC-8E79DCDEF012 data.img >/dev/null");
    assert_int_equal(boot_with_data_disks(1), FAKE_HANDED_OFF);
    assert_int_equal(handed_over()->volume.partition_first_lba, 2048);
}

static void finds_no_partition_by_the_begin_of_a_name(void **unused)
{
    (void)unused;
    make_boot_disk("PARTUUID=0fc63daf-1234-5678-9abc-8e79dcdef0120:/kernel.elf");
    make_data_disk(
        "gpt",
        "sgdisk -o -n 1:2048:6143 -u 1:0FC63DAF-1234-5678-9ABC-8E79DCDEF012 data.img >/dev/null");
    assert_int_equal(boot_with_data_disks(1), FAKE_GAVE_UP);
    assert_non_null(strstr(fake_output(), "is called so"));
}

static void finds_an_mbr_partition(void **unused)
{
    (void)unused;
    make_boot_disk("PARTUUID=12345678-01:/kernel.elf");
    make_data_disk("mbr", "printf 'label-id: 0x12345678\n2048 4096 c\n' | sfdisk -q data.img");
    assert_int_equal(boot_with_data_disks(1), FAKE_HANDED_OFF);
    assert_int_equal(handed_over()->volume.partition_number, 1);
}

static void finds_a_volume_before_a_disk_of_odd_sectors(void **unused)
{
    static const uint8_t odd[8192];

    (void)unused;
    make_boot_disk("LABEL=DATA:/kernel.elf");
    make_data_disk("", "true");
    fake_disk_in_file("other.img", 512);
    fake_disk_in_file("data.img", 512);
    fake_disk_in_memory(odd, sizeof odd, 8192);
    assert_int_equal(boot(), FAKE_HANDED_OFF);
}

static void says_that_no_volume_has_the_label(void **unused)
{
    (void)unused;
    make_boot_disk("LABEL=ELSEWHERE:/kernel.elf");
    make_data_disk("", "true");
    assert_int_equal(boot_with_data_disks(1), FAKE_GAVE_UP);
    assert_non_null(strstr(fake_output(), "ELSEWHERE"));
}

static void refuses_a_label_that_two_volumes_have(void **unused)
{
    (void)unused;
    make_boot_disk("LABEL=DATA:/kernel.elf");
    make_data_disk("", "true");
    assert_int_equal(boot_with_data_disks(2), FAKE_GAVE_UP);
    assert_non_null(strstr(fake_output(), "LABEL=DATA names two volumes"));
}

static void finds_a_volume_by_uuid(void **unused)
{
    (void)unused;
    make_boot_disk("UUID=12ab-34cd:/kernel.elf");
    make_data_disk("", "true");
    run("printf '\\315\\064\\253\\022' | dd of=data.img bs=1 seek=39 conv=notrunc status=none");
    assert_int_equal(boot_with_data_disks(1), FAKE_HANDED_OFF);
    assert_int_equal(handed_over()->volume.disk_sectors, 8192);
}

/* Each of them from the same volume, which is looked for once: its table alone takes 32 KiB, and
 * the machine has 16 MiB. */
static void takes_many_modules_of_a_named_volume(void **unused)
{
    (void)unused;
    make_boot_disk("/boot/kernel.elf");
    make_data_disk("", "true");
    run("mkdir -p parts && for n in $(seq 600); do echo $n > parts/$n; done && "
        "mmd -i data.img ::/parts && mcopy -i data.img parts/* ::/parts");
    run("for n in $(seq 600); do echo module LABEL=DATA:/parts/$n; done >> entry && "
        "mcopy -o -i other.img entry ::/loader/entries/good.conf");
    assert_int_equal(boot_with_data_disks(1), FAKE_HANDED_OFF);
    assert_int_equal(handed_over()->module_count, 600);
}

/* Only the root directory's label counts. */
static void finds_no_volume_by_a_stale_label(void **unused)
{
    (void)unused;
    make_boot_disk("LABEL=STALE:/kernel.elf");
    make_data_disk("", "true");
    run("printf 'STALE      ' | dd of=data.img bs=1 seek=43 conv=notrunc status=none");
    assert_int_equal(boot_with_data_disks(1), FAKE_GAVE_UP);
    assert_non_null(strstr(fake_output(), "LABEL=STALE: no"));
}

static void expect_said(const char *text)
{
    if (!strstr(fake_output(), text))
        fail_msg("\"%s\" is not in \"%s\"", text, fake_output());
}

/* A disk with a volume DATA beside Lintel's, and its clone, from which the kernel has gone. */
static void make_clones(void)
{
    make_boot_disk("LABEL=DATA:/kernel.elf");
    make_data_disk("", "true");
    run("rm -f own.img && truncate -s 18M own.img && printf '2048 16384 c\\n18432 8192 c\\n' | "
        "sfdisk -q own.img");
    run("dd if=other.img of=own.img bs=1M seek=1 conv=notrunc status=none");
    run("dd if=data.img of=own.img bs=1M seek=9 conv=notrunc status=none");
    run("cp own.img clone.img && mdel -i clone.img@@9M ::/kernel.elf");
}

/* The firmware shows the clone first. */
static int boot_beside_a_clone(uint64_t broken_sectors)
{
    fake_disk_in_file("clone.img", 512);
    uint32_t own = fake_disk_in_file("own.img", 512);
    fake_break_sectors(own, 18432, broken_sectors);
    facts->origin.disk = (int32_t)own;
    fake_type("q\r");
    return boot();
}

static void prefers_its_own_disk_to_a_clone(void **unused)
{
    (void)unused;
    make_clones();
    assert_int_equal(boot_beside_a_clone(0), FAKE_HANDED_OFF);
}

static void does_not_boot_the_clone_of_what_fails(void **unused)
{
    (void)unused;
    make_clones();
    run("mcopy -i clone.img@@9M kernel.elf ::/kernel.elf");
    assert_int_equal(boot_beside_a_clone(1), FAKE_GAVE_UP);
    assert_non_null(strstr(fake_output(), "LABEL=DATA may be"));
}

/* Sectors of the parameter block are gone, and the label behind it says that there was one. */
static void damage(const char *image, uint64_t sector)
{
    run("dd if=/dev/zero of=%s bs=1 seek=%lu count=20 conv=notrunc status=none", image,
        sector * 512 + 11);
}

static void does_not_boot_the_clone_of_what_is_damaged(void **unused)
{
    (void)unused;
    damage("own.img", 18432);
    assert_int_equal(boot_beside_a_clone(0), FAKE_GAVE_UP);
    expect_said("LABEL=DATA may be");
}

/* On another disk than the entry's, one of two copies can't be read: it may be the one. A disk of
 * which nothing can be read has no copy. */
static int boot_beside_two_copies(bool no_medium)
{
    fake_disk_in_file("other.img", 512);
    uint32_t first = fake_disk_in_file("damaged.img", 512);
    fake_disk_in_file("data.img", 512);
    fake_break_sectors(first, 0, no_medium ? 8192 : 0);
    fake_type("q\r");
    return boot();
}

static void does_not_boot_the_only_copy_that_can_be_read(void **unused)
{
    (void)unused;
    make_boot_disk("LABEL=DATA:/kernel.elf");
    make_data_disk("mbr", "echo '2048 4096 c' | sfdisk -q data.img");
    run("cp data.img damaged.img");
    damage("damaged.img", 2048);
    assert_int_equal(boot_beside_two_copies(false), FAKE_GAVE_UP);
    expect_said("LABEL=DATA may be");
    fake_end();
    begin(NULL);
    assert_int_equal(boot_beside_two_copies(true), FAKE_HANDED_OFF);
}

/* Neither is an EFI system partition, and both hold entries: the installer's word counts. */
static void boots_the_volume_that_was_named(void **unused)
{
    static const char *const tables = "printf '2048 16384 c\\n18432 16384 c\\n' | "
                                      "sfdisk -q two.img";

    (void)unused;
    run("rm -f two.img && truncate -s 18M two.img && %s", tables);
    run("dd if=bad.img of=two.img bs=1M seek=1 conv=notrunc status=none");
    run("dd if=disk.img of=two.img bs=1M seek=9 conv=notrunc status=none");
    fake_disk_in_file("two.img", 512);
    facts->origin.has_first_lba = true;
    facts->origin.first_lba = 18432;
    fake_type("q\r");
    assert_int_equal(boot(), FAKE_HANDED_OFF);
    assert_int_equal(handed_over()->volume.partition_number, 2);
}

/* ---- a boot volume that fails ------------------------------------------------------------------
 */

#define FIRST_LBA  2048
#define SECOND_LBA 18432

/* Two partitions with entries that boot at once: an EFI system partition, and another. */
static void make_two_volumes(void)
{
    run("rm -f esp.img && truncate -s 18M esp.img && printf '%u 16384 ef\\n%u 16384 c\\n' | "
        "sfdisk -q esp.img",
        FIRST_LBA, SECOND_LBA);
    run("dd if=disk.img of=esp.img bs=1M seek=1 conv=notrunc status=none");
    run("dd if=disk.img of=esp.img bs=1M seek=9 conv=notrunc status=none");
}

/* Where the parts of disk.img's FAT lie, in sectors of the volume. */
struct fat_parts {
    uint64_t table, root, end;
};

static struct fat_parts parts_of_disk(void)
{
    uint8_t boot[512];
    FILE *file = fopen("disk.img", "rb");
    assert_int_equal(fread(boot, 1, sizeof boot, file), sizeof boot);
    fclose(file);
    uint64_t table = load16(boot + 14), tables = (uint64_t)boot[16] * load16(boot + 22);
    return (struct fat_parts){table, table + tables,
                              table + tables + load16(boot + 17) * 32u / sizeof boot};
}

/* Boots with these sectors of the first volume, and of the second, unreadable. */
static int boot_two_volumes(uint64_t from, uint64_t to, bool both, bool named)
{
    fake_end();
    begin(NULL);
    uint32_t disk = fake_disk_in_file("esp.img", 512);
    fake_break_sectors(disk, FIRST_LBA + from, to - from);
    if (both)
        fake_break_sectors(disk, SECOND_LBA + from, to - from);
    facts->origin.has_first_lba = named;
    facts->origin.first_lba = FIRST_LBA;
    fake_type("q\r");
    return boot();
}

/* The other volume's entries are shown, and none boots by itself. */
static void asks_where_the_boot_volume_fails(void **unused)
{
    (void)unused;
    make_two_volumes();
    struct fat_parts parts = parts_of_disk();
    const uint64_t ranges[][2] = {
        {0, 1}, {parts.table, parts.root}, {parts.root, parts.end}, {parts.root, 16384}};
    for (size_t i = 0; i < ARRAY_LENGTH(ranges); i++)
        for (int named = 0; named < 2; named++) {
            assert_int_equal(boot_two_volumes(ranges[i][0], ranges[i][1], false, named),
                             FAKE_GAVE_UP);
            expect_said("Good");
            expect_said(named ? "the volume that Lintel came from" : "an EFI system partition");
            expect_said("cannot be used");
        }
    assert_int_equal(boot_two_volumes(0, 0, false, false), FAKE_HANDED_OFF);
}

static void stops_where_all_volumes_fail(void **unused)
{
    (void)unused;
    assert_int_equal(boot_two_volumes(0, 1, true, true), FAKE_GAVE_UP);
    expect_said("Lintel cannot boot: the volume that Lintel came from cannot be used: fake disk 0");
}

static void asks_where_the_boot_volume_is_damaged(void **unused)
{
    (void)unused;
    run("dd if=/dev/zero of=esp.img bs=512 seek=%u count=1 conv=notrunc status=none", FIRST_LBA);
    fake_end();
    begin(NULL);
    fake_type("q\r");
    assert_int_equal(boot_disk("esp.img"), FAKE_GAVE_UP);
    expect_said("Good");
    expect_said("partition 1: no file"); /* and a line ends there */
}

/* A partition without a file system, and one without configuration, are passed over in silence. */
static void passes_over_volumes_without_configuration(void **unused)
{
    (void)unused;
    run("printf 'type=c' | sfdisk -q -N 1 esp.img");
    assert_int_equal(boot_disk("esp.img"), FAKE_HANDED_OFF);
    fake_end();
    begin(NULL);
    run("mformat -i esp.img@@1M -T 16384 -h 4 -s 16 ::");
    assert_int_equal(boot_disk("esp.img"), FAKE_HANDED_OFF);
    assert_int_equal(handed_over()->volume.partition_number, 2);
}

static void expect_question(const char *why)
{
    assert_int_equal(boot_two_volumes(0, 0, false, true), FAKE_GAVE_UP);
    expect_said("Good");
    expect_said(why);
}

/* The volume that Lintel came from is known, and does not show it. */
static void asks_where_the_named_volume_shows_no_lintel(void **unused)
{
    (void)unused;
    make_two_volumes();
    struct fat_parts parts = parts_of_disk();
    run("dd if=/dev/zero of=esp.img bs=512 seek=%lu count=%lu conv=notrunc status=none",
        FIRST_LBA + parts.root, parts.end - parts.root);
    expect_question("neither /loader");
    make_two_volumes();
    run("mdeltree -i esp.img@@1M ::/loader && mcopy -i esp.img@@1M entry ::/loader");
    expect_question("/loader is a file");
    make_two_volumes();
    run("sfdisk -q --delete esp.img 1");
    expect_question("no usable");
}

/* As on an EFI system partition that leaves the entries to another. */
static void passes_over_lintels_own_volume_without_configuration(void **unused)
{
    (void)unused;
    make_two_volumes();
    run("mdeltree -i esp.img@@1M ::/loader && mmd -i esp.img@@1M ::/EFI");
    assert_int_equal(boot_two_volumes(0, 0, false, true), FAKE_HANDED_OFF);
    assert_int_equal(handed_over()->volume.partition_number, 2);
}

/* It may have held what the default means. */
static void asks_where_an_extended_boot_loader_partition_is_damaged(void **unused)
{
    (void)unused;
    make_two_volumes();
    struct fat_parts parts = parts_of_disk();
    run("sfdisk -q --part-type esp.img 2 ea");
    assert_int_equal(boot_two_volumes(0, 0, false, true), FAKE_HANDED_OFF);
    const uint64_t ranges[][2] = {{parts.root, parts.end}, {0, 1}};
    for (size_t i = 0; i < ARRAY_LENGTH(ranges); i++) {
        run("dd if=/dev/zero of=esp.img bs=512 seek=%lu count=%lu conv=notrunc status=none",
            SECOND_LBA + ranges[i][0], ranges[i][1] - ranges[i][0]);
        expect_question("a volume with entries");
    }
}

/* ---- what failures leave behind -------------------------------------------------------------- */

/* Pages that the loader holds after so many failures. */
static uint64_t pages_after_failures(const char *image, const char *message, int failures)
{
    fake_end();
    begin(NULL);
    for (int i = 0; i < failures; i++)
        fake_press(KEY_ENTER);
    fake_type("q\r");
    assert_int_equal(boot_disk(image), FAKE_GAVE_UP);
    assert_non_null(strstr(fake_output(), message));
    assert_int_equal(fake_reserved_pages(), 0);
    return fake_allocated_pages();
}

static void leaks_nothing_in_ten_failures(void **unused)
{
    (void)unused;
    static const char *const images[] = {"bad.img", "screen.img"};
    static const char *const messages[] = {"missing.elf", "requires a framebuffer"};

    for (int i = 0; i < 2; i++)
        assert_int_equal(pages_after_failures(images[i], messages[i], 11),
                         pages_after_failures(images[i], messages[i], 1));
}

static void says_that_a_note_is_damaged(void **unused)
{
    struct built_note note = built_note();

    (void)unused;
    note.header.n_descsz = UINT32_MAX;
    build_kernel(ET_EXEC, BUILT_LINK);
    memcpy(built.bytes + built.programs[3].p_offset, &note, sizeof note);
    write_file("damaged.elf", built.bytes, built.size);
    run("cp disk.img damaged.img && mcopy -o -i damaged.img damaged.elf ::/boot/kernel.elf");
    fake_type("q\r");
    assert_int_equal(boot_disk("damaged.img"), FAKE_GAVE_UP);
    assert_non_null(strstr(fake_output(), "entry good: /boot/kernel.elf: a note"));
}

/* Nothing else is looked at: what the firmware can't verify is refused for that. */
static void refuses_what_is_not_signed(void **unused)
{
    (void)unused;
    run("cp disk.img unsigned.img && printf 'kernel /boot/kernel.elf\nmodule /missing\n' | "
        "mcopy -o -i unsigned.img - ::/loader/entries/good.conf");
    facts->secure_boot = true;
    fake_type("q\r");
    assert_int_equal(boot_disk("unsigned.img"), FAKE_GAVE_UP);
    assert_non_null(strstr(fake_output(), "entry good: /boot/kernel.elf: Secure Boot is on"));
}

static void boots_another_entry_after_a_failure(void **unused)
{
    (void)unused;
    fake_press(KEY_DOWN);
    fake_press(KEY_UP);
    fake_type("2");
    fake_press(KEY_ENTER);
    fake_type("q\r");
    int way_out = boot_disk("bad.img");
    assert_true(way_out == FAKE_HANDED_OFF || way_out == FAKE_GAVE_UP);
    if (way_out == FAKE_GAVE_UP) /* the good entry was the first one */
        assert_non_null(strstr(fake_output(), "missing.elf"));
    else
        assert_string_equal(seen(handed_over()->entry), "good");
}

static void survives_any_failed_allocation(void **unused)
{
    (void)unused;
    bool booted = false, failed = false;
    for (uint64_t n = 1; n < 30; n++) {
        fake_end();
        begin(NULL);
        fake_fail_allocate(n);
        for (int i = 0; i < 3; i++)
            fake_type("q\r");
        int way_out = boot_disk("disk.img");
        assert_int_not_equal(way_out, FAKE_STUCK);
        booted |= way_out == FAKE_HANDED_OFF;
        if (way_out == FAKE_GAVE_UP) {
            failed = true;
            assert_non_null(strstr(fake_output(), "pages"));
            assert_int_equal(fake_reserved_pages(), 0);
        }
    }
    assert_true(booted && failed);
}

static void plans_again_when_a_claim_fails(void **unused)
{
    (void)unused;
    for (uint64_t n = 1; n <= 2; n++) {
        fake_end();
        begin(NULL);
        fake_fail_reserve(n);
        assert_int_equal(boot_disk("disk.img"), FAKE_HANDED_OFF);
    }
}

static void a_firmware_that_does_not_let_go_is_an_error(void **unused)
{
    (void)unused;
    fake_fail_leave(1);
    fake_press(KEY_ENTER);
    assert_int_equal(boot_disk("disk.img"), FAKE_HANDED_OFF);
    assert_non_null(strstr(fake_output(), "leave() fails on purpose"));
}

static void survives_any_broken_sector(void **unused)
{
    (void)unused;
    bool booted = false, failed = false;
    fake_end();
    for (uint64_t lba = 0; lba < 16384; lba += 1 + lba / 24) {
        begin(NULL);
        for (int i = 0; i < 3; i++)
            fake_type("q\r");
        uint32_t disk = fake_disk_in_file("disk.img", 512);
        fake_break_sectors(disk, lba, 1);
        int way_out = boot();
        assert_int_not_equal(way_out, FAKE_STUCK);
        booted |= way_out == FAKE_HANDED_OFF;
        failed |= way_out == FAKE_GAVE_UP;
        if (way_out == FAKE_GAVE_UP)
            assert_int_equal(fake_reserved_pages(), 0);
        fake_end();
    }
    assert_true(booted && failed);
    begin(NULL);
}

static void gives_up_without_a_volume(void **unused)
{
    (void)unused;
    static const uint8_t blank[64 * 1024];
    fake_disk_in_memory(blank, sizeof blank, 512);
    assert_int_equal(boot(), FAKE_GAVE_UP);
    assert_non_null(strstr(fake_output(), "/loader"));
}

/* The map may not outgrow what was told: nobody is left then to go back to. */
static void stops_when_the_last_map_does_not_fit(void **state)
{
    (void)state;
    fake_grow_map_at_leave(5000);
    assert_int_equal(boot_disk("disk.img"), FAKE_DEAD_END);
    assert_non_null(strstr(err_message(), "memory map"));
}

static void gives_up_without_a_disk(void **unused)
{
    (void)unused;
    assert_int_equal(boot(), FAKE_GAVE_UP);
    assert_non_null(strstr(fake_output(), "no disk at all"));
}

#define BOOT_TEST(test) cmocka_unit_test_setup_teardown(test, begin, fake_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOOT_TEST(leaves_the_variables_alone),
        BOOT_TEST(tells_linux_by_variables),
        BOOT_TEST(boots_a_kernel),
        BOOT_TEST(hands_over_modules),
        BOOT_TEST(hands_over_a_framebuffer),
        BOOT_TEST(refuses_to_boot_without_the_framebuffer),
        BOOT_TEST(shows_only_free_memory_as_usable),
        BOOT_TEST(finds_a_volume_by_label),
        BOOT_TEST(finds_a_volume_before_a_disk_of_odd_sectors),
        BOOT_TEST(finds_a_gpt_partition),
        BOOT_TEST(finds_no_partition_by_the_begin_of_a_name),
        BOOT_TEST(finds_an_mbr_partition),
        BOOT_TEST(says_that_no_volume_has_the_label),
        BOOT_TEST(refuses_a_label_that_two_volumes_have),
        BOOT_TEST(finds_a_volume_by_uuid),
        BOOT_TEST(finds_no_volume_by_a_stale_label),
        BOOT_TEST(takes_many_modules_of_a_named_volume),
        BOOT_TEST(prefers_its_own_disk_to_a_clone),
        BOOT_TEST(does_not_boot_the_clone_of_what_fails),
        BOOT_TEST(does_not_boot_the_clone_of_what_is_damaged),
        BOOT_TEST(does_not_boot_the_only_copy_that_can_be_read),
        BOOT_TEST(boots_the_volume_that_was_named),
        BOOT_TEST(asks_where_the_boot_volume_fails),
        BOOT_TEST(stops_where_all_volumes_fail),
        BOOT_TEST(asks_where_the_boot_volume_is_damaged),
        BOOT_TEST(passes_over_volumes_without_configuration),
        BOOT_TEST(asks_where_the_named_volume_shows_no_lintel),
        BOOT_TEST(passes_over_lintels_own_volume_without_configuration),
        BOOT_TEST(asks_where_an_extended_boot_loader_partition_is_damaged),
        BOOT_TEST(leaks_nothing_in_ten_failures),
        BOOT_TEST(says_that_a_note_is_damaged),
        BOOT_TEST(refuses_what_is_not_signed),
        BOOT_TEST(boots_another_entry_after_a_failure),
        BOOT_TEST(survives_any_failed_allocation),
        BOOT_TEST(plans_again_when_a_claim_fails),
        BOOT_TEST(a_firmware_that_does_not_let_go_is_an_error),
        BOOT_TEST(survives_any_broken_sector),
        BOOT_TEST(gives_up_without_a_volume),
        BOOT_TEST(stops_when_the_last_map_does_not_fit),
        BOOT_TEST(gives_up_without_a_disk),
    };
    return cmocka_run_group_tests(tests, make_disk, scratch_end);
}
