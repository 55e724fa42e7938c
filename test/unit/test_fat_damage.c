/* Damaged FAT volumes: each is refused with a message that names file, cluster and value. */
#include "test/unit/fat_mounted.h"

static const struct shape {
    uint32_t bits, clusters, cluster_sectors;
} shapes[] = {{12, 100, 1},   {12, 4084, 2}, {16, 4085, 1},
              {16, 65524, 1}, {32, 100, 1},  {32, 70000, 1}};

static void broken_chains(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(shapes); i++) {
        uint32_t end = shapes[i].bits == 32 ? 0x0fffffff : (1u << shapes[i].bits) - 1;
        uint32_t last = shapes[i].clusters + 1;
        const struct {
            uint32_t value;
            const char *message;
        } links[] = {
            {0, "/file.bin: its cluster 25 is followed by 0 (0h), which means free"},
            {1, "/file.bin: its cluster 25 is followed by 1 (1h), which is no cluster"},
            {end - 8, "), which means bad"},
            {last + 1, "which is no cluster of the volume"},
            {25, "/file.bin: its cluster chain loops: cluster 25 leads back to cluster 25"},
            {20, "/file.bin: its cluster chain loops: cluster 23 comes twice in 10"},
            {23, "/file.bin: its cluster chain loops: cluster 23 comes twice in 10"},
            {end, "but its chain ends at cluster 25 after 6: the file is cut short"},
            {end - 7, "but its chain ends at cluster 25 after 6: the file is cut short"},
        };
        begin_with_file(shapes[i].bits, shapes[i].clusters, shapes[i].cluster_sectors);
        for (size_t j = 0; j < ARRAY_LENGTH(links); j++) {
            image_set(&image, 25, links[j].value);
            expect_open("/file.bin", ERR_FORMAT, links[j].message);
        }
        image_end(&image);
    }
}

/* A file that would go round is refused, whatever the loop's length; what follows the cluster that
 * its size ends in is nobody's business. */
static void loops_of_all_lengths(void **state)
{
    (void)state;
    begin_with_file(32, 100, 1);
    for (uint32_t from = FILE_FIRST; from < FILE_FIRST + FILE_CLUSTERS; from++)
        for (uint32_t to = FILE_FIRST; to <= from; to++) {
            image_chain(&image, FILE_FIRST, FILE_CLUSTERS);
            image_set(&image, from, to);
            if (from == FILE_FIRST + FILE_CLUSTERS - 1)
                expect_open("/file.bin", OK, "");
            else
                expect_open("/file.bin", ERR_FORMAT, "/file.bin: its cluster chain loops");
        }
    image_end(&image);
}

/* The volume's last cluster points behind it. */
static void chain_over_the_end(void **state)
{
    (void)state;
    image = image_begin(16, 4085, 1);
    image_chain(&image, 4080, 7);
    image_set(&image, 4086, 4087);
    image_add(&image, "FILE    BIN", 4080, 8 * 512);
    expect_open("/file.bin", ERR_FORMAT,
                "its cluster 4086 is followed by 4087 (FF7h), which is no "
                "cluster of the volume");
    image_end(&image);
}

/* A long way into a loop, in clusters that are never neighbours. */
static void late_loop(void **state)
{
    (void)state;
    image = image_begin(32, 5000, 1);
    for (uint32_t cluster = 20; cluster < 4000; cluster += 2)
        image_set(&image, cluster, cluster + 2);
    image_set(&image, 4000, 3000);
    uint8_t *slot = image_add(&image, "FILE    BIN", 20, 100 * 512);
    expect_open("/file.bin", OK, "");
    store(slot + 28, 1991 * 512, 4); /* up to cluster 4000 */
    expect_open("/file.bin", OK, "");
    for (uint32_t clusters = 1992; clusters < 10000; clusters += 1 + clusters / 8) {
        store(slot + 28, clusters * 512, 4);
        expect_open("/file.bin", ERR_FORMAT, "/file.bin: its cluster chain loops");
    }
    image_end(&image);
}

/* A table of one sector: clusters without an entry do not exist. */
static void table_too_short(void **state)
{
    (void)state;
    begin_with_file(32, 1000, 1);
    store(image.bytes + 36, 1, 4);
    store(image.bytes + 14, IMAGE_RESERVED, 2);
    store(image.bytes + 44, 4, 4);
    expect_mount(OK, "");
    store(image.bytes + 44, 128, 4);
    expect_mount(ERR_FORMAT, "root directory at cluster 128, which is not in 2 to 127");
    image_end(&image);
}

static void broken_directory_entries(void **state)
{
    static const uint32_t firsts[] = {0, 1, 102, 65535};
    uint8_t *slot;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(firsts); i++) {
        image = image_begin(16, 4085, 1);
        slot = image_add(&image, "FILE    BIN", 20, 512);
        store(slot + 26, firsts[i] == 102 ? 4087 : firsts[i], 2);
        expect_open("FILE.BIN", ERR_FORMAT, "FILE.BIN: begins at cluster");
        slot[11] = 0x10;
        expect_open("FILE.BIN/x", ERR_FORMAT, "FILE.BIN: begins at cluster");
        image_end(&image);
    }
}

/* As one bit makes it: the file must not seem to be absent. The others are there. */
static void files_that_became_labels(void **state)
{
    static const uint8_t attributes[] = {0x08, 0x18, 0x28, 0x0f};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(attributes); i++) {
        image = image_begin(16, 4085, 1);
        image_chain(&image, 20, 2);
        image_add(&image, "LOADER     ", 20, 0)[11] = attributes[i];
        image_add(&image, "FILE    BIN", 21, 512);
        image_add(&image, "VOLUME     ", 0, 0)[11] = 0x08;
        expect_open("/loader/x", ERR_FORMAT, "directory /: LOADER has the attribute 08h");
        expect_open("/file.bin", OK, "");
        image_end(&image);
    }
}

