/* ISO 9660 volumes that are damaged in one place. */
#include "test/unit/iso_volume.h"

#define PRIMARY (IMAGE_PRIMARY * 2048)
#define ROOT    (IMAGE_ROOT * 2048)
#define SUB     (IMAGE_SUB * 2048)
#define FILE_AT (ROOT + 68)
#define LAST_AT (FILE_AT + 44)

/* A root directory with /FILE.BIN and /SUB in it, and in that /SUB/X. */
static void begin_damage(void)
{
    image_begin(2048, false, 0);
    image_add(IMAGE_ROOT, "FILE.BIN;1", 40, 5000, 0);
    image_add(IMAGE_ROOT, "SUB", IMAGE_SUB, 4096, 2);
    image_directory(IMAGE_SUB);
    image_add(IMAGE_SUB, "X", 45, 300, 0);
}

enum kind { BYTE, BOTH16, BOTH32 }; /* in both byte orders, with 16 or 32 bits */

static void store_field(uint8_t *to, enum kind kind, uint32_t value)
{
    if (kind == BYTE)
        *to = (uint8_t)value;
    else if (kind == BOTH16)
        store_both16(to, value);
    else
        store_both(to, value);
}

static void broken_fields(void **state)
{
    static const struct {
        uint32_t at;
        enum kind kind;
        uint32_t value;
        const char *path;
        enum err err;
        const char *message;
    } fields[] = {
        {PRIMARY + 1, BYTE, 'c', "/", ERR_NOT_FOUND, "no file system that Lintel reads"},
        {PRIMARY, BYTE, 2, "/", ERR_NOT_FOUND, "no file system that Lintel reads"},
        {PRIMARY, BYTE, 0xff, "/", ERR_NOT_FOUND, "no file system that Lintel reads"},
        {PRIMARY + 130, BYTE, 4, "/", ERR_FORMAT, "is 2048 in one byte order and 1024"},
        {PRIMARY + 128, BOTH16, 4096, "/", ERR_FORMAT, "block size is 4096"},
        {PRIMARY + 128, BOTH16, 256, "/", ERR_FORMAT, "block size is 256"},
        {PRIMARY + 128, BOTH16, 768, "/", ERR_FORMAT, "block size is 768"},
        {PRIMARY + 128, BOTH16, 0, "/", ERR_FORMAT, "block size is 0"},
        {PRIMARY + 80, BYTE, 1, "/", ERR_FORMAT, "its size in blocks is 1 in one byte order"},
        {PRIMARY + 80, BOTH32, 0, "/", ERR_FORMAT, "behind the volume's end at 0"},
        {PRIMARY + 80, BOTH32, 21, "/", ERR_FORMAT, "behind the volume's end at 43008"},
        /* The path table is not looked at: the directories say the same. */
        {PRIMARY + 132, BOTH32, UINT32_MAX, "/sub/x", OK, ""},
        {PRIMARY + 140, BOTH32, UINT32_MAX, "/sub/x", OK, ""},
        {PRIMARY + 156, BYTE, 33, "/", ERR_FORMAT, "record of 33 bytes does not fit"},
        {PRIMARY + 156, BYTE, 35, "/", ERR_FORMAT, "record of 35 bytes does not fit the 34"},
        {PRIMARY + 158, BYTE, 1, "/", ERR_FORMAT, "a file's place is 1 in one byte order, but 20"},
        {PRIMARY + 158, BOTH32, UINT32_MAX, "/", ERR_FORMAT, "end at 131072"},
        {PRIMARY + 158, BOTH32, 22, "/x", OK, ""}, /* another directory */
        {PRIMARY + 158, BOTH32, 40, "/", ERR_FORMAT, "137 bytes has a name of 139"},
        {ROOT, BYTE, 0, "/", ERR_FORMAT, "/: no directory begins at offset 40960"},
        {ROOT + 2, BOTH32, 1, "/", ERR_FORMAT, "no directory begins"},
        {ROOT + 25, BYTE, 0, "/", ERR_FORMAT, "no directory begins"},
        {ROOT + 33, BYTE, 1, "/", ERR_FORMAT, "no directory begins"},
        {ROOT + 10, BOTH32, 131072, "/", ERR_FORMAT, "lie behind the volume's end"},
        {ROOT + 10, BOTH32, 33554432, "/", ERR_FORMAT, "a directory of 33554432 bytes"},
        {ROOT + 10, BOTH32, 68, "/sub/x", ERR_NOT_FOUND, "there is no sub"},
        {ROOT + 10, BOTH32, 69, "/sub/x", ERR_FORMAT, "44 bytes does not fit the 1"},
        {FILE_AT, BYTE, 33, "/sub/x", ERR_FORMAT, "/: a directory record of 33 bytes does not fit"},
        {FILE_AT, BYTE, 34, "/sub/x", ERR_FORMAT,
         "a directory record of 34 bytes has a name of 10"},
        {FILE_AT, BYTE, 46, "/sub/x", ERR_FORMAT, "record of 22 bytes does not fit"},
        {FILE_AT + 32, BYTE, 0, "/sub/x", ERR_FORMAT, "44 bytes has a name of 0"},
        {FILE_AT + 32, BYTE, 12, "/sub/x", ERR_FORMAT, "44 bytes has a name of 12"},
        {FILE_AT + 2, BYTE, 0, "/sub/x", ERR_FORMAT, "/: a file's place is 0 in one byte order"},
        {FILE_AT + 10, BYTE, 0, "/sub/x", ERR_FORMAT, "/: a file's size is 4864 in one byte order"},
        {FILE_AT + 2, BOTH32, 64, "/file.bin", ERR_FORMAT, "its 5000 bytes at off"},
        {FILE_AT + 2, BOTH32, 62, "/file.bin", ERR_FORMAT, "at offset 126976 lie"},
        {FILE_AT + 10, BOTH32, UINT32_MAX, "/file.bin", ERR_FORMAT, "4294967295"},
        {FILE_AT + 1, BYTE, 0xff, "/file.bin", ERR_FORMAT, "at offset 604160 lie behind"},
        {FILE_AT + 25, BYTE, 2, "/file.bin", ERR_FORMAT, "is a directory"},
        {FILE_AT + 25, BYTE, 2, "/file.bin/x", ERR_FORMAT, "FILE.BIN: "},
        {FILE_AT + 25, BYTE, 0x80, "/sub/x", ERR_FORMAT, "the last extent of FILE.BIN is missing"},
        {FILE_AT + 26, BYTE, 1, "/file.bin", ERR_UNSUPPORTED, "interleaved"},
        {FILE_AT + 27, BYTE, 1, "/file.bin", ERR_UNSUPPORTED, "interleaved"},
        {LAST_AT + 25, BYTE, 0x82, "/x", ERR_FORMAT, "the last extent of SUB is missing"},
        {LAST_AT + 25, BYTE, 0, "/sub/x", ERR_FORMAT, "SUB is a file"},
        {LAST_AT + 2, BOTH32, 20, "/sub/sub/sub/x", ERR_NOT_FOUND, "there is no x"},
        {LAST_AT + 2, BOTH32, 44, "/sub/x", ERR_FORMAT, "SUB: "},
        {SUB, BYTE, 0, "/sub/x", ERR_FORMAT, "SUB: no directory begins at offset 45056"},
    };

    (void)state;
    begin_damage();
    expect_file("/sub/x", 45, 300);
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        begin_damage();
        store_field(image.bytes + fields[i].at, fields[i].kind, fields[i].value);
        expect(fields[i].path, fields[i].err, fields[i].message);
    }
}

