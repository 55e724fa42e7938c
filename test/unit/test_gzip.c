/* Files that gzip made, at each of its ways to pack, and damage to them. */
#include "common/format/gzip.h"
#include "common/format/inflate.h"
#include "common/lib/mem.h"
#include "test/unit/fake_firmware.h"
#include "test/unit/scratch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define ROOM (256 * KIB)

static uint8_t plain[ROOM], packed[ROOM];
static uint64_t plain_bytes, packed_bytes;
static struct arena arena;

static int begin(void **state)
{
    (void)state;
    fake_begin(0);
    arena_begin(&arena, fake_firmware.allocate);
    return 0;
}

static uint64_t read_file(const char *name, uint8_t *to)
{
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    uint64_t bytes = fread(to, 1, ROOM, file);
    assert_in_range(bytes, 1, ROOM - 1);
    fclose(file);
    return bytes;
}

/* `make` writes its output to the file "plain". */
static void pack(const char *make, const char *options)
{
    run("%s > plain && gzip %s < plain > packed", make, options);
    plain_bytes = read_file("plain", plain);
    packed_bytes = read_file("packed", packed);
}

static enum err unpack(struct reader *reader)
{
    *reader = reader_from_memory("file.gz", packed, packed_bytes);
    return gzip_unpack(reader, &arena);
}

static void expect_plain(void)
{
    struct reader reader;
    assert_true(gzip_recognise(packed, packed_bytes));
    assert_int_equal(unpack(&reader), OK);
    assert_int_equal(reader.bytes, plain_bytes);
    assert_memory_equal(reader.memory, plain, plain_bytes);
}

/* Text of much and of little variety, noise (stored blocks), long runs, a few bytes (fixed codes),
 * long codes. */
static void every_kind_of_block(void **state)
{
    static const char *const makes[] = {
        "seq 30000",
        "base64 -w 0 noise | head -c 100000",
        "head -c 150000 noise",
        "head -c 200000 /dev/zero",
        "printf abcabcabc",
        "(seq 9999; head -c 999 noise; seq 9999 -1 1; head -c 70000 /dev/zero)",
        "awk 'BEGIN{for(;c<58;c++)for(i=2^(c/4);i>0;i--)printf\"%c\",c+32}' | shuf",
    };
    static const char *const options[] = {"-n1", "-n6", "-n9"};
    (void)state;
    run("seq 99999 | gzip -n > noise");
    for (size_t i = 0; i < ARRAY_LENGTH(makes); i++)
        for (size_t k = 0; k < ARRAY_LENGTH(options); k++) {
            pack(makes[i], options[k]);
            expect_plain();
        }
}

/* Name, comment, extra field, and the header's own checksum, which nobody checks. */
static void every_part_of_the_header(void **state)
{
    static const uint8_t parts[] = "\x03\0xyzname\0comment\0\x12\x34";
    (void)state;
    pack("seq 100", "-n9");
    memmove(packed + 10 + sizeof parts - 1, packed + 10, packed_bytes - 10);
    memcpy(packed + 10, parts, sizeof parts - 1);
    packed_bytes += sizeof parts - 1;
    packed[3] = 0x1e;
    expect_plain();
    packed[3] = 0x3e;
    struct reader reader;
    assert_int_equal(unpack(&reader), ERR_FORMAT);
}

static void an_empty_file(void **state)
{
    struct reader reader;
    (void)state;
    run("gzip -n < /dev/null > packed");
    packed_bytes = read_file("packed", packed);
    assert_int_equal(unpack(&reader), OK);
    assert_int_equal(reader.bytes, 0);
}

/* Each bit changed, and each length. What may change are the header's flag for text, its time and
 * system, and the bits that fill the last deflated byte. */
static void damage(void **state)
{
    struct reader reader;
    (void)state;
    pack("seq 300", "-n9");
    for (uint64_t i = 0; i < packed_bytes; i++)
        for (uint32_t bit = 0; bit < 8; bit++) {
            packed[i] ^= (uint8_t)(1 << bit);
            if (unpack(&reader) == OK) {
                assert_true((i >= 3 && i <= 9) || i == packed_bytes - 9);
                assert_memory_equal(reader.memory, plain, plain_bytes);
            }
            packed[i] ^= (uint8_t)(1 << bit);
        }
    for (packed_bytes--; packed_bytes > 10; packed_bytes--)
        assert_int_equal(unpack(&reader), ERR_FORMAT);
    assert_false(gzip_recognise(packed, packed_bytes));
}

static void wrong_sizes(void **state)
{
    uint8_t to[300];
    uint64_t used;
    (void)state;
    pack("head -c 256 /dev/zero", "-n9");
    const uint8_t *deflated = packed + 10;
    assert_true(inflate(deflated, packed_bytes - 18, to, 256, &used));
    assert_int_equal(used, packed_bytes - 18);
    assert_false(inflate(deflated, packed_bytes - 18, to, 255, &used));
    assert_false(inflate(deflated, packed_bytes - 18, to, 257, &used));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, fake_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_kind_of_block), TEST(every_part_of_the_header),
        TEST(an_empty_file),       TEST(damage),
        TEST(wrong_sizes),
    };
    return cmocka_run_group_tests(tests, scratch_begin, scratch_end);
}
