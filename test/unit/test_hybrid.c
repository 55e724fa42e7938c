/* CD images that are hard disks too, in the layouts that xorriso makes: every volume that should be
 * found, and the files on it. */
#include "common/lib/log.h"
#include "test/unit/volume_under_test.h"

#define EL_TORITO                                                                                  \
    "-b boot.bin -no-emul-boot -boot-load-size 4 -eltorito-alt-boot -e efi.img -no-emul-boot "

static struct arena arena;
static struct volume *volumes;
static uint32_t count;

static void list(uint32_t sector_bytes, enum lintel_medium medium)
{
    struct facts *facts = fake_begin(0);

    fake_disk_in_file("img", sector_bytes);
    facts->disks[0].medium = medium;
    arena_begin(&arena, fake_firmware.allocate);
    if (partition_list(&fake_firmware, &facts->disks[0], &arena, &volumes, &count) != OK)
        fail_msg("%s", err_message());
}

static void expect_volume(uint32_t index, uint32_t number, uint64_t first_lba,
                          enum lintel_partitioning partitioning)
{
    assert_true(index < count);
    assert_int_equal(volumes[index].number, number);
    assert_int_equal(volumes[index].first_lba, first_lba);
    assert_int_equal(volumes[index].partitioning, partitioning);
}

static void expect_whole_last(void)
{
    const struct volume *last = &volumes[count - 1];

    expect_volume(count - 1, 0, 0, LINTEL_PARTITIONING_NONE);
    assert_int_equal(last->sectors, last->disk->sectors);
    assert_memory_equal(last->disk_guid, (uint8_t[16]){0}, 16);
}

/* The volume's files are those that the image was made from. */
static void expect_reader(const struct volume *volume)
{
    struct fs fs;

    if (fs_mount(volume, &arena, &fs) != OK)
        fail_msg("%s", err_message());
    assert_string_equal(fs.driver->name, "ISO 9660");
    expect_same_file(&fs, "/loader/loader.conf", "src/loader/loader.conf");
    expect_same_file(&fs, "/efi.img", "src/efi.img");
}

/* Of layouts[]. */
enum { WITH_GPT = 3, PLAIN = 6 };

/* Each with its partitions, as numbers and first sectors. */
static const struct layout {
    const char *options;
    enum lintel_partitioning partitioning;
    uint32_t partitions;
    struct {
        uint32_t number;
        uint64_t first_lba; /* 0: wherever it is */
        bool holds_reader;
    } partition[3];
} layouts[] = {
    /* The first entry has type 0 and begins in sector 0; the GPT beside it has no protective MBR.
     */
    {EL_TORITO "-isohybrid-mbr mbr.bin -isohybrid-gpt-basdat",
     LINTEL_PARTITIONING_MBR,
     1,
     {{2, 0, false}}},
    {EL_TORITO "--grub2-mbr mbr.bin -partition_offset 16",
     LINTEL_PARTITIONING_MBR,
     1,
     {{1, 64, true}}},
    /* The first entry begins in sector 0. */
    {EL_TORITO "--grub2-mbr mbr.bin -append_partition 2 0xef src/efi.img",
     LINTEL_PARTITIONING_MBR,
     1,
     {{2, 0, false}}},
    [WITH_GPT] = {EL_TORITO
                  "--grub2-mbr mbr.bin -appended_part_as_gpt -append_partition 2 0xef src/efi.img",
                  LINTEL_PARTITIONING_GPT,
                  3,
                  {{1, 64, false}, {2, 0, false}, {3, 0, false}}},
    {EL_TORITO "--grub2-mbr mbr.bin -partition_offset 16 -appended_part_as_gpt "
               "-append_partition 2 0xef src/efi.img",
     LINTEL_PARTITIONING_GPT,
     3,
     {{1, 64, true}, {2, 0, false}, {3, 0, false}}},
    {EL_TORITO "-efi-boot-part --efi-boot-image --protective-msdos-label",
     LINTEL_PARTITIONING_GPT,
     3,
     {{1, 64, false}, {2, 0, false}, {3, 0, false}}},
    [PLAIN] = {EL_TORITO, LINTEL_PARTITIONING_NONE, 0, {{0}}},
    {"", LINTEL_PARTITIONING_NONE, 0, {{0}}},
};