static void broken_entries(void **state)
{
    uint8_t *continuation = (uint8_t *)(uintptr_t)image_continuation(IMAGE_CONTINUATION, 0, 50);
    const struct {
        const char *signature;
        uint32_t at; /* in the entry; its byte there becomes `value` */
        uint8_t value;
        const char *message;
    } entries[] = {
        {"NM", 2, 3, "/: a System Use entry of 3 bytes does not fit"},
        {"NM", 2, 29, "/: a System Use entry of 29 bytes does not fit the 28"},
        {"CE", 2, 27, "/: an entry CE of 27 bytes, which has 28"},
        {"CE", 4, 0, "a continuation area's block is 0 in one byte order, but 28 in the other"},
        {"CE", 12, 1, "a continuation area's offset is 1 in one byte order, but 0 in the other"},
        {"CE", 20, 0, "a continuation area's size is 0 in one byte order, but 50 in the other"},
        {"CL", 2, 11, "/: an entry CL of 11 bytes, which has 12"},
        {"CL", 4, 0, "a relocated directory's place is 0 in one byte order, but 28 in the other"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(entries); i++) {
        image_begin(2048, true, 0);
        uint8_t *record = image_add(IMAGE_ROOT, "F;1", 40, 10, 0);
        image_use(record, entries[i].signature, continuation, 24)[entries[i].at] = entries[i].value;
        expect("/f", ERR_FORMAT, entries[i].message);
    }
}

static void broken_continuations(void **state)
{
    static const struct {
        uint32_t sector, offset, bytes;
        const char *message;
    } areas[] = {
        {60000, 0, 50, "/: its 2048 bytes at offset 122880000 lie behind the volume's end"},
        {IMAGE_CONTINUATION, 2000, 49, "area of 49 bytes at offset 2000 of block 28 leaves that"},
        {IMAGE_CONTINUATION, UINT32_MAX, 1, "area of 1 bytes at offset 4294967295 of block 28"},
        {IMAGE_CONTINUATION, 0, UINT32_MAX, "area of 4294967295 bytes at offset 0 of block 28"},
        {IMAGE_CONTINUATION, 0, 28, "/: over 32 continuation areas for one file, the last one in"},
        {IMAGE_DATA, 0, 50, "System Use entry"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(areas); i++) {
        const uint8_t *data;
        image_begin(2048, true, 0);
        data = image_continuation(areas[i].sector, areas[i].offset, areas[i].bytes);
        image_use(image_add(IMAGE_ROOT, "F;1", 40, 10, 0), "CE", data, 24);
        data = image_continuation(IMAGE_CONTINUATION, 0, 28);
        image_entry(image_sector(IMAGE_CONTINUATION), "CE", data, 24);
        expect("/f", ERR_FORMAT, areas[i].message);
    }
}

/* Writes a name as entries of 250 bytes, and has a file continue there. */
static void add_long_name(uint32_t bytes)
{
    uint8_t *begin = image_sector(IMAGE_CONTINUATION), *to = begin;
    uint8_t data[251];
    uint32_t part;

    memset(data, 'n', sizeof data);
    for (; bytes; bytes -= part) {
        part = MIN(bytes, 250);
        data[0] = bytes > part; /* to be continued */
        to = image_entry(to, "NM", data, part + 1);
    }
    image_use(image_add(IMAGE_ROOT, "F;1", 40, 10, 0), "CE",
              image_continuation(IMAGE_CONTINUATION, 0, (uint32_t)(to - begin)), 24);
}

static void long_names(void **state)
{
    char path[FS_NAME_BYTES + 1] = "/";

    (void)state;
    memset(path + 1, 'n', FS_NAME_BYTES - 1);
    image_begin(2048, true, 0);
    add_long_name(FS_NAME_BYTES - 1);
    expect(path, OK, "");
    image_begin(2048, true, 0);
    add_long_name(FS_NAME_BYTES);
    expect(path, ERR_FORMAT, "/: a file name in it has more than 767 bytes");
}

static void broken_relocation(void **state)
{
    uint8_t *link;

    (void)state;
    link = image_begin_relocated();
    store_both(link + 38 + 4, 60000);
    expect("/deep/file", ERR_FORMAT, "DEEP: its 34 bytes at offset 122880000 lie behind the");
    store_both(link + 38 + 4, IMAGE_CONTINUATION);
    expect("/deep/file", ERR_FORMAT, "DEEP: no directory begins at offset 57344");
    store_both(link + 38 + 4, IMAGE_ROOT); /* a loop, which only a path can follow */
    expect("/deep/deep/deep/deep/x", ERR_NOT_FOUND, "there is no x in directory DEEP");
}

static bool keep_entry(void *context, const struct fs_entry *entry)
{
    *(struct fs_entry *)context = *entry;
    return false;
}

/* A disc that is changed between the listing of a directory and the opening of a file. */
static void changed_medium(void **state)
{
    struct fs_entry entry;
    struct file file = {.reader = {.name = "/file.bin"}, .fs = &fs};

    (void)state;
    begin_damage();
    assert_int_equal(mount(), OK);
    assert_int_equal(fs_list(&fs, "/", keep_entry, &entry), OK);
    assert_int_equal(fs.driver->open(&fs, &entry, &file), OK);
    store_both(image.bytes + FILE_AT + 10, 4999);
    assert_int_equal(fs.driver->open(&fs, &entry, &file), ERR_IO);
    expect_message("/file.bin: its directory has changed since it was listed");
    fake_end();
}

/* An image that was not copied to its end. */
static void cut_short(void **state)
{
    struct file file;

    (void)state;
    begin_damage();
    volume_number = 1;
    for (uint32_t sectors = 1; sectors < IMAGE_SECTORS; sectors++) {
        enum err err = mount_sectors(sectors);
        if (sectors <= IMAGE_PRIMARY)
            assert_int_equal(err, ERR_NOT_FOUND);
        else if (sectors < IMAGE_ROOT + 2)
            assert_int_equal(err, ERR_FORMAT);
        else
            assert_int_equal(fs_open(&fs, "/file.bin", &file), sectors < 43 ? ERR_FORMAT : OK);
        fake_end();
    }
    volume_number = 0;
}

/* Where a whole disk ends its firmware knows, and says so. */
static void disk_cut_short(void **state)
{
    static uint8_t contents[5000];
    struct file file;

    (void)state;
    begin_damage();
    for (uint32_t sectors = 1; sectors < IMAGE_SECTORS; sectors++) {
        enum err err = mount_sectors(sectors);
        if (err == OK)
            err = fs_open(&fs, "/file.bin", &file);
        if (err == OK)
            err = reader_read(&file.reader, 0, file.reader.bytes, contents);
        assert_int_equal(err, sectors < 43 ? ERR_IO : OK);
        if (err != OK)
            expect_message("is behind the last sector");
        fake_end();
    }
}

/* A size that is not true: all of it is there. */
static void disk_of_untrue_size(void **state)
{
    static const uint64_t told[] = {0, 1, 16, 20, UINT64_MAX};
    static uint8_t contents[5000];
    struct file file;

    (void)state;
    begin_damage();
    for (size_t i = 0; i < ARRAY_LENGTH(told); i++) {
        assert_int_equal(mount(), OK);
        ((struct disk *)(uintptr_t)volume.disk)->sectors = told[i];
        volume.sectors = told[i];
        assert_int_equal(fs_mount(&volume, &arena, &fs), OK);
        assert_int_equal(fs_open(&fs, "/file.bin", &file), OK);
        assert_int_equal(reader_read(&file.reader, 0, file.reader.bytes, contents), OK);
        fake_end();
    }
}

static void broken_sectors(void **state)
{
    static const uint32_t sectors[] = {IMAGE_PRIMARY,      IMAGE_PRIMARY + 1, IMAGE_ROOT,
                                       IMAGE_CONTINUATION, IMAGE_DATA,        IMAGE_DATA + 1};
    static uint8_t contents[3000];
    struct file file;

    (void)state;
    image_begin(2048, true, 0);
    image_entry(image_sector(IMAGE_CONTINUATION), "NM", "\0f", 2);
    image_use(image_add(IMAGE_ROOT, "X;1", IMAGE_DATA, sizeof contents, 0), "CE",
              image_continuation(IMAGE_CONTINUATION, 0, 6), 24);
    for (size_t i = 0; i < ARRAY_LENGTH(sectors); i++) {
        enum err err = mount();
        assert_int_equal(err, OK);
        fake_break_sectors(0, sectors[i], 1);
        err = fs_mount(&volume, &arena, &fs);
        if (err == OK)
            err = fs_open(&fs, "/f", &file);
        if (err == OK)
            err = reader_read(&file.reader, 0, sizeof contents, contents);
        assert_int_equal(err, ERR_IO);
        expect_message("broken on purpose");
        fake_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_fields),
        cmocka_unit_test(broken_entries),
        cmocka_unit_test(broken_continuations),
        cmocka_unit_test(long_names),
        cmocka_unit_test(broken_relocation),
        cmocka_unit_test(changed_medium),
        cmocka_unit_test(cut_short),
        cmocka_unit_test(disk_cut_short),
        cmocka_unit_test(disk_of_untrue_size),
        cmocka_unit_test(broken_sectors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
