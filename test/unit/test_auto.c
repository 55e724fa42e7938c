/* Entries that nobody wrote: what is found on disks of each kind, in which order, and at which
 * cost.
 */
#include "common/entries/auto.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/storage/disk/cache.h"
#include "test/unit/fake_firmware.h"
#include "test/unit/pe_image.h"
#include "test/unit/scratch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct firmware firmware;
static struct facts *facts;
static struct machine machine;
static struct volumes volumes;
static struct entry_volumes entry_volumes;
static struct config config;

static const uint64_t supported = 1;
static const uint8_t global[16] = {0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
                                   0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c};

static void write_file(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void write_program(const char *name, const char *sbat)
{
    pe_begin();
    pe_add_text(".text", name);
    pe_add_text(".sbat", sbat);
    write_file(name, pe_bytes, pe_size);
}

/* Boot sectors: of Windows, of somebody else, and of Lintel. */
static void write_sector(const char *name, const char *words)
{
    uint8_t sector[512] = "\xeb\x52\x90NTFS    ";

    memcpy(sector + 0x180, words, strlen(words));
    store_bytes(sector + 510, 0xaa55, 2);
    write_file(name, sector, sizeof sector);
}

static int make_files(void **state)
{
    if (scratch_begin(state))
        return -1;
    write_program("one.efi", "sbat,1,x\nshim,1,x\n");
    write_program("two.efi", "sbat,1,x\ngrub,1,x\n");
    write_program("lintel.efi", "sbat,1,x\nlintel,1,x\n");
    write_sector("windows", "BOOTMGR is missing");
    write_sector("other", "no system");
    write_sector("own", "Lintel: no disk");
    run("printf 'linux /vmlinuz\n' > mine.conf");
    return 0;
}

/* A disk with one FAT volume of that type at 1 MiB; and below it, in the same words as mmd and
 * mcopy take, directories and files. */
static void make_disk(const char *image, const char *script)
{
    run("rm -f %s && truncate -s 34M %s && printf '%s' | sfdisk -q %s", image, image, script,
        image);
    run("mformat -i %s@@1M -T 65536 ::", image);
}

static void make_esp(const char *image)
{
    make_disk(image, "label: gpt\\n1: start=2048, size=65536, type=uefi\\n");
    run("mmd -i %s@@1M ::/EFI ::/EFI/BOOT ::/loader ::/loader/entries", image);
}

static void put(const char *image, const char *file, const char *path)
{
    run("mcopy -o -i %s@@1M %s ::%s", image, file, path);
}

static void put_in(const char *image, const char *directory, const char *file, const char *name)
{
    char path[256];

    run("mmd -D s -i %s@@1M ::%s 2>/dev/null || true", image, directory);
    snprintf(path, sizeof path, "%s/%s", directory, name);
    put(image, file, path);
}

static int begin(void **state)
{
    (void)state;
    facts = fake_begin(0);
    firmware = fake_firmware;
    firmware.restart = fake_restart;
    firmware.power_off = fake_power_off;
    log_attach(firmware.put);
    machine = (struct machine){.facts = facts, .firmware = &firmware};
    arena_begin(&machine.arena, firmware.allocate);
    return 0;
}

static void begin_uefi(void)
{
    facts->firmware = LINTEL_FIRMWARE_UEFI;
    firmware.get_variable = fake_get_variable;
    firmware.set_variable = fake_set_variable;
    fake_set_variable(global, "OsIndicationsSupported", false, &supported, sizeof supported);
}

static enum err read_disks(void)
{
    facts->origin.has_first_lba = true;
    facts->origin.first_lba = 2048;
    cache_begin(facts, &machine.arena);
    enum err err = volumes_find(&machine, &volumes);
    entry_volumes_find(&volumes, err, &entry_volumes);
    return config_read(&entry_volumes, &machine.arena, &config);
}

/* Ids, in the menu's order, with a blank between them. */
static const char *listed(void)
{
    static char ids[4096];

    ids[0] = 0;
    auto_entries_find(&config);
    for (uint32_t i = 0; i < config.count; i++)
        snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%s%s", i ? " " : "",
                 config.entries[i].id);
    return ids;
}

static const char *ids_on(const char *image)
{
    fake_disk_in_file(image, 512);
    assert_int_equal(read_disks(), OK);
    return listed();
}

