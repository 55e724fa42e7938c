/* The record of an installation: written and read back, and damaged in every byte. */
#include "images/tool/install/record.c"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define DISK_BYTES (UINT64_C(1) << 20)
#define BYTES_MAX  4096
#define CODE_ROW   (RECORD_HEADER_BYTES + ROW_BYTES)

struct arena host_arena;

static int set_up(void **state)
{
    (void)state;
    fake_begin(0);
    arena_begin(&host_arena, fake_firmware.allocate);
    return 0;
}

/* Three extents: contents, zeros, and the record itself, which is written as the first. */
static uint64_t write_record(uint8_t *to)
{
    static const uint8_t code[440] = {1, 2, 3}, zeros[512];
    struct record record = {.volume_offset = 1048576, .made = 0x55};
    const struct extent extents[] = {
        {.bytes = sizeof code, .kind = EXTENT_CODE, .written_crc = 7, .original = code},
        {.offset = 512,
         .bytes = sizeof zeros,
         .kind = EXTENT_STAGE,
         .linked_crc = 8,
         .original = zeros},
        {.offset = 4096, .bytes = 512, .kind = EXTENT_RECORD, .before_crc = 9},
    };
    uint64_t bytes;

    for (size_t i = 0; i < 3; i++)
        assert_int_equal(record_add(&record, &extents[i]), OK);
    bytes = record_bytes(&record);
    assert_true(bytes <= BYTES_MAX);
    record_write(&record, to);
    free(record.extents);
    return bytes;
}

static enum err parse(const uint8_t *bytes, uint64_t size, uint64_t disk_bytes)
{
    struct record record = {0};
    enum err err = record_parse(bytes, size, disk_bytes, &record);

    free(record.extents);
    return err;
}

static void test_what_is_written_is_read(void **state)
{
    uint8_t bytes[BYTES_MAX] = {0};
    uint64_t size = write_record(bytes);
    struct record record;

    (void)state;
    assert_int_equal(size, RECORD_HEADER_BYTES + 3 * ROW_BYTES + 440);
    assert_int_equal(record_parse(bytes, sizeof bytes, DISK_BYTES, &record), OK);
    assert_int_equal(record.count, 3);
    assert_int_equal(record.volume_offset, 1048576);
    assert_int_equal(record.made, 0x55);
    assert_int_equal(record.extents[0].kind, EXTENT_RECORD);
    assert_int_equal(record.extents[0].before_crc, 9);
    assert_int_equal(record.extents[1].bytes, 440);
    assert_int_equal(record.extents[1].written_crc, 7);
    assert_int_equal(record.extents[1].original[2], 3);
    assert_null(record.extents[2].original);
    assert_int_equal(record.extents[2].offset, 512);
    assert_int_equal(record.extents[2].linked_crc, 8);
    assert_true(record_has(&record, EXTENT_STAGE, 1023));
    assert_false(record_has(&record, EXTENT_STAGE, 1024));
    assert_false(record_has(&record, EXTENT_RECORD, 512));
    free(record.extents);
}

static void test_each_damaged_byte_is_noticed(void **state)
{
    uint8_t bytes[BYTES_MAX];
    uint64_t size = write_record(bytes);

    (void)state;
    for (uint64_t i = 0; i < size; i++) {
        bytes[i] ^= 0x10;
        assert_int_equal(parse(bytes, size, DISK_BYTES), ERR_FORMAT);
        bytes[i] ^= 0x10;
    }
    assert_int_equal(parse(bytes, size, DISK_BYTES), OK);
}

static void test_cut_short_at_each_byte(void **state)
{
    uint8_t bytes[BYTES_MAX];
    uint64_t size = write_record(bytes);

    (void)state;
    for (uint64_t i = 0; i < size; i++)
        assert_int_equal(parse(bytes, i, DISK_BYTES), ERR_FORMAT);
}

static void seal(uint8_t *bytes, uint64_t size)
{
    memset(bytes + CRC_AT, 0, 4);
    store32(bytes + CRC_AT, crc32(0, bytes, size));
}

/* A record with a right checksum can still lie: someone may have written it on purpose. */
static void test_impossible_extents_are_refused(void **state)
{
    static const struct {
        uint64_t at, value, bytes;
    } lies[] = {
        {0x0c, 1000, 4},           /* more extents than there is room for */
        {0x0c, UINT32_MAX, 4},     /* the same */
        {0x10, UINT64_MAX, 8},     /* longer than the file */
        {CODE_ROW, DISK_BYTES, 8}, /* begins behind the disk */
        {CODE_ROW, UINT64_MAX, 8}, /* wraps */
        {CODE_ROW + 8, 0, 8},      /* empty */
        {CODE_ROW + 8, 441, 8},    /* more contents than there are */
        {CODE_ROW + 8, UINT64_MAX, 8},
        {CODE_ROW + 16, EXTENT_KINDS, 4},
        {CODE_ROW + ROW_BYTES + 28, 1, 4}, /* contents that are not there */
    };
    uint8_t bytes[BYTES_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        uint64_t size = write_record(bytes);
        memcpy(bytes + lies[i].at, &lies[i].value, lies[i].bytes);
        seal(bytes, size);
        assert_int_equal(parse(bytes, size, DISK_BYTES), ERR_FORMAT);
    }
}

static void test_extents_must_fit_the_disk(void **state)
{
    uint8_t bytes[BYTES_MAX];
    uint64_t size = write_record(bytes);

    (void)state;
    assert_int_equal(parse(bytes, size, 4096 + 512), OK);
    assert_int_equal(parse(bytes, size, 4096 + 511), ERR_FORMAT);
}

/* All of a disk of a TiB, said in few bytes: nobody reads and writes that. */
static void test_more_than_an_installation_changes_is_refused(void **state)
{
    uint8_t bytes[BYTES_MAX];
    uint64_t size = write_record(bytes), most = EXTENTS_BYTES_MAX - 440 - 512;

    (void)state;
    for (uint64_t more = 0; more < 2; more++) {
        store64(bytes + RECORD_HEADER_BYTES + 8, most + more);
        seal(bytes, size);
        assert_int_equal(parse(bytes, size, UINT64_C(1) << 40), more ? ERR_FORMAT : OK);
    }
}

/* The first sector alone says which clusters the record has, and only those. */
static void test_head_tells_of_the_records_own_clusters(void **state)
{
    uint8_t bytes[BYTES_MAX];
    struct record head;

    (void)state;
    write_record(bytes);
    memset(bytes + 512, 0, sizeof bytes - 512);
    assert_true(record_parse_head(bytes, 4096, DISK_BYTES, &head));
    assert_int_equal(head.count, 1);
    assert_int_equal(head.volume_offset, 1048576);
    assert_int_equal(head.extents[0].offset, 4096);
    assert_false(record_parse_head(bytes, 8192, DISK_BYTES, &head)); /* a copy of it */
    assert_false(record_parse_head(bytes, 0, DISK_BYTES, &head));    /* another kind of extent */
    for (uint64_t i = 0; i < 8; i++) {
        write_record(bytes);
        bytes[i] ^= 1;
        assert_false(record_parse_head(bytes, 4096, DISK_BYTES, &head));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_written_is_read, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_each_damaged_byte_is_noticed, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_cut_short_at_each_byte, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_impossible_extents_are_refused, set_up,
                                        fake_tear_down),
        cmocka_unit_test_setup_teardown(test_extents_must_fit_the_disk, set_up, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_more_than_an_installation_changes_is_refused, set_up,
                                        fake_tear_down),
        cmocka_unit_test_setup_teardown(test_head_tells_of_the_records_own_clusters, set_up,
                                        fake_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
