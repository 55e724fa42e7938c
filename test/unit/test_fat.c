/* FAT volumes made by mkfs.fat and mtools in many shapes, compared byte for byte with what mtools
 * reads from them. */
#include "test/unit/fake_firmware.h"
#include "test/unit/fat_image.h"
#include "test/unit/volume_under_test.h"

/* Compares a volume with what mtools copies out of it. */
static void expect_same(const char *path, uint32_t sector_bytes)
{
    struct volume_under_test v;

    run("rm -rf out && mkdir out && mcopy -s -n -i %s '::*' out", path);
    mount(&v, path, sector_bytes);
    expect_same_tree(&v.fs, "out");
    fake_end();
}

static void mkfs_shapes(void **state)
{
    static const struct {
        uint32_t bits, cluster_sectors, sector_bytes, kib;
    } shapes[] = {
        {12, 1, 512, 1440},      {12, 8, 512, 8192},     {12, 128, 512, 66560},
        {16, 1, 512, 8192},      {16, 4, 512, 32768},    {16, 128, 512, 409600},
        {32, 1, 512, 40960},     {32, 8, 512, 307200},   {32, 64, 512, 2201600},
        {32, 128, 512, 4505600}, {12, 1, 4096, 8192},    {12, 2, 1024, 4096},
        {16, 1, 4096, 32768},    {16, 2, 2048, 32768},   {32, 1, 4096, 307200},
        {32, 2, 1024, 307200},   {32, 8, 4096, 3000000},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(shapes); i++) {
        uint32_t sector_bytes = shapes[i].sector_bytes;
        run("rm -f img && mkfs.fat -C -F %u -s %u -S %u img %u > mkfs.log", shapes[i].bits,
            shapes[i].cluster_sectors, sector_bytes, shapes[i].kib);
        run("mcopy -s -i img src/* ::");
        expect_same("img", sector_bytes);
    }
}

static void mformat_shapes(void **state)
{
    static const char *const options[] = {
        "-f 1440",
        "-f 2880 -c 4",
        "-T 65536 -h 16 -s 63 -c 2",
        "-T 80000 -h 16 -s 63 -F -c 1",
        "-T 20000 -h 16 -s 63 -M 4096",
        "-T 140000 -h 16 -s 63 -M 1024 -F -c 1",
        "-T 32768 -h 16 -s 63 -d 1 -r 64 -R 7",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(options); i++) {
        run("rm -f img && mformat -C -i img %s", options[i]);
        run("mcopy -s -i img src/* ::");
        expect_same("img", 512);
    }
}

/* Sectors of the disk are larger or smaller than those of the file system on it. */
static void other_sectors_than_the_disk(void **state)
{
    (void)state;
    run("rm -f img && mkfs.fat -C -F 16 -s 1 img 8192 > mkfs.log && mcopy -s -i img src/* ::");
    expect_same("img", 4096);
    run("rm -f img && mkfs.fat -C -F 16 -s 1 -S 4096 img 32768 > mkfs.log && mcopy -s -i img src/* "
        "::");
    expect_same("img", 512);
}

/* A large file in the gaps that deleted files left, with no other room on the volume. */
static void fragmented_file(void **state)
{
    static const struct {
        unsigned bits, kib, filler;
    } shapes[] = {{16, 8192, 4000000}, {32, 40960, 37000000}};

    (void)state;
    run("mkdir gaps && for n in $(seq 100 299); do seq $n 9999 | head -c 20000 > gaps/$n; done");
    run("seq 1 1000000 | head -c 1900000 > large.bin");
    for (size_t i = 0; i < ARRAY_LENGTH(shapes); i++) {
        run("rm -f img && mkfs.fat -C -F %u -s 1 img %u > mkfs.log && mmd -i img ::gaps && "
            "mcopy -i img gaps/* ::gaps && seq 9000000 | head -c %u | mcopy -i img - ::filler && "
            "mdel -i img '::gaps/*[02468]' && mcopy -i img large.bin ::",
            shapes[i].bits, shapes[i].kib, shapes[i].filler);
        expect_same("img", 512);
    }
}