#define SELF "auto-reboot-to-firmware-setup auto-reboot auto-poweroff"

/* ---- UEFI ------------------------------------------------------------------------------------ */

static void make_full_esp(const char *image)
{
    make_esp(image);
    put(image, "mine.conf", "/loader/entries/mine.conf");
    put_in(image, "/EFI/refind", "one.efi", "refind_x64.efi");
    put_in(image, "/EFI/debian", "two.efi", "grubx64.efi");
    put_in(image, "/EFI/debian", "one.efi", "shimx64.efi");
    put_in(image, "/EFI/arch", "two.efi", "grubx64.efi");
    run("mmd -i %s@@1M ::/EFI/Microsoft", image);
    put_in(image, "/EFI/Microsoft/Boot", "one.efi", "bootmgfw.efi");
    put_in(image, "/EFI/lintel", "lintel.efi", "BOOTX64.EFI");
    put_in(image, "/EFI/tools", "two.efi", "shellx64.efi");
    put(image, "one.efi", "/shellx64.efi");
    put_in(image, "/boot", "one.efi", "memtest86+x64.efi");
    put_in(image, "/boot", "one.efi", "memtest86+x64.bin");
    put(image, "lintel.efi", "/EFI/BOOT/BOOTX64.EFI");
}

static void finds_each_kind_behind_what_is_written(void **state)
{
    (void)state;
    begin_uefi();
    make_full_esp("esp.img");
    assert_string_equal(ids_on("esp.img"), "mine auto-debian auto-arch auto-refind auto-windows "
                                           "auto-memtest auto-efi-shell " SELF);
    assert_string_equal(config.entries[1].title, "debian (shimx64.efi)");
    assert_string_equal(config.entries[1].kernel, "/EFI/debian/shimx64.efi");
    assert_string_equal(config.entries[5].kernel, "/boot/memtest86+x64.efi");
    assert_string_equal(config.entries[6].kernel, "/shellx64.efi");
    assert_int_equal(config.chosen, 0);
    assert_null(config.doubt);
    assert_null(config.default_doubt);
    assert_string_equal(listed(), listed());
}

/* Nor does anybody look for it before it is asked for. */
static void costs_a_boot_nothing(void **state)
{
    (void)state;
    begin_uefi();
    make_full_esp("esp.img");
    make_full_esp("other.img");
    uint32_t disk = fake_disk_in_file("esp.img", 512), other = fake_disk_in_file("other.img", 512);
    assert_int_equal(read_disks(), OK);
    uint64_t before = fake_reads(disk);
    assert_int_equal(fake_reads(other), 0);
    listed();
    assert_in_range(fake_reads(disk) - before, 0, 8);
    assert_in_range(fake_reads(other), 1, 12);
}

static void finds_other_disks_too(void **state)
{
    (void)state;
    begin_uefi();
    make_full_esp("esp.img");
    make_esp("second.img");
    put_in("second.img", "/EFI/debian", "one.efi", "shimx64.efi");
    put("second.img", "two.efi", "/EFI/BOOT/BOOTX64.EFI");
    make_disk("third.img", "label: gpt\\n1: start=2048, size=65536, type=linux\\n");
    put("third.img", "one.efi", "/shellx64.efi");
    fake_disk_in_file("esp.img", 512);
    facts->disks[fake_disk_in_file("esp.img", 512)].removable = true;
    fake_disk_in_file("second.img", 512);
    fake_disk_in_file("third.img", 512);
    assert_int_equal(read_disks(), OK);
    assert_string_equal(listed(),
                        "mine auto-debian auto-arch auto-debian-2 auto-refind "
                        "auto-windows auto-efi-default auto-memtest auto-efi-shell " SELF);
    assert_ptr_equal(config.entries[3].fs->volume->disk, &facts->disks[2]);
}

/* Which is the same as another, or as ourselves, or is written. */
static void shows_no_file_twice(void **state)
{
    (void)state;
    begin_uefi();
    make_esp("twice.img");
    put_in("twice.img", "/EFI/systemd", "one.efi", "systemd-bootx64.efi");
    put("twice.img", "one.efi", "/EFI/BOOT/BOOTX64.EFI");
    put_in("twice.img", "/EFI/arch", "two.efi", "grubx64.efi");
    run("printf 'efi \\\\efi\\\\arch\\\\.\\\\GRUBX64.EFI\n' | "
        "mcopy -i twice.img@@1M - ::/loader/entries/arch.conf");
    assert_string_equal(ids_on("twice.img"), "arch auto-systemd " SELF);
}

