/* FAT volumes made by mkfs.fat and mtools in many shapes, compared byte for byte with what mtools
 * reads from them. */
#include "fake_firmware.h"
#include "fat_image.h"
#include "scratch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <cmocka.h>

/* Every name and size that matters; contents differ from file to file. */
static const char make_tree[] =
    "mkdir -p src/EFI/BOOT src/loader/entries src/many 'src/A directory with a long name'"
    " src/d/e/e/p/e/r/t/h/a/n/t/h/e/r/e/s/t &&"
    "for n in 0 1 31 511 512 513 4095 4096 4097 65535 65536 65537 200000; do"
    "  seq $n 1000000 | head -c $n > src/size$n.bin; done &&"
    "for n in $(seq 1 120); do echo file $n > \"src/many/a file with a longer name $n.conf\"; done "
    "&&"
    "echo app > src/EFI/BOOT/BOOTX64.EFI && echo conf > src/loader/loader.conf &&"
    "echo entry > src/loader/entries/6.1.0-18-amd64.conf &&"
    "echo thirteen > src/thirteenchars && echo unicode > 'src/Grüße an ☃ und 東京.txt' &&"
    "echo long > \"src/$(seq -s ' ' 1 80 | head -c 220)\" &&"
    "echo deep > src/d/e/e/p/e/r/t/h/a/n/t/h/e/r/e/s/t/file";

struct volume_under_test {
    struct arena arena;
    struct volume volume;
    struct fs fs;
};

static void mount(struct volume_under_test *v, const char *path, uint32_t sector_bytes)
{
    struct facts *facts = fake_begin(0);

    fake_disk_in_file(path, sector_bytes);
    arena_begin(&v->arena, fake_firmware.allocate);
    v->volume = (struct volume){
        .firmware = &fake_firmware,
        .disk = &facts->disks[0],
        .sectors = facts->disks[0].sectors,
    };
    if (fs_mount(&v->volume, &v->arena, &v->fs) != OK)
        fail_msg("%s: %s", path, err_message());
}

/* Reads a file in pieces of odd sizes. */
static void read_in_pieces(const struct file *file, uint8_t *to)
{
    uint64_t offset = 0, piece = 1;

    while (offset < file->source.bytes) {
        piece = MIN(piece * 3 + 1, file->source.bytes - offset);
        assert_int_equal(source_read(&file->source, offset, piece, to + offset), OK);
        offset += piece;
    }
}

static uint8_t *read_host(const char *path, uint64_t *bytes)
{
    FILE *file = fopen(path, "rb");
    struct stat stat;
    uint8_t *contents;

    if (!file || fstat(fileno(file), &stat))
        fail_msg("mtools finds no %s", path);
    *bytes = (uint64_t)stat.st_size;
    contents = malloc(*bytes + 1);
    assert_int_equal(fread(contents, 1, *bytes, file), *bytes);
    fclose(file);
    return contents;
}

static void expect_same_file(const struct fs *fs, const char *path, const char *host_path)
{
    struct file file;
    uint64_t bytes;
    uint8_t *expected = read_host(host_path, &bytes), *contents;

    if (fs_open(fs, path, &file) != OK)
        fail_msg("%s", err_message());
    assert_int_equal(file.source.bytes, bytes);
    contents = malloc(bytes + 1);
    assert_int_equal(source_read(&file.source, 0, bytes, contents), OK);
    assert_memory_equal(contents, expected, bytes);
    memset(contents, 0, bytes);
    read_in_pieces(&file, contents);
    assert_memory_equal(contents, expected, bytes);
    free(contents);
    free(expected);
}

struct walk {
    const struct fs *fs;
    char path[2048];
    unsigned entries;
};

/* Opens files and lists directories from within the listing. */
static bool compare_entry(void *context, const struct fs_entry *entry)
{
    struct walk *walk = context;
    size_t length = strlen(walk->path);
    char host_path[2100];

    snprintf(walk->path + length, sizeof walk->path - length, "/%s", entry->name);
    snprintf(host_path, sizeof host_path, "out%s", walk->path);
    walk->entries++;
    if (entry->directory)
        assert_int_equal(fs_list(walk->fs, walk->path, compare_entry, walk), OK);
    else
        expect_same_file(walk->fs, walk->path, host_path);
    walk->path[length] = 0;
    return true;
}

static unsigned count_lines(const char *command)
{
    FILE *pipe = popen(command, "r");
    unsigned lines = 0;

    for (int c; (c = fgetc(pipe)) != EOF;)
        lines += c == '\n';
    pclose(pipe);
    return lines;
}

/* Compares a volume with what mtools copies out of it. */
static void expect_same(const char *path, uint32_t sector_bytes)
{
    struct volume_under_test v;
    struct walk walk = {.fs = &v.fs};

    run("rm -rf out && mkdir out && mcopy -s -n -i %s '::*' out", path);
    mount(&v, path, sector_bytes);
    if (fs_list(&v.fs, "/", compare_entry, &walk) != OK)
        fail_msg("%s: %s", path, err_message());
    assert_int_equal(walk.entries, count_lines("find out -mindepth 1"));
    assert_true(walk.entries > 0);
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
        {"a directory WITH a long name", ERR_NOT_FOUND, "is a directory"},
        {"/", ERR_NOT_FOUND, "/ is a directory"},
        {"/EFI/BOOT/BOOTX64.EF", ERR_NOT_FOUND, "there is no BOOTX64.EF in directory BOOT"},
        {"/EFI/BOOT/BOOTX64.EFI2", ERR_NOT_FOUND, "there is no BOOTX64.EFI2 in directory BOOT"},
        {"/EFX/BOOT/x", ERR_NOT_FOUND, "/EFX/BOOT/x: there is no EFX in directory /"},
        {"/EFI/BOOT/BOOTX64.EFI/x", ERR_NOT_FOUND, "BOOTX64.EFI is a file, not a directory"},
        {"/EFI/../EFI/BOOT/BOOTX64.EFI", ERR_NOT_FOUND, "there is no .. in directory EFI"},
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
