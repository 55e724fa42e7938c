/* FAT volumes in shapes that tools do not make: damaged, odd but legal, and very fragmented. */
#include "fake_firmware.h"
#include "fat_image.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static struct image image;
static struct arena arena;
static struct volume volume;
static struct fs fs;

static enum err mount(void)
{
    struct facts *facts = fake_begin(0);

    fake_disk_in_memory(image.bytes, image.size, 512);
    arena_begin(&arena, fake_firmware.allocate);
    volume = (struct volume){
        .firmware = &fake_firmware,
        .disk = &facts->disks[0],
        .sectors = facts->disks[0].sectors,
    };
    return fs_mount(&volume, &arena, &fs);
}

static void expect_mount(enum err expected, const char *message)
{
    assert_int_equal(mount(), expected);
    fake_end();
    if (!strstr(err_message(), message))
        fail_msg("\"%s\" is not in \"%s\"", message, err_message());
}

static void expect_open(const char *path, enum err expected, const char *message)
{
    struct file file;

    assert_int_equal(mount(), OK);
    assert_int_equal(fs_open(&fs, path, &file), expected);
    fake_end();
    if (!strstr(err_message(), message))
        fail_msg("\"%s\" is not in \"%s\"", message, err_message());
}

/* Reads a file in one go and compares it with clusters of the image, in that order. */
static void expect_clusters(const char *path, const uint32_t *clusters, uint32_t count)
{
    struct file file;
    uint8_t *contents;

    assert_int_equal(mount(), OK);
    if (fs_open(&fs, path, &file) != OK)
        fail_msg("%s", err_message());
    assert_int_equal(file.source.bytes, (uint64_t)count * image.cluster_bytes);
    contents = malloc(file.source.bytes);
    assert_int_equal(source_read(&file.source, 0, file.source.bytes, contents), OK);
    for (uint32_t i = 0; i < count; i++)
        assert_memory_equal(contents + (uint64_t)i * image.cluster_bytes,
                            image_cluster(&image, clusters[i]), image.cluster_bytes);
    free(contents);
    fake_end();
}

/* ---- damage -----------------------------------------------------------------------------------
 */

static const struct shape {
    uint32_t bits, clusters, cluster_sectors;
} shapes[] = {{12, 100, 1},   {12, 4084, 2}, {16, 4085, 1},
              {16, 65524, 1}, {32, 100, 1},  {32, 70000, 1}};

#define FILE_CLUSTERS 10
#define FILE_FIRST    20

static void begin_with_file(const struct shape *shape)
{
    image = image_begin(shape->bits, shape->clusters, shape->cluster_sectors);
    image_chain(&image, FILE_FIRST, FILE_CLUSTERS);
    image_fill(&image, FILE_FIRST, FILE_CLUSTERS);
    image_add(&image, "FILE    BIN", FILE_FIRST, FILE_CLUSTERS * image.cluster_bytes);
}

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
            {20, "/file.bin: its cluster chain loops: cluster 25 leads back to cluster 20"},
            {23, "/file.bin: its cluster chain loops: cluster 25 leads back to cluster 23"},
            {end, "but its chain ends at cluster 25 after 6: the file is cut short"},
            {end - 7, "but its chain ends at cluster 25 after 6: the file is cut short"},
        };
        begin_with_file(&shapes[i]);
        for (size_t j = 0; j < ARRAY_LENGTH(links); j++) {
            image_set(&image, 25, links[j].value);
            expect_open("/file.bin", ERR_FORMAT, links[j].message);
        }
        image_end(&image);
    }
}

/* A loop behind the size that the directory states, or one that the size would just not reach. */
static void loops_of_all_lengths(void **state)
{
    (void)state;
    begin_with_file(&shapes[4]);
    for (uint32_t from = FILE_FIRST; from < FILE_FIRST + FILE_CLUSTERS; from++)
        for (uint32_t to = FILE_FIRST; to <= from; to++) {
            image_chain(&image, FILE_FIRST, FILE_CLUSTERS);
            image_set(&image, from, to);
            expect_open("/file.bin", ERR_FORMAT, "/file.bin: its cluster chain loops");
        }
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
    begin_with_file(&shapes[4]);
    assert_int_equal(mount(), OK);
    volume.sectors = (image.data + 20 * 512) / 512;
    assert_int_equal(fs_open(&fs, "/file.bin", &file), OK);
    assert_int_equal(source_read(&file.source, 0, sizeof contents, contents), ERR_FORMAT);
    assert_non_null(strstr(err_message(), "/file.bin: fake disk 0: 5120 bytes at offset"));
    fake_end();
    image_end(&image);
}

/* ---- odd but legal ----------------------------------------------------------------------------
 */

static void longer_chain_than_size(void **state)
{
    static const uint32_t clusters[] = {20, 21, 22};

    (void)state;
    begin_with_file(&shapes[4]);
    store(image.bytes + image.root + 28, 3 * 512, 4);
    expect_clusters("/file.bin", clusters, 3);
    image_end(&image);
}

static void reserved_top_nibble(void **state)
{
    static const uint32_t clusters[] = {20, 21, 50, 23, 24, 25, 26, 27, 28, 29};

    (void)state;
    begin_with_file(&shapes[4]);
    image_fill(&image, 50, 1);
    image_set(&image, 20, 0xf0000015);
    image_set(&image, 21, 0x50000032);
    image_set(&image, 50, 0xa0000017);
    image_set(&image, 29, 0x8ffffff8);
    expect_clusters("/file.bin", clusters, FILE_CLUSTERS);
    image_end(&image);
}