/* Of the same size, as one loader built twice. */
static void tells_a_copy_by_all_of_it(void **state)
{
    (void)state;
    begin_uefi();
    make_esp("near.img");
    put("near.img", "mine.conf", "/loader/entries/mine.conf");
    put_in("near.img", "/EFI/arch", "two.efi", "grubx64.efi");
    put("near.img", "one.efi", "/EFI/BOOT/BOOTX64.EFI");
    assert_string_equal(ids_on("near.img"), "mine auto-arch auto-efi-default " SELF);
}

static void finds_nothing_where_it_shall_not(void **state)
{
    static const struct {
        const char *conf, *ids;
    } rows[] = {
        {"auto-entries no", "mine"},
        {"auto-entries perhaps", "mine"},
        {"auto-firmware no", "mine auto-windows auto-reboot auto-poweroff"},
        {"auto-reboot off", "mine auto-windows auto-reboot-to-firmware-setup auto-poweroff"},
        {"auto-poweroff 0", "mine auto-windows auto-reboot-to-firmware-setup auto-reboot"},
        {"auto-entries yes", "mine auto-windows " SELF},
    };

    make_esp("off.img");
    put("off.img", "mine.conf", "/loader/entries/mine.conf");
    run("mmd -i off.img@@1M ::/EFI/Microsoft");
    put_in("off.img", "/EFI/Microsoft/Boot", "one.efi", "bootmgfw.efi");
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        run("printf '%s\n' | mcopy -o -i off.img@@1M - ::/loader/loader.conf", rows[i].conf);
        fake_end();
        begin(state);
        begin_uefi();
        assert_string_equal(ids_on("off.img"), rows[i].ids);
    }
}

/* ---- BIOS ------------------------------------------------------------------------------------ */

#define TWO "label: dos\\n1: start=2048, size=65536, type=c\\n2: start=67584, size=2048, type=7\\n"

static void make_bios_disk(const char *image, const char *second)
{
    make_disk(image, TWO);
    run("dd if=%s of=%s bs=512 seek=67584 conv=notrunc status=none", second, image);
    run("mmd -i %s@@1M ::/loader ::/loader/entries ::/lintel ::/EFI", image);
    put(image, "mine.conf", "/loader/entries/mine.conf");
}

#define ENDS "auto-reboot auto-poweroff"

static void finds_windows_by_its_boot_sector(void **state)
{
    (void)state;
    make_bios_disk("dos.img", "windows");
    make_bios_disk("other.img", "windows");
    put_in("dos.img", "/EFI/debian", "one.efi", "shimx64.efi");
    put_in("dos.img", "/boot", "one.efi", "memtest86+x64.bin");
    fake_disk_in_file("dos.img", 512);
    fake_disk_in_file("other.img", 512);
    assert_int_equal(read_disks(), OK);
    assert_string_equal(listed(), "mine auto-windows auto-windows-2 auto-memtest " ENDS);
    assert_string_equal(config.entries[1].kernel, "volume:");
    assert_int_equal(config.entries[1].fs->volume->first_lba, 67584);
    fake_end();
    begin(state);
    make_bios_disk("none.img", "other");
    assert_string_equal(ids_on("none.img"), "mine " ENDS);
}

static void finds_what_the_first_sector_was(void **state)
{
    static const struct {
        const char *previous, *ids;
    } rows[] = {
        {"other", "mine auto-previous " ENDS}, {"own", "mine " ENDS}, {"/dev/zero", "mine " ENDS}};

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        make_bios_disk("was.img", "other");
        run("head -c 512 %s > was && mcopy -i was.img@@1M was ::/lintel/previous.bin",
            rows[i].previous);
        fake_end();
        begin(state);
        assert_string_equal(ids_on("was.img"), rows[i].ids);
    }
}

/* ---- where there is no other ----------------------------------------------------------------- */

