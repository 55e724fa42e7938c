/* Names in FAT directories: long names with and without surrogates, orphans, short names. */
#include "test/unit/fake_firmware.h"
#include "test/unit/fat_image.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define SHORT_NAME "SHORT~1 TXT"

static struct image image;
static char names[4096]; /* what a listing gave, each with a line end */

static bool collect(void *context, const struct fs_entry *entry)
{
    (void)context;
    strcat(strcat(names, entry->name), "\n");
    return true;
}

static void expect_names(const char *expected)
{
    struct facts *facts = fake_begin(0);
    struct arena arena;
    struct fs fs;
    struct volume volume = {
        .firmware = &fake_firmware, .disk = &facts->disks[0], .sectors = image.size / 512};

    fake_disk_in_memory(image.bytes, image.size, 512);
    arena_begin(&arena, fake_firmware.allocate);
    names[0] = 0;
    assert_int_equal(fs_mount(&volume, &arena, &fs), OK);
    assert_int_equal(fs_list(&fs, "/", collect, NULL), OK);
    assert_string_equal(names, expected);
    fake_end();
    image_end(&image);
}

static void begin(void)
{
    image = image_begin(16, 4085, 1);
}

static uint8_t checksum(const char *short_name)
{
    uint8_t sum = 0;

    for (int i = 0; i < 11; i++)
        sum = (uint8_t)((sum >> 1) + ((sum & 1) << 7) + (uint8_t)short_name[i]);
    return sum;
}

/* One slot of a long name: part `order` (40h: the last one) from 13 units. */
static uint8_t *add_part(uint8_t order, const uint16_t *units, uint8_t sum)
{
    uint8_t *slot = image_slot(&image);

    slot[0] = order;
    memcpy(slot + 1, units, 10);
    slot[11] = 0x0f;
    slot[13] = sum;
    memcpy(slot + 14, units + 5, 12);
    memcpy(slot + 28, units + 11, 4);
    return slot;
}

/* All slots of a long name, padded as formatters do; not the short name's. */
static void add_long(const uint16_t *units, uint32_t length, uint8_t sum)
{
    uint32_t parts = (length + 12) / 13;

    for (uint32_t part = parts; part-- > 0;) {
        uint16_t slot[13];
        for (uint32_t i = 0; i < 13; i++) {
            uint32_t at = part * 13 + i;
            slot[i] = at < length ? units[at] : at == length ? 0 : 0xffff;
        }
        add_part((uint8_t)((part + 1) | (part + 1 == parts ? 0x40 : 0)), slot, sum);
    }
}

static void add_file(const uint16_t *units, uint32_t length)
{
    add_long(units, length, checksum(SHORT_NAME));
    image_add(&image, SHORT_NAME, 0, 0);
}

static void unicode(void **state)
{
    static const uint16_t emoji[] = {'a', 0xd83d, 0xde00, 0xe9, 0x20ac, 0xd834, 0xdd1e};
    static const uint16_t split[] = {'a', 'b', 'c', 'd', 'e', 'f',    'g',
                                     'h', 'i', 'j', 'k', 'l', 0xdbff, 0xdfff};
    static const uint16_t low[] = {'b', 0xde00, 'c', 'd', 'e', 'f', 'g', 0xde00};
    static const uint16_t alone[] = {0xd83d, 'x', 0xde00, 0xd800, 0xd83d, 0xde00, 0xdbff};

    (void)state;
    begin();
    add_file(emoji, ARRAY_LENGTH(emoji));
    add_file(split, ARRAY_LENGTH(split));
    add_file(low, ARRAY_LENGTH(low));
    add_file(alone, ARRAY_LENGTH(alone));
    expect_names("a😀é€𝄞\n"
                 "abcdefghijkl\U0010ffff\n"
                 "b\ufffdcdefg\ufffd\n"
                 "\ufffdx\ufffd\ufffd😀\ufffd\n");
}

static void lengths(void **state)
{
    static const uint32_t tried[] = {1, 12, 13, 14, 26, 255, 256, 260};
    char expected[4096] = "";
    uint16_t units[260];

    (void)state;
    begin();
    for (int i = 0; i < 260; i++)
        units[i] = (uint16_t)('a' + i % 26);
    for (size_t i = 0; i < ARRAY_LENGTH(tried); i++) {
        add_file(units, tried[i]);
        if (tried[i] > 255) /* FAT allows no such name */
            strcat(expected, "SHORT~1.TXT");
        for (uint32_t j = 0; j < tried[i] && tried[i] <= 255; j++)
            strncat(expected, &"abcdefghijklmnopqrstuvwxyz"[j % 26], 1);
        strcat(expected, "\n");
    }
    expect_names(expected);
}

/* 255 characters of three bytes each, the most that fits. */
static void widest(void **state)
{
    char expected[1024] = "";
    uint16_t units[255];

    (void)state;
    begin();
    for (int i = 0; i < 255; i++) {
        units[i] = 0xffe5;
        strcat(expected, "\uffe5");
    }
    add_file(units, 255);
    expect_names(strcat(expected, "\n"));
}

static const uint16_t thirty[30] = {'o', 'n', 'e', ' ', 'n', 'a', 'm', 'e', ' ', 'i',
                                    'n', ' ', 't', 'h', 'r', 'e', 'e', ' ', 's', 'l',
                                    'o', 't', 's', ' ', 'o', 'r', ' ', 's', 'o', '!'};

