/* ext4 volumes that are damaged in one place, or have what Lintel does not read. */
#include "test/unit/volume_under_test.h"

#define SUPER 1024

static uint8_t image[8 * MIB];
static struct volume_under_test v;

static void begin_damage(void)
{
    FILE *file = fopen("img", "rb");

    assert_non_null(file);
    assert_int_equal(fread(image, 1, sizeof image, file), sizeof image);
    fclose(file);
}

static enum err try_file(const char *path)
{
    static uint8_t contents[MIB];
    struct facts *facts = fake_begin(0);
    struct file file;
    enum err err;

    fake_disk_in_memory(image, sizeof image, 512);
    arena_begin(&v.arena, fake_firmware.allocate);
    v.volume = (struct volume){
        .firmware = &fake_firmware,
        .disk = &facts->disks[0],
        .sectors = facts->disks[0].sectors,
    };
    err = fs_mount(&v.volume, &v.arena, &v.fs);
    if (err == OK)
        err = fs_open(&v.fs, path, &file);
    if (err == OK)
        err = reader_read(&file.reader, 0, MIN(file.reader.bytes, sizeof contents), contents);
    fake_end();
    return err;
}

/* Where mke2fs has put the inode, in bytes. */
static uint32_t inode_at(const char *path)
{
    unsigned block, offset;
    char command[200];

    snprintf(command, sizeof command,
             "debugfs -R 'imap %s' img 2> /dev/null | sed -n 's/.*block \\([0-9]*\\), offset "
             "\\(.*\\)/\\1 \\2/p'",
             path);
    FILE *pipe = popen(command, "r");
    assert_int_equal(fscanf(pipe, "%u 0x%x", &block, &offset), 2);
    pclose(pipe);
    return block * 1024 + offset;
}

static void broken_fields(void **state)
{
    uint32_t file = inode_at("/file"), root = inode_at("/");
    const struct {
        uint32_t at, bytes;
        uint32_t value;
        enum err err;
        const char *message;
    } rows[] = {
        {SUPER + 56, 2, 0, ERR_NOT_FOUND, "no file system that Lintel reads"},
        {SUPER + 24, 4, 7, ERR_NOT_FOUND, "no file system that Lintel reads"},
        {SUPER + 96, 4, 0x43, ERR_UNSUPPORTED, "incompatible feature (compression, 1h)"},
        {SUPER + 96, 4, 0x4a, ERR_UNSUPPORTED, "incompatible feature (journal_dev, 8h)"},
        {SUPER + 96, 4, 0x1042, ERR_UNSUPPORTED, "incompatible feature (dirdata, 1000h)"},
        {SUPER + 96, 4, 0x80000042, ERR_UNSUPPORTED, "feature (unknown, 80000000h)"},
        {SUPER + 40, 4, 0, ERR_FORMAT, "damaged ext4 superblock"},
        {SUPER + 32, 4, 0, ERR_FORMAT, "damaged ext4 superblock"},
        {SUPER + 88, 2, 100, ERR_FORMAT, "damaged ext4 superblock"},
        {SUPER + 88, 2, 2048, ERR_FORMAT, "damaged ext4 superblock"},
        {SUPER + 4, 4, 3, ERR_FORMAT, "is to be read, of 3"},
        {SUPER, 4, 1, ERR_FORMAT, "inode 2 is to be read, of 1"},
        {root, 2, 0x8000, ERR_FORMAT, "no directory of up to 64 MiB"},
        {root + 4, 4, 0x7fffffff, ERR_FORMAT, "no directory of up to 64 MiB"},
        {root + 40, 2, 0, ERR_FORMAT, "an extent node of magic 0000h"},
        {root + 42, 2, 5, ERR_FORMAT, "with 5 entries"},
        {root + 46, 2, 6, ERR_FORMAT, "depth 6"},
        {root + 46, 2, 1, ERR_FORMAT, "is to be read, of 8192"},
        {root + 60, 4, 1 << 20, ERR_FORMAT, "block 1048576 is to be read, of 8192"},
        {root + 56, 2, 0, ERR_FORMAT, "an entry of 65536 bytes where 1024 are left"},
        {file + 4, 4, 0x10000000, OK, ""}, /* the rest is a hole */
        {file + 60, 4, 1 << 20, ERR_FORMAT, "/file: block 1048576 is to be read"},
        {file + 32, 4, 0, ERR_FORMAT, "/file: block"},
        {file + 32, 4, 0x10000000, ERR_FORMAT, "/file: a file of 100000 bytes in an inode"},
        {file, 2, 0xa000, ERR_UNSUPPORTED, "/file: a symbolic link"},
    };

    (void)state;
    begin_damage();
    assert_int_equal(try_file("/file"), OK);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        begin_damage();
        store_bytes(image + rows[i].at, rows[i].value, rows[i].bytes);
        enum err err = try_file("/file");
        if (err != rows[i].err || (err != OK && !strstr(err_message(), rows[i].message)))
            fail_msg("row %zu: %u, \"%s\" is not in \"%s\"", i, err, rows[i].message,
                     err_message());
    }
}

/* Indirect blocks that lead to themselves: as much is read as was asked for. */
static void looped_map(void **state)
{
    uint32_t file = inode_at("/file"), block;

    (void)state;
    begin_damage();
    block = load32(image + file + 60);
    store_bytes(image + file + 32, 0, 4);
    store_bytes(image + file + 108, 1, 4); /* over 4 GiB */
    for (uint32_t i = 0; i < 15; i++)
        store_bytes(image + file + 40 + 4 * i, block, 4);
    for (uint32_t i = 0; i < 256; i++)
        store_bytes(image + block * 1024 + 4 * i, block, 4);
    assert_int_equal(try_file("/file"), OK);
}

static int begin(void **state)
{
    int status = scratch_begin(state);

    if (status == 0)
        run("mkdir tree && seq 1 100000 | head -c 100000 > tree/file && mke2fs -q -F -t ext4 -b "
            "1024 -O ^64bit,^metadata_csum,^has_journal,^flex_bg -d tree img 8M > mke2fs.log 2>&1");
    return status;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_fields),
        cmocka_unit_test(looped_map),
    };

    return cmocka_run_group_tests(tests, begin, scratch_end);
}