static void stands_in_where_nothing_is_written(void **state)
{
    make_bios_disk("was.img", "windows");
    put("was.img", "other", "/lintel/previous.bin");
    run("printf 'default debian\n' | mcopy -i was.img@@1M - ::/loader/loader.conf");
    run("mdel -i was.img@@1M ::/loader/entries/mine.conf");
    assert_string_equal(ids_on("was.img"), "auto-previous auto-windows " ENDS);
    assert_int_equal(config.chosen, 0);
    assert_null(config.doubt);
    assert_null(config.default_doubt);
    assert_non_null(strstr(fake_output(), "the default is Previous loader"));

    run("mdeltree -i was.img@@1M ::/loader"); /* as on a disk where only Lintel's own files lie */
    fake_end();
    begin(state);
    assert_string_equal(ids_on("was.img"), "auto-previous auto-windows " ENDS);
    assert_null(config.doubt);
    assert_null(config.default_doubt);
}

/* The first in this order: shim or GRUB, another loader, Windows, what the firmware would take. */
static void stands_in_for_uefi(void **state)
{
    static const char *const rows[][2] = {{"/EFI/BOOT/BOOTX64.EFI", "auto-efi-default"},
                                          {"/EFI/Microsoft/Boot/bootmgfw.efi", "auto-windows"},
                                          {"/EFI/a/limine_x64.efi", "auto-a"},
                                          {"/EFI/b/grubx64.efi", "auto-b"}};

    make_esp("none.img");
    run("mmd -i none.img@@1M ::/EFI/Microsoft ::/EFI/Microsoft/Boot ::/EFI/a ::/EFI/b");
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        put("none.img", i ? "one.efi" : "two.efi", rows[i][0]);
        fake_end();
        begin(state);
        begin_uefi();
        ids_on("none.img");
        assert_string_equal(config.entries[config.chosen].id, rows[i][1]);
        assert_null(config.default_doubt);
    }
}

static void asks_where_nothing_stands_in(void **state)
{
    (void)state;
    make_bios_disk("bare.img", "other");
    run("mdel -i bare.img@@1M ::/loader/entries/mine.conf");
    assert_string_equal(ids_on("bare.img"), ENDS);
    assert_non_null(strstr(config.default_doubt, "nothing to boot"));
    run("printf 'auto-entries no\n' | mcopy -i bare.img@@1M - ::/loader/loader.conf");
    fake_end();
    begin(state);
    fake_disk_in_file("bare.img", 512);
    assert_int_equal(read_disks(), ERR_NOT_FOUND);
    assert_non_null(strstr(err_message(), "nothing to boot"));
}

/* It may have held what was meant. */
static void asks_where_the_volume_is_damaged(void **state)
{
    (void)state;
    make_bios_disk("bad.img", "windows");
    run("dd if=/dev/zero of=bad.img bs=512 seek=2048 count=1 conv=notrunc status=none");
    assert_string_equal(ids_on("bad.img"), "auto-windows " ENDS);
    assert_non_null(config.doubt);
}

/* ---- wishes ---------------------------------------------------------------------------------- */

static void is_the_default_where_it_is_named(void **state)
{
    (void)state;
    begin_uefi();
    make_full_esp("esp.img");
    run("printf 'default auto-win*\n' | mcopy -i esp.img@@1M - ::/loader/loader.conf");
    fake_disk_in_file("esp.img", 512);
    assert_int_equal(read_disks(), OK);
    assert_string_equal(config.entries[config.chosen].id, "auto-windows");
    assert_null(config.default_doubt);
}

static void is_restarted_once_only(void **state)
{
    (void)state;
    begin_uefi();
    make_full_esp("esp.img");
    fake_disk_in_file("esp.img", 512);
    assert_int_equal(read_disks(), OK);
    config_choose(&config, &machine.arena, "a wish", "auto-reboot", true);
    assert_string_equal(config.entries[config.chosen].id, "auto-reboot");
    assert_null(config.default_doubt);
    config_choose(&config, &machine.arena, "a wish", "auto-reboot", false);
    assert_non_null(strstr(config.default_doubt, "a wish auto-reboot would for ever be"));
}