/* xorriso is slow: it makes each image once. */
static void make_images(void)
{
    for (size_t i = 0; i < ARRAY_LENGTH(layouts); i++)
        run("xorriso -as mkisofs -o layout%zu %s src > xorriso.log 2>&1", i, layouts[i].options);
}

static void take_image(size_t layout)
{
    run("cp layout%zu img", layout);
}

static void expect_layout(const struct layout *layout)
{
    assert_int_equal(count, layout->partitions + 1);
    for (uint32_t i = 0; i < layout->partitions; i++) {
        uint64_t first_lba = layout->partition[i].first_lba;
        expect_volume(i, layout->partition[i].number, first_lba ? first_lba : volumes[i].first_lba,
                      layout->partitioning);
        if (layout->partition[i].holds_reader)
            expect_reader(&volumes[i]);
    }
    expect_whole_last();
    expect_reader(&volumes[count - 1]);
}

static void as_a_disk(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(layouts); i++) {
        take_image(i);
        list(512, LINTEL_MEDIUM_DISK);
        expect_layout(&layouts[i]);
        fake_end();
    }
}

/* The tables count 512 bytes a sector, and so are wrong on a disk with larger ones. */
static void as_a_disk_with_large_sectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(layouts); i++)
        for (uint32_t sector_bytes = 2048; sector_bytes <= 4096; sector_bytes *= 2) {
            take_image(i);
            list(sector_bytes, LINTEL_MEDIUM_DISK);
            expect_whole_last();
            expect_reader(&volumes[count - 1]);
            fake_end();
        }
}

static void as_a_cd(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(layouts); i++) {
        take_image(i);
        list(2048, LINTEL_MEDIUM_CD);
        assert_int_equal(count, 1);
        expect_whole_last();
        expect_reader(&volumes[0]);
        fake_end();
    }
}

static const struct disk *known;

static enum err read_known(const struct disk *disk, uint64_t lba, uint64_t sectors, void *to)
{
    (void)disk;
    return fake_firmware.read(known, lba, sectors, to);
}

/* SeaBIOS does not say how large a CD is: then the file system does. */
static void as_a_cd_of_unknown_size(void **state)
{
    const struct firmware firmware = {.read = read_known};

    (void)state;
    take_image(PLAIN);
    list(2048, LINTEL_MEDIUM_CD);
    known = volumes[0].disk;
    struct disk unknown = *known;
    unknown.sectors = 0;
    assert_int_equal(partition_list(&firmware, &unknown, &arena, &volumes, &count), OK);
    assert_int_equal(count, 1);
    assert_int_equal(volumes[0].sectors, known->sectors);
    expect_reader(&volumes[0]);
    fake_end();
}

/* Written to a larger disk: the GPT's backup is not where the disk ends. */
static void on_a_larger_disk(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(layouts); i++) {
        take_image(i);
        run("truncate -s 64M img");
        list(512, LINTEL_MEDIUM_DISK);
        expect_layout(&layouts[i]);
        fake_end();
    }
}

static void damaged_gpt(void **state)
{
    (void)state;
    take_image(WITH_GPT);
    run("printf x | dd of=img bs=1 seek=600 conv=notrunc 2> dd.log && truncate -s -512 img");
    log_attach(fake_firmware.put);
    list(512, LINTEL_MEDIUM_DISK);
    log_attach(NULL);
    assert_int_equal(count, 1);
    expect_whole_last();
    expect_reader(&volumes[0]);
    assert_non_null(strstr(fake_output(), "using it as a CD image"));
    fake_end();
}

static int begin(void **state)
{
    if (scratch_begin(state))
        return -1;
    run("mkdir -p src/loader && echo conf > src/loader/loader.conf &&"
        "mkfs.fat -C src/efi.img 2048 > mkfs.log && head -c 2048 /dev/zero > src/boot.bin &&"
        "head -c 432 /dev/zero > mbr.bin");
    make_images();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_a_disk),        cmocka_unit_test(as_a_disk_with_large_sectors),
        cmocka_unit_test(as_a_cd),          cmocka_unit_test(as_a_cd_of_unknown_size),
        cmocka_unit_test(on_a_larger_disk), cmocka_unit_test(damaged_gpt),
    };

    return cmocka_run_group_tests(tests, begin, scratch_end);
}