/* A label lies in the root directory. */
static void label_in_another_directory(void **state)
{
    (void)state;
    image = image_begin(16, 4085, 1);
    image_chain(&image, 20, 1);
    image_add(&image, "LOADER     ", 20, 0)[11] = 0x10;
    memcpy(image_cluster(&image, 20), "EMPTY   CNF\x08", 12);
    expect_open("/loader/loader.conf", ERR_FORMAT, "directory LOADER: EMPTY   CNF has the");
    image_cluster(&image, 20)[11] = 0x0f; /* a part of a long name whose file is gone */
    expect_open("/loader/loader.conf", ERR_NOT_FOUND, "there is no loader.conf");
    image_end(&image);
}

static void looping_directory(void **state)
{
    (void)state;
    image = image_begin(32, 1000, 1);
    image_set(&image, 2, 2);
    for (int i = 0; i < 16; i++)
        image_add(&image, "FILE    BIN", 0, 0);
    expect_open("/nothing", ERR_FORMAT, "/: its cluster chain loops");
    image_end(&image);
}

/* A directory has at most 65,536 slots. */
static void endless_directory(void **state)
{
    (void)state;
    image = image_begin(32, 10000, 1);
    memset(image_cluster(&image, 2), 0xe5, 5000 * 512);
    image_chain(&image, 2, 4096);
    expect_open("/nothing", ERR_NOT_FOUND, "there is no nothing in directory /");
    image_chain(&image, 2, 4097);
    expect_open("/nothing", ERR_FORMAT,
                "/: its cluster chain is still going on at cluster 4098 "
                "after 4097 clusters, but FAT allows 4096");
    image_end(&image);
}

static void broken_boot_sectors(void **state)
{
    static const struct {
        int offset, bytes;
        uint64_t value;
        const char *message;
    } fields[] = {
        {11, 2, 256, "damaged FAT boot sector: 256 bytes a sector"},
        {11, 2, 513, "513 bytes a sector"},
        {11, 2, 8192, "8192 bytes a sector"},
        {13, 1, 0, "0 sectors a cluster"},
        {13, 1, 3, "3 sectors a cluster"},
        {14, 2, 0, "0 reserved sectors"},
        {16, 1, 0, "0 tables"},
        {21, 1, 0, "medium 00h"},
        {32, 4, 0, "0 clusters in 0 sectors"},
        {32, 4, 10, "0 clusters in 10 sectors"},
        {36, 4, 0, "a table of 0 sectors has no room"},
        {36, 4, UINT32_MAX, "0 clusters in"},
        {40, 2, 0x82, "table 2 is marked active, but there are 2"},
        {44, 4, 0, "root directory at cluster 0"},
        {44, 4, 1002, "root directory at cluster 1002, which is not in 2 to 1001"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        image = image_begin(32, 1000, 1);
        store(image.bytes + fields[i].offset, fields[i].value, fields[i].bytes);
        expect_mount(ERR_FORMAT, fields[i].message);
        image_end(&image);
    }
}

static void other_version_of_fat32(void **state)
{
    (void)state;
    image = image_begin(32, 1000, 1);
    store(image.bytes + 42, 0x0102, 2);
    expect_mount(ERR_UNSUPPORTED, "fake disk 0: FAT32 of version 1.2 (BPB_FSVer), Lintel reads");
    image_end(&image);
}

static void no_fat_at_all(void **state)
{
    (void)state;
    image = image_begin(16, 4085, 1);
    memset(image.bytes, 0, 512);
    expect_mount(ERR_NOT_FOUND, "fake disk 0: no file system that Lintel reads");
    memcpy(image.bytes, "\xeb\x52\x90NTFS    \0\2\10\0\0\0\0\0\0\0\xf8", 22);
    store(image.bytes + 510, 0xaa55, 2);
    expect_mount(ERR_NOT_FOUND, "fake disk 0: no file system that Lintel reads");
    memcpy(image.bytes,
           "\xeb\x76\x90"
           "EXFAT   \0\0\0\0\0\0\0\0\0\0\0",
           22);
    expect_mount(ERR_NOT_FOUND, "fake disk 0: no file system that Lintel reads");
    image_end(&image);
}

static void cut_off_volume(void **state)
{
    struct file file;
    uint8_t contents[FILE_CLUSTERS * 512];

    (void)state;
    begin_with_file(32, 100, 1);
    assert_int_equal(mount(), OK);
    volume.number = 1;
    volume.sectors = (image.data + 20 * 512) / 512;
    assert_int_equal(fs_open(&fs, "/file.bin", &file), OK);
    assert_int_equal(reader_read(&file.reader, 0, sizeof contents, contents), ERR_FORMAT);
    assert_non_null(strstr(err_message(), "/file.bin: fake disk 0, partition 1: 5120 bytes at"));
    fake_end();
    image_end(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_chains),
        cmocka_unit_test(loops_of_all_lengths),
        cmocka_unit_test(chain_over_the_end),
        cmocka_unit_test(late_loop),
        cmocka_unit_test(table_too_short),
        cmocka_unit_test(broken_directory_entries),
        cmocka_unit_test(files_that_became_labels),
        cmocka_unit_test(label_in_another_directory),
        cmocka_unit_test(looping_directory),
        cmocka_unit_test(endless_directory),
        cmocka_unit_test(broken_boot_sectors),
        cmocka_unit_test(no_fat_at_all),
        cmocka_unit_test(cut_off_volume),
        cmocka_unit_test(other_version_of_fat32),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