static void has_the_firmware_do_it(void **state)
{
    (void)state;
    struct entry entry = {.kind = ENTRY_RESTART};
    int way_out = setjmp(fake_way_out);
    if (!way_out)
        auto_entry_act(&machine, &entry);
    assert_int_equal(way_out, FAKE_RESTARTED);
    entry.kind = ENTRY_POWER_OFF;
    way_out = setjmp(fake_way_out);
    if (!way_out)
        auto_entry_act(&machine, &entry);
    assert_int_equal(way_out, FAKE_SWITCHED_OFF);
    entry.kind = ENTRY_SETUP;
    assert_int_equal(auto_entry_act(&machine, &entry), ERR_UNSUPPORTED);
}

/* ---- bad volumes ----------------------------------------------------------------------------- */

static void looks_into_a_bounded_number_of_directories(void **state)
{
    (void)state;
    begin_uefi();
    make_esp("many.img");
    put("many.img", "mine.conf", "/loader/entries/mine.conf");
    run("for i in $(seq 1000); do echo ::/EFI/d$i; done | xargs mmd -i many.img@@1M");
    put("many.img", "one.efi", "/EFI/d7/grubx64.efi");
    put("many.img", "one.efi", "/EFI/d900/grubx64.efi");
    uint32_t disk = fake_disk_in_file("many.img", 512);
    assert_int_equal(read_disks(), OK);
    uint64_t before = fake_reads(disk);
    assert_string_equal(listed(), "mine auto-d7 " SELF);
    assert_in_range(fake_reads(disk) - before, 1, 40);
    assert_null(config.doubt);
}

/* A file that is no program is shown, as what it is called: who starts it says what is wrong. */
static void survives_damaged_files(void **state)
{
    (void)state;
    begin_uefi();
    make_esp("bad.img");
    put("bad.img", "mine.conf", "/loader/entries/mine.conf");
    run("head -c 700 one.efi > cut && : > empty");
    put_in("bad.img", "/EFI/cut", "cut", "grubx64.efi");
    put_in("bad.img", "/EFI/none", "empty", "shimx64.efi");
    put("bad.img", "cut", "/EFI/BOOT/BOOTX64.EFI");
    assert_string_equal(ids_on("bad.img"), "mine auto-cut auto-none " SELF);
}

/* The directory /EFI of another disk leads back to itself. */
static void survives_a_looping_directory(void **state)
{
    (void)state;
    begin_uefi();
    make_full_esp("esp.img");
    make_esp("loop.img");
    run("python3 - <<'EOT'\n"
        "import struct\n"
        "image = bytearray(open('loop.img', 'rb').read())\n"
        "at = image.index(b'EFI        ', 1 << 20)\n"
        "first, = struct.unpack_from('<H', image, at + 26)\n"
        "reserved, = struct.unpack_from('<H', image, (1 << 20) + 14)\n"
        "table = (1 << 20) + reserved * 512\n"
        "struct.pack_into('<H', image, table + 2 * first, first)\n"
        "open('loop.img', 'wb').write(image)\n"
        "EOT");
    uint32_t disk = fake_disk_in_file("esp.img", 512), loop = fake_disk_in_file("loop.img", 512);
    fake_break_sectors(fake_disk_in_file("esp.img", 512), 0, 70000);
    (void)disk;
    assert_int_equal(read_disks(), OK);
    assert_string_equal(listed(), "mine auto-debian auto-arch auto-refind auto-windows "
                                  "auto-memtest auto-efi-shell " SELF);
    assert_in_range(fake_reads(loop), 1, 20);
    assert_null(config.doubt);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, fake_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(finds_each_kind_behind_what_is_written),
        TEST(costs_a_boot_nothing),
        TEST(finds_other_disks_too),
        TEST(shows_no_file_twice),
        TEST(tells_a_copy_by_all_of_it),
        TEST(finds_nothing_where_it_shall_not),
        TEST(finds_windows_by_its_boot_sector),
        TEST(finds_what_the_first_sector_was),
        TEST(stands_in_where_nothing_is_written),
        TEST(stands_in_for_uefi),
        TEST(asks_where_nothing_stands_in),
        TEST(asks_where_the_volume_is_damaged),
        TEST(is_the_default_where_it_is_named),
        TEST(is_restarted_once_only),
        TEST(has_the_firmware_do_it),
        TEST(looks_into_a_bounded_number_of_directories),
        TEST(survives_damaged_files),
        TEST(survives_a_looping_directory),
    };
    return cmocka_run_group_tests(tests, make_files, scratch_end);
}