#define FRAGMENTS 16385

/* Every second cluster, a third of them backwards. */
static void many_fragments(void **state)
{
    struct image image = image_begin(32, 70000, 1);
    uint32_t first = 0, last = 0;
    FILE *file = fopen("img", "wb");

    (void)state;
    for (uint32_t i = 0; i < FRAGMENTS; i++) {
        uint32_t cluster = 4 + 2 * (i % 3 ? i : FRAGMENTS / 3 * 3 - i);
        if (i)
            image_set(&image, last, cluster);
        else
            first = cluster;
        last = cluster;
    }
    image_set(&image, last, image_end_mark(&image));
    image_fill(&image, 3, 2 * FRAGMENTS);
    image_add(&image, "FILE    BIN", first, FRAGMENTS * 512 - 3);
    assert_int_equal(fwrite(image.bytes, 1, image.size, file), image.size);
    fclose(file);
    image_end(&image);
    expect_same("img", 512);
}

static void paths(void **state)
{
    static const struct {
        const char *path;
        enum err err;
        const char *message;
    } tried[] = {
        {"/efi/boot/bootx64.efi", OK, ""},
        {"\\EFI\\Boot\\BOOTX64.efi", OK, ""},
        {"//EFI///BOOT/BOOTX64.EFI", OK, ""},
        {"a directory WITH a long name", ERR_FORMAT, "is a directory"},
        {"/", ERR_FORMAT, "/ is a directory"},
        {"/EFI/BOOT/BOOTX64.EF", ERR_NOT_FOUND, "there is no BOOTX64.EF in directory BOOT"},
        {"/EFI/BOOT/BOOTX64.EFI2", ERR_NOT_FOUND, "there is no BOOTX64.EFI2 in directory BOOT"},
        {"/EFX/BOOT/x", ERR_NOT_FOUND, "/EFX/BOOT/x: there is no EFX in directory /"},
        {"/EFI/BOOT/BOOTX64.EFI/x", ERR_FORMAT, "BOOTX64.EFI is a file, not a directory"},
        {"/EFI/../EFI/./BOOT/BOOTX64.EFI", OK, ""},
        {"/absent/or/not/../../../EFI\\BOOT/..\\boot/bootx64.efi/.", OK, ""},
        {"/../EFI/BOOT/BOOTX64.EFI", ERR_NOT_FOUND, "/../EFI/BOOT/BOOTX64.EFI: leads above"},
        {"EFI/../../x", ERR_NOT_FOUND, "EFI/../../x: leads above the root directory"},
        {"/EFI./BOOT. ./BOOTX64.EFI..", OK, ""},
        {"/EFI/BOOT/...", ERR_NOT_FOUND, "there is no ... in directory BOOT"},
        {"/THIRTE~1", OK, ""},
        {"/adirec~1", ERR_FORMAT, "is a directory"},
        {"/GRüßE AN ☃ UND 東京.TXT", OK, ""},
    };
    struct volume_under_test v;
    struct file file;

    (void)state;
    run("rm -f img && mkfs.fat -C -F 16 -s 1 img 8192 > mkfs.log && mcopy -s -i img src/* ::");
    mount(&v, "img", 512);
    for (size_t i = 0; i < ARRAY_LENGTH(tried); i++) {
        assert_int_equal(fs_open(&v.fs, tried[i].path, &file), tried[i].err);
        if (tried[i].err != OK && !strstr(err_message(), tried[i].message))
            fail_msg("\"%s\" is not in \"%s\"", tried[i].message, err_message());
    }
    fake_end();
}

static int begin(void **state)
{
    int status = scratch_begin(state);

    if (status == 0)
        run("%s", make_tree);
    return status;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mkfs_shapes),
        cmocka_unit_test(mformat_shapes),
        cmocka_unit_test(other_sectors_than_the_disk),
        cmocka_unit_test(fragmented_file),
        cmocka_unit_test(many_fragments),
        cmocka_unit_test(paths),
    };

    return cmocka_run_group_tests(tests, begin, scratch_end);
}
