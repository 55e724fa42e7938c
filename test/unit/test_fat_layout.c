/* FAT volumes in odd but legal shapes that tools do not make, and how they are read. */
#include "test/unit/fat_mounted.h"

static void longer_chain_than_size(void **state)
{
    static const uint32_t clusters[] = {20, 21, 22};

    (void)state;
    begin_with_file(32, 100, 1);
    store(image.bytes + image.root + 28, 3 * 512, 4);
    expect_clusters("/file.bin", clusters, 3);
    image_end(&image);
}

static void reserved_top_nibble(void **state)
{
    static const uint32_t clusters[] = {20, 21, 50, 23, 24, 25, 26, 27, 28, 29};

    (void)state;
    begin_with_file(32, 100, 1);
    image_fill(&image, 50, 1);
    image_set(&image, 20, 0xf0000015);
    image_set(&image, 21, 0x50000032);
    image_set(&image, 50, 0xa0000017);
    image_set(&image, 29, 0x8ffffff8);
    expect_clusters("/file.bin", clusters, FILE_CLUSTERS);
    image_end(&image);
}

/* Which table is active only counts when they are not mirrored. */
static void mirrored_tables(void **state)
{
    static const uint32_t clusters[] = {20, 21, 22, 23, 24, 25, 26, 27, 28, 29};

    (void)state;
    begin_with_file(32, 100, 1);
    image_set_in(&image, 1, 21, 0);
    store(image.bytes + 40, 1, 2);
    expect_clusters("/file.bin", clusters, FILE_CLUSTERS);
    image_end(&image);
}

static void active_table(void **state)
{
    static const uint32_t clusters[] = {20, 21, 60, 23, 24, 25, 26, 27, 28, 29};

    (void)state;
    begin_with_file(32, 70000, 1);
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
    begin_with_file(32, 100, 1);
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
    begin_with_file(16, 4085, 1);
    store(image.bytes + image.root + 20, 0xbeef, 2);
    expect_clusters("/file.bin", clusters, FILE_CLUSTERS);
    image_end(&image);
}

/* A root directory that ends within a sector: clusters begin at the next one. */
static void odd_root_size(void **state)
{
    static const uint32_t clusters[] = {20, 21, 22, 23, 24, 25, 26, 27, 28, 29};

    (void)state;
    begin_with_file(16, 4085, 1);
    store(image.bytes + 17, IMAGE_ROOT - 12, 2);
    expect_clusters("/file.bin", clusters, FILE_CLUSTERS);
    image_end(&image);
}

/* The last entry of this table lies half in its last sector. */
static void last_entry_in_two_sectors(void **state)
{
    static const uint32_t clusters[] = {681, 682};

    (void)state;
    image = image_begin(12, 681, 1);
    image_chain(&image, 681, 2);
    image_fill(&image, 681, 2);
    image_add(&image, "FILE    BIN", 681, 2 * 512);
    expect_clusters("/file.bin", clusters, 2);
    image_end(&image);
}

static void junk_behind_the_end_mark(void **state)
{
    (void)state;
    begin_with_file(16, 4085, 1);
    image_slot(&image);
    image_add(&image, "GHOST   BIN", 20, 512);
    expect_open("/ghost.bin", ERR_NOT_FOUND, "/ghost.bin: there is no ghost.bin in directory /");
    image_end(&image);
}

#define JUMP_CLUSTERS 70

/* One jump in a chain of neighbours, at each place, with noise in FAT32's reserved bits. */
static void one_jump(void **state)
{
    static const struct {
        uint32_t bits, clusters;
    } shapes[] = {{12, 300}, {16, 5000}, {32, 300}};
    uint32_t clusters[JUMP_CLUSTERS];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(shapes); i++)
        for (uint32_t jump = 1; jump < JUMP_CLUSTERS; jump++) {
            image = image_begin(shapes[i].bits, shapes[i].clusters, 1);
            for (uint32_t j = 0; j < JUMP_CLUSTERS; j++)
                clusters[j] = 5 + j + (j < jump ? 0 : 100);
            image_chain(&image, 5, jump);
            image_chain(&image, clusters[jump], JUMP_CLUSTERS - jump);
            image_set(&image, clusters[jump - 1],
                      clusters[jump] | (shapes[i].bits == 32 ? jump << 28 : 0));
            image_fill(&image, 5, 200);
            image_add(&image, "FILE    BIN", 5, JUMP_CLUSTERS * 512);
            expect_clusters("/file.bin", clusters, JUMP_CLUSTERS);
            image_end(&image);
        }
}

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
        assert_int_equal(reader_read(&file.reader, 0, bytes, contents), OK);
        assert_int_equal(fake_reads(0) - before, 1);
        assert_memory_equal(contents, image_cluster(&image, 21), bytes);
        assert_int_equal(reader_read(&file.reader, 5, bytes - 10, contents), OK);
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
        cmocka_unit_test(longer_chain_than_size),
        cmocka_unit_test(reserved_top_nibble),
        cmocka_unit_test(mirrored_tables),
        cmocka_unit_test(active_table),
        cmocka_unit_test(moved_root),
        cmocka_unit_test(high_half_of_cluster),
        cmocka_unit_test(odd_root_size),
        cmocka_unit_test(last_entry_in_two_sectors),
        cmocka_unit_test(junk_behind_the_end_mark),
        cmocka_unit_test(one_jump),
        cmocka_unit_test(many_fragments),
        cmocka_unit_test(contiguous_file_in_one_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
