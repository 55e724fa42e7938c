/* ext2, ext3 and ext4 volumes made by mke2fs and debugfs in many shapes, compared byte for byte
 * with what debugfs reads from them. */
#include "test/unit/volume_under_test.h"

static void expect_tree(const char *path, uint32_t sector_bytes, const char *tree)
{
    struct volume_under_test v;

    run("debugfs -w -R 'rmdir lost+found' %s > debugfs.log 2>&1", path);
    mount(&v, path, sector_bytes);
    assert_string_equal(v.fs.driver->name, "ext4");
    assert_null(v.fs.doubt);
    expect_same_tree(&v.fs, tree);
    fake_end();
}

/* What debugfs says is there is what must be. */
static void expect_same(const char *path, uint32_t sector_bytes)
{
    run("rm -rf out && mkdir out && debugfs -R 'rdump / out' %s > debugfs.log 2>&1", path);
    run("rm -rf out/lost+found");
    expect_tree(path, sector_bytes, "out");
}

static void make_image(const char *options, const char *size)
{
    run("rm -f img && mke2fs -q -F %s -d src img %s > mke2fs.log 2>&1", options, size);
}

static void mke2fs_shapes(void **state)
{
    static const struct {
        const char *options, *size;
    } shapes[] = {
        {"-t ext2", "16M"},
        {"-t ext2 -r 0", "16M"},
        {"-t ext2 -b 1024 -I 128", "40M"},
        {"-t ext2 -b 2048 -O ^filetype", "16M"},
        {"-t ext2 -b 4096 -O ^sparse_super,^resize_inode", "900M"},
        {"-t ext3", "32M"},
        {"-t ext3 -b 4096 -J size=16", "200M"},
        {"-t ext4", "32M"},
        {"-t ext4 -b 1024", "64M"},
        {"-t ext4 -b 2048 -O ^64bit,^metadata_csum", "64M"},
        {"-t ext4 -b 4096 -O 64bit,metadata_csum_seed", "64M"},
        {"-t ext4 -b 8192", "128M"},
        {"-t ext4 -b 65536", "1G"},
        {"-t ext4 -O inline_data -I 256", "32M"},
        {"-t ext4 -O inline_data -I 1024", "32M"},
        {"-t ext4 -O meta_bg,^resize_inode -b 1024", "300M"},
        {"-t ext4 -O meta_bg,^resize_inode,^64bit -b 1024 -g 256 -G 1", "300M"},
        {"-t ext4 -O meta_bg,^resize_inode,sparse_super2 -b 1024 -g 256", "100M"},
        {"-t ext4 -O bigalloc -C 16384", "64M"},
        {"-t ext4 -O bigalloc -b 1024 -C 8192", "64M"},
        {"-t ext4 -O bigalloc,meta_bg,^resize_inode -b 1024 -C 8192", "64M"},
        {"-t ext4 -O large_dir,ea_inode,mmp,quota,casefold,encrypt,verity", "64M"},
        {"-t ext4 -O ^has_journal,^extent,^flex_bg,^64bit", "64M"},
        {"-t ext4 -O fast_commit,orphan_file", "64M"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(shapes); i++) {
        make_image(shapes[i].options, shapes[i].size);
        /* debugfs 1.47.0 dumps at least 60 bytes of a file that lies in its inode. */
        if (!strstr(shapes[i].options, "inline_data"))
            expect_same("img", i % 2 ? 512 : 4096);
        expect_tree("img", i % 2 ? 512 : 4096, "src");
    }
}

/* A file of blocks that lie apart, in an extent tree of several levels or behind indirect blocks of
 * every kind; one block in two was never written. */
static void fragmented_files(void **state)
{
    static const char *const options[] = {"-t ext4 -b 1024", "-t ext2 -b 1024", "-t ext2 -b 2048"};

    (void)state;
    run("seq 1 9000000 | head -c 3000000 > whole; for n in $(seq 0 2 2900); do echo \"$n $n\"; done"
        " > numbers");
    run("seq 1 9000000 | python3 -c 'import sys; data = sys.stdin.buffer.read(40000000)\n"
        "with open(\"sparse\", \"wb\") as to:\n"
        "  for at in range(0, len(data), 8192): to.seek(3 * at); to.write(data[at:at + 1024])\n"
        "  to.seek(300000000); to.write(b\"end\")'");
    for (size_t i = 0; i < ARRAY_LENGTH(options); i++) {
        run("rm -f img && mke2fs -q -F %s img 100M", options[i]);
        run("debugfs -w -R 'write sparse sparse' img > debugfs.log 2>&1");
        run("debugfs -w -R 'write whole whole' img > debugfs.log 2>&1");
        expect_same("img", 512);
    }
}

static void large_directories(void **state)
{
    static const char *const options[] = {"-t ext4 -b 1024 -N 9000", "-t ext4 -N 9000",
                                          "-t ext2 -r 0 -b 1024 -N 9000",
                                          "-t ext4 -O inline_data -N 9000"};

    (void)state;
    run("mkdir large large/d && for n in $(seq 1 5000); do echo $n; done > numbers && cd large/d "
        "&& "
        "xargs touch < ../../numbers && echo last > last");
    for (size_t i = 0; i < ARRAY_LENGTH(options); i++) {
        run("rm -f img && mke2fs -q -F %s -d large img 32M > mke2fs.log 2>&1", options[i]);
        run("e2fsck -fyD img > e2fsck.log 2>&1 || test $? = 1");
        expect_tree("img", 512, "large");
    }
}

/* What is no file of bytes is refused, and by name. */
static void refused_files(void **state)
{
    static const struct {
        const char *path, *message;
    } refused[] = {
        {"/link", "/link: a symbolic link, which Lintel does not follow"},
        {"/loader/pipe", "/loader/pipe: not a file (mode 1"},
        {"/loader/secret", "/loader/secret: encrypted"},
        {"/d", "/d is a directory"},
    };
    struct volume_under_test v;
    struct file file;

    (void)state;
    make_image("-t ext4 -O encrypt", "32M");
    run("printf 'symlink link loader\\ncd loader\\nmknod pipe p\\nwrite numbers secret\\n"
        "sif secret flags 0x80800\\n' > commands && debugfs -w -f commands img > debugfs.log 2>&1");
    mount(&v, "img", 512);
    for (size_t i = 0; i < ARRAY_LENGTH(refused); i++) {
        assert_int_not_equal(fs_open(&v.fs, refused[i].path, &file), OK);
        if (!strstr(err_message(), refused[i].message))
            fail_msg("\"%s\" is not in \"%s\"", refused[i].message, err_message());
    }
    fake_end();
}

static void names(void **state)
{
    struct volume_under_test v;
    struct fs_identity identity;

    (void)state;
    make_image("-t ext4 -L 'Sixteen letters!' -U 01234567-89ab-cdef-0123-456789abcdef", "32M");
    mount(&v, "img", 512);
    assert_int_equal(fs_identify(&v.fs, &identity), OK);
    assert_string_equal(identity.label, "Sixteen letters!");
    assert_string_equal(identity.uuid, "01234567-89ab-cdef-0123-456789abcdef");
    fake_end();
}

/* Of a file in one piece, all that is asked for at once (reader.c: 8 MiB) is one request; its last
 * sector is another. */
static void whole_runs(void **state)
{
    struct volume_under_test v;
    struct file file;
    uint64_t bytes, before;
    uint8_t *read, *expected;

    (void)state;
    run("rm -rf large && mkdir large && seq 1 9000000 | head -c 30000000 > large/vmlinuz");
    run("rm -f img && mke2fs -q -F -t ext4 -d large img "
        "64M");
    mount(&v, "img", 512);
    assert_int_equal(fs_open(&v.fs, "/vmlinuz", &file), OK);
    expected = read_host("large/vmlinuz", &bytes);
    read = malloc(bytes);
    before = fake_reads(0);
    assert_int_equal(reader_read(&file.reader, 0, bytes, read), OK);
    assert_int_equal(fake_reads(0) - before, bytes / (8 * MIB) + 2);
    assert_memory_equal(read, expected, bytes);
    free(read);
    free(expected);
    fake_end();
}

/* Two names that differ in case are two files. */
static void letter_case(void **state)
{
    struct volume_under_test v;

    (void)state;
    run("rm -rf case && mkdir case && cd case && echo small > vmlinuz && echo large > VMLINUZ && "
        "echo mixed > VmLinuz");
    run("rm -f img && mke2fs -q -F -t ext4 -d case img 8M");
    mount(&v, "img", 512);
    expect_same_file(&v.fs, "/vmlinuz", "case/vmlinuz");
    expect_same_file(&v.fs, "/VMLINUZ", "case/VMLINUZ");
    expect_same_file(&v.fs, "/VmLinuz", "case/VmLinuz");
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
        cmocka_unit_test(mke2fs_shapes),
        cmocka_unit_test(fragmented_files),
        cmocka_unit_test(large_directories),
        cmocka_unit_test(refused_files),
        cmocka_unit_test(names),
        cmocka_unit_test(whole_runs),
        cmocka_unit_test(letter_case),
    };

    return cmocka_run_group_tests(tests, begin, scratch_end);
}
