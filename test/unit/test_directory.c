/* How much of a volume is read for what is asked of it: each directory once, a file's chain as far
 * as its size needs it. */
#include "test/unit/fat_mounted.h"

#define CHUNK 4096 /* of a directory, that the driver reads at a time */

/* A root directory of that many files with names of 8.3 characters, all in one cluster. */
static void make_files(uint32_t count)
{
    uint32_t clusters = count * 32 / CHUNK + 1;
    char name[24];

    image = image_begin(32, clusters + 100, CHUNK / IMAGE_SECTOR);
    image_chain(&image, 2, clusters);
    image_chain(&image, clusters + 50, 1);
    for (uint32_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "F%07uBIN", i);
        image_add(&image, name, clusters + 50, 1 + i % 4096);
    }
}

/* Opens files in an order that is not the directory's. */
static void open_files(uint32_t files, uint32_t count)
{
    struct file file;
    char path[24];

    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = (uint32_t)((uint64_t)i * 7919 % files);
        snprintf(path, sizeof path, "/f%07u.bin", number);
        if (fs_open(&fs, path, &file) != OK)
            fail_msg("%s", err_message());
        assert_int_equal(file.reader.bytes, 1 + number % 4096);
    }
}

static uint64_t reads_for_all(uint32_t files)
{
    uint64_t before;

    make_files(files);
    assert_int_equal(mount(), OK);
    before = fake_reads(0);
    open_files(files, files);
    uint64_t reads = fake_reads(0) - before;
    fake_end();
    image_end(&image);
    return reads;
}

/* And the table that says where it lies. */
static void a_directory_is_read_once(void **state)
{
    (void)state;
    assert_in_range(reads_for_all(1000), 8, 8 + 2);
    assert_in_range(reads_for_all(10000), 79, 79 + 3);
}

static bool count_one(void *context, const struct fs_entry *entry)
{
    (void)entry;
    ++*(uint32_t *)context;
    return true;
}

static void a_list_is_kept_for_who_opens(void **state)
{
    uint32_t count = 0;

    (void)state;
    make_files(1000);
    assert_int_equal(mount(), OK);
    assert_int_equal(fs_list(&fs, "/", count_one, &count), OK);
    assert_int_equal(count, 1000);
    uint64_t before = fake_reads(0);
    open_files(1000, 1000);
    assert_int_equal(fs_list(&fs, "/", count_one, &count), OK);
    assert_int_equal(count, 2000);
    assert_int_equal(fake_reads(0), before);
    fake_end();
    image_end(&image);
}

/* What was kept behind a mark is gone with it: others have its memory. */
static void nothing_is_kept_over_a_reset(void **state)
{
    uint8_t *others;

    (void)state;
    make_files(1000);
    assert_int_equal(mount(), OK);
    for (int i = 0; i < 3; i++) {
        struct arena_mark before = arena_mark(&arena);
        open_files(1000, 100);
        arena_reset(&arena, before);
        assert_int_equal(ARENA_TAKE(&arena, MIB, &others), OK);
        memset(others, 0xa5, MIB);
        open_files(1000, 100);
    }
    fake_end();
    image_end(&image);
}

/* What comes before the part that can't be read is there; of the others nobody knows. */
static void a_directory_that_fails_in_the_middle(void **state)
{
    uint32_t count = 0;
    struct file file;

    (void)state;
    make_files(1000);
    assert_int_equal(mount(), OK);
    fake_break_sectors(0, (image.data + 4 * CHUNK) / IMAGE_SECTOR, 1);
    open_files(512, 512);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fs_open(&fs, "/f0000900.bin", &file), ERR_IO);
        assert_non_null(strstr(err_message(), "directory /: fake disk 0"));
    }
    assert_int_equal(fs_list(&fs, "/", count_one, &count), ERR_IO);
    assert_int_equal(count, 512);
    fake_end();
    image_end(&image);
}

/* ---- chains ---------------------------------------------------------------------------------- */

#define VOLUME_CLUSTERS 400000
#define HOP             16381 /* more than the entries of one part of the table */

/* A file whose chain takes the whole volume; each step leads to another part of the table. */
static void make_bomb(uint32_t bytes, uint32_t hop)
{
    uint32_t count = VOLUME_CLUSTERS - 1, at = 0;

    image = image_begin(32, VOLUME_CLUSTERS, 1);
    for (uint32_t i = 1; i < count; i++, at = (at + hop) % count)
        image_set(&image, 3 + at, 3 + (at + hop) % count);
    image_set(&image, 3 + at, image_end_mark(&image));
    image_add(&image, "FILE    BIN", 3, bytes);
}

static uint64_t reads_to_open(void)
{
    struct file file;
    uint8_t byte;

    assert_int_equal(mount(), OK);
    uint64_t before = fake_reads(0);
    assert_int_equal(fs_open(&fs, "/file.bin", &file), OK);
    assert_int_equal(reader_read(&file.reader, file.reader.bytes - 1, 1, &byte), OK);
    uint64_t reads = fake_reads(0) - before;
    fake_end();
    image_end(&image);
    return reads;
}

static void a_chain_is_read_as_far_as_the_file_needs(void **state)
{
    (void)state;
    for (uint32_t hop = 1; hop <= HOP; hop += HOP - 1) {
        make_bomb(1, hop);
        assert_in_range(reads_to_open(), 1, 3);
        make_bomb(5 * IMAGE_SECTOR, hop);
        assert_in_range(reads_to_open(), 1, 3 + 5);
    }
}

/* It ends at its mark, and may have no more slots than FAT allows. */
static void a_directory_of_a_volume_long_chain(void **state)
{
    struct file file;

    (void)state;
    image = image_begin(32, VOLUME_CLUSTERS, 1);
    image_chain(&image, 2, VOLUME_CLUSTERS);
    memset(image_cluster(&image, 2), 0xe5, (size_t)(VOLUME_CLUSTERS - 1) * IMAGE_SECTOR);
    assert_int_equal(mount(), OK);
    uint64_t before = fake_reads(0);
    assert_int_equal(fs_open(&fs, "/file.bin", &file), ERR_FORMAT);
    assert_in_range(fake_reads(0) - before, 0, 2 * MIB / CHUNK + 4);
    fake_end();
    image_end(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_directory_is_read_once),
        cmocka_unit_test(a_list_is_kept_for_who_opens),
        cmocka_unit_test(nothing_is_kept_over_a_reset),
        cmocka_unit_test(a_directory_that_fails_in_the_middle),
        cmocka_unit_test(a_chain_is_read_as_far_as_the_file_needs),
        cmocka_unit_test(a_directory_of_a_volume_long_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