/* Everything that makes a long name not belong to the short one behind it. */
static void orphans(void **state)
{
    uint8_t sum = checksum(SHORT_NAME);

    (void)state;
    begin();
    add_long(thirty, 30, (uint8_t)(sum + 1)); /* another file's */
    image_add(&image, SHORT_NAME, 0, 0);
    add_part(0x43, thirty, sum); /* cut off in the middle */
    add_part(2, thirty, sum);
    image_add(&image, SHORT_NAME, 0, 0);
    add_part(0x43, thirty, sum); /* a part twice, a part missing */
    add_part(2, thirty, sum);
    add_part(2, thirty, sum);
    image_add(&image, SHORT_NAME, 0, 0);
    add_part(2, thirty, sum); /* no last part */
    add_part(1, thirty, sum);
    image_add(&image, SHORT_NAME, 0, 0);
    add_part(0x42, thirty, sum); /* parts of two names */
    add_part(1, thirty, (uint8_t)(sum + 1));
    image_add(&image, SHORT_NAME, 0, 0);
    add_part(0x40, thirty, sum); /* part numbers out of range */
    image_add(&image, SHORT_NAME, 0, 0);
    add_part(0x40 | 21, thirty, sum);
    image_add(&image, SHORT_NAME, 0, 0);
    expect_names("SHORT~1.TXT\nSHORT~1.TXT\nSHORT~1.TXT\nSHORT~1.TXT\nSHORT~1.TXT\n"
                 "SHORT~1.TXT\nSHORT~1.TXT\n");
}

/* A deleted file or a volume label between a long name and a short one parts them. */
static void interrupted(void **state)
{
    uint8_t sum = checksum(SHORT_NAME);

    (void)state;
    begin();
    add_long(thirty, 30, sum);
    image_add(&image, SHORT_NAME, 0, 0)[0] = 0xe5;
    image_add(&image, SHORT_NAME, 0, 0);
    add_long(thirty, 30, sum);
    image_add(&image, "LABEL      ", 0, 0)[11] = 0x08;
    image_add(&image, SHORT_NAME, 0, 0);
    add_long(thirty, 30, sum); /* and this one is whole */
    image_add(&image, SHORT_NAME, 0, 0);
    expect_names("SHORT~1.TXT\nSHORT~1.TXT\none name in three slots or so!\n");
}

static void short_names(void **state)
{
    (void)state;
    begin();
    image_add(&image, "KERNEL  ELF", 0, 0);
    image_add(&image, "KERNEL  ELF", 0, 0)[12] = 0x08;
    image_add(&image, "KERNEL  ELF", 0, 0)[12] = 0x10;
    image_add(&image, "KERNEL  ELF", 0, 0)[12] = 0x18;
    image_add(&image, "NOEXT      ", 0, 0);
    image_add(&image, "ABCDEFGHIJK", 0, 0);
    image_add(&image, "A B     C D", 0, 0);
    image_add(&image, "\x05\x80         ", 0, 0);
    image_add(&image, ".          ", 0, 0)[11] = 0x10;
    image_add(&image, "..         ", 0, 0)[11] = 0x10;
    expect_names("KERNEL.ELF\nkernel.ELF\nKERNEL.elf\nkernel.elf\nNOEXT\nABCDEFGH.IJK\nA B.C D\n"
                 "σÇ\n");
}

/* Where nothing names a code page Linux takes 437, too. Names are UTF-8, whatever lies on disk. */
static void code_page(void **state)
{
    (void)state;
    begin();
    image_add(&image,
              "GR\x9a\xe1"
              "E   TXT",
              0, 0);
    image_add(&image, "\x80\xff\xb3     \xfe\xdb ", 0, 0);
    image_add(&image, "A\x01      \x1f  ", 0, 0);
    expect_names("GRÜßE.TXT\nÇ\u00a0│.■█\nA\ufffd.\ufffd\n");
}

static uint64_t opened(struct fs *fs, const char *path)
{
    struct file file;

    return fs_open(fs, path, &file) == OK ? file.reader.bytes : 0;
}

/* A file with a long name is listed once, and has its short name as well. */
static void aliases(void **state)
{
    struct arena arena;
    struct fs fs;

    (void)state;
    begin();
    image_chain(&image, 20, 1);
    image_chain(&image, 21, 1);
    image_chain(&image, 22, 1);
    add_long(thirty, 30, checksum("ONENAM~1   "));
    image_add(&image, "ONENAM~1   ", 20, 1);
    add_long(thirty, 29, checksum("ONENAM~2   "));
    image_add(&image, "ONENAM~2   ", 21, 2);
    image_add(&image,
              "GR\x9a\xe1"
              "E   TXT",
              22, 3);

    struct facts *facts = fake_begin(0);
    struct volume volume = {
        .firmware = &fake_firmware, .disk = &facts->disks[0], .sectors = image.size / 512};
    fake_disk_in_memory(image.bytes, image.size, 512);
    arena_begin(&arena, fake_firmware.allocate);
    assert_int_equal(fs_mount(&volume, &arena, &fs), OK);
    assert_int_equal(opened(&fs, "/one name in three slots or so!"), 1);
    assert_int_equal(opened(&fs, "/one name in three slots or so"), 2);
    assert_int_equal(opened(&fs, "/OneNam~1"), 1);
    assert_int_equal(opened(&fs, "/ONENAM~2"), 2);
    assert_int_equal(opened(&fs, "/GRÜßE.TXT"), 3);
    assert_int_equal(opened(&fs, "/ONENAM~3"), 0);
    fake_end();
    expect_names("one name in three slots or so!\none name in three slots or so\nGRÜßE.TXT\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unicode),   cmocka_unit_test(lengths),     cmocka_unit_test(widest),
        cmocka_unit_test(orphans),   cmocka_unit_test(interrupted), cmocka_unit_test(short_names),
        cmocka_unit_test(code_page), cmocka_unit_test(aliases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