static void active_table(void **state)
{
    static const uint32_t clusters[] = {20, 21, 60, 23, 24, 25, 26, 27, 28, 29};

    (void)state;
    begin_with_file(&shapes[5]);
    image_fill(&image, 60, 1);
    image_set_in(&image, 1, 21, 60);
    image_set_in(&image, 1, 60, 23);
    store(image.bytes + 40, 0x81, 2);
    expect_clusters("/file.bin", clusters, FILE_CLUSTERS);
    image_end(&image);
}

static void moved_root(void **state)
{
    static const uint32_t clusters[] = {20, 21, 22, 23, 24, 25, 26, 27, 28, 29};

    (void)state;
    begin_with_file(&shapes[4]);
    memcpy(image_cluster(&image, 90), image_cluster(&image, 2), 512);
    memset(image_cluster(&image, 2), 0xe5, 512);
    image_set(&image, 90, image_end_mark(&image));
    store(image.bytes + 44, 90, 4);
    expect_clusters("/file.bin", clusters, FILE_CLUSTERS);
    image_end(&image);
}

/* A cluster number's high half means nothing on FAT12 and FAT16. */
static void high_half_of_cluster(void **state)
{
    static const uint32_t clusters[] = {20, 21, 22, 23, 24, 25, 26, 27, 28, 29};

    (void)state;
    begin_with_file(&shapes[2]);
    store(image.bytes + image.root + 20, 0xbeef, 2);
    expect_clusters("/file.bin", clusters, FILE_CLUSTERS);
    image_end(&image);
}

static void junk_behind_the_end_mark(void **state)
{
    (void)state;
    begin_with_file(&shapes[2]);
    image_slot(&image);
    image_add(&image, "GHOST   BIN", 20, 512);
    expect_open("/ghost.bin", ERR_NOT_FOUND, "/ghost.bin: there is no ghost.bin in directory /");
    image_end(&image);
}

/* ---- runs -------------------------------------------------------------------------------------
 */

#define FRAGMENTS 16385

/* Every second cluster, and for a third of them backwards. */
static void many_fragments(void **state)
{
    uint32_t *clusters = malloc(FRAGMENTS * sizeof *clusters);

    (void)state;
    image = image_begin(32, 2 * FRAGMENTS + 10, 1);
    for (uint32_t i = 0; i < FRAGMENTS; i++)
        clusters[i] = 4 + 2 * (i % 3 ? i : FRAGMENTS / 3 * 3 - i);
    for (uint32_t i = 0; i < FRAGMENTS; i++)
        image_set(&image, clusters[i], i + 1 < FRAGMENTS ? clusters[i + 1] : 0x0fffffff);
    image_fill(&image, 3, 2 * FRAGMENTS);
    image_add(&image, "FILE    BIN", clusters[0], FRAGMENTS * 512);
    expect_clusters("/file.bin", clusters, FRAGMENTS);
    free(clusters);
    image_end(&image);
}

/* One contiguous file takes as many requests whatever its size, but for the table's own. */
static void contiguous_file_in_one_request(void **state)
{
    static const uint32_t sizes[] = {3, 16, 1000, 16000};
    struct file file;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        uint64_t bytes = (uint64_t)sizes[i] * 512;
        uint8_t *contents = malloc(bytes);
        uint64_t before;
        image = image_begin(32, 20000, 1);
        image_chain(&image, 21, sizes[i]);
        image_fill(&image, 21, sizes[i]);
        image_add(&image, "FILE    BIN", 21, (uint32_t)bytes);
        assert_int_equal(mount(), OK);
        before = fake_reads(0);
        assert_int_equal(fs_open(&fs, "/file.bin", &file), OK);
        assert_in_range(fake_reads(0) - before, 1, 3);
        before = fake_reads(0);
        assert_int_equal(source_read(&file.source, 0, bytes, contents), OK);
        assert_int_equal(fake_reads(0) - before, 1);
        assert_memory_equal(contents, image_cluster(&image, 21), bytes);
        assert_int_equal(source_read(&file.source, 5, bytes - 10, contents), OK);
        assert_int_equal(fake_reads(0) - before, 4);
        assert_memory_equal(contents, image_cluster(&image, 21) + 5, bytes - 10);
        free(contents);
        fake_end();
        image_end(&image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_chains),
        cmocka_unit_test(loops_of_all_lengths),
        cmocka_unit_test(broken_directory_entries),
        cmocka_unit_test(looping_directory),
        cmocka_unit_test(endless_directory),
        cmocka_unit_test(broken_boot_sectors),
        cmocka_unit_test(no_fat_at_all),
        cmocka_unit_test(cut_off_volume),
        cmocka_unit_test(longer_chain_than_size),
        cmocka_unit_test(reserved_top_nibble),
        cmocka_unit_test(active_table),
        cmocka_unit_test(moved_root),
        cmocka_unit_test(high_half_of_cluster),
        cmocka_unit_test(junk_behind_the_end_mark),
        cmocka_unit_test(many_fragments),
        cmocka_unit_test(contiguous_file_in_one_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
