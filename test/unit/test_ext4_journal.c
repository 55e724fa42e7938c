/* Journals of every shape, written at random, compared in every block with what e2fsck's own replay
 * makes of them. */
#include "common/format/crc32.h"
#include "common/storage/fs/ext4.h"
#include "test/unit/volume_under_test.h"

#define BLOCK       1024
#define BLOCKS      8192
#define LOG_BLOCKS  2048
#define FIRST_BLOCK 7900 /* of those that transactions change: no file has them */
#define TARGETS     40

#define MAGIC 0xc03b3998

static uint8_t image[BLOCKS * BLOCK];
static uint32_t log_blocks[LOG_BLOCKS];

enum damage { NONE, NO_COMMIT, BAD_COMMIT, BAD_DESCRIPTOR, BAD_REVOKE, STALE, NO_SUM, DAMAGES };

struct shape {
    uint32_t features; /* incompatible ones of the journal */
    bool first_version, old_sums;
};

static struct {
    const struct shape *shape;
    uint32_t at, end, sequence, seed, sum;
    unsigned random;
} journal;

static uint32_t any(uint32_t below)
{
    journal.random = journal.random * 1103515245 + 12345;
    return (journal.random >> 8) % below;
}

static void store_big(uint8_t *to, uint32_t value)
{
    store_bytes(to, __builtin_bswap32(value), 4);
}

static bool has_sums(void)
{
    return journal.shape->features & 0x18;
}

static uint8_t *log_at(uint32_t index)
{
    return image + (uint64_t)log_blocks[index] * BLOCK;
}

static uint8_t *next_block(void)
{
    uint8_t *block = log_at(journal.at);

    if (++journal.at == journal.end)
        journal.at = 1;
    memset(block, 0, BLOCK);
    return block;
}

static uint8_t *begin_block(uint32_t type)
{
    uint8_t *block = next_block();

    store_big(block, MAGIC);
    store_big(block + 4, type);
    store_big(block + 8, journal.sequence);
    return block;
}

static void seal(uint8_t *block, uint32_t at, bool wrong)
{
    if (has_sums())
        store_big(block + at, crc32c(journal.seed, block, BLOCK) + wrong);
}

static uint8_t *write_tag(uint8_t *tag, uint32_t target, uint32_t flags, const uint8_t *data)
{
    uint32_t features = journal.shape->features, sequence = __builtin_bswap32(journal.sequence);
    uint32_t sum = crc32c(crc32c(journal.seed, &sequence, 4), data, BLOCK);

    store_big(tag, target);
    if (features & 0x10) {
        store_big(tag + 4, flags);
        store_big(tag + 12, sum);
        tag += 16;
    } else {
        store_big(tag + 4, flags | (features & 8 ? sum << 16 : 0));
        tag += 8 + (features & 8 ? 2 : 0) + (features & 2 ? 4 : 0);
    }
    return flags & 2 ? tag : tag + 16; /* a UUID */
}

static void write_descriptor(bool wrong)
{
    uint8_t *block = begin_block(1), *tag = block + 12;
    uint32_t count = 1 + any(20);
    uint8_t *copies[20];

    for (uint32_t i = 0; i < count; i++) {
        uint8_t *data = copies[i] = next_block();
        uint32_t flags = (i ? 2 : 0) | (i == count - 1 ? 8 : 0);
        for (uint32_t byte = 0; byte < BLOCK; byte++)
            data[byte] = (uint8_t)any(256);
        if (any(4) == 0) {
            flags |= 1;
            memset(data, 0, 4);
        }
        tag = write_tag(tag, FIRST_BLOCK + any(TARGETS), flags, data);
    }
    seal(block, BLOCK - 4, wrong);
    journal.sum = crc32_forward(journal.sum, block, BLOCK);
    for (uint32_t i = 0; i < count; i++)
        journal.sum = crc32_forward(journal.sum, copies[i], BLOCK);
}

static void write_revoke(bool wrong)
{
    uint32_t bytes = journal.shape->features & 2 ? 8 : 4, at = 16;
    uint8_t *block = begin_block(5);

    for (uint32_t left = 1 + any(8); left; left--, at += bytes)
        store_big(block + at + bytes - 4, FIRST_BLOCK + any(TARGETS));
    store_big(block + 12, at);
    seal(block, BLOCK - 4, wrong);
}

static void write_commit(enum damage damage)
{
    uint8_t *block = begin_block(2);

    seal(block, 16, damage == BAD_COMMIT);
    if (!journal.shape->old_sums || damage == NO_SUM)
        return;
    store_bytes(block + 12, 1 | 4 << 8, 2);
    store_big(block + 16, journal.sum + (damage == BAD_COMMIT));
}

static void write_transaction(enum damage damage)
{
    journal.sum = UINT32_MAX;
    if (!journal.shape->first_version && (any(2) || damage == BAD_REVOKE))
        write_revoke(damage == BAD_REVOKE);
    for (uint32_t left = 1 + any(3); left; left--)
        write_descriptor(damage == BAD_DESCRIPTOR && left == 1);
    if (damage == STALE)
        journal.sequence -= 3;
    if (damage != NO_COMMIT)
        write_commit(damage);
    journal.sequence++;
}

static void write_super(uint32_t start)
{
    uint8_t *super = log_at(0);

    store_big(super + 4, journal.shape->first_version ? 3 : 4);
    store_big(super + 24, journal.sequence);
    store_big(super + 28, start);
    store_big(super + 36, journal.shape->old_sums);
    store_big(super + 40, journal.shape->features | (journal.shape->first_version ? 0 : 1));
    super[80] = has_sums() ? 4 : 0;
    store_big(super + 84, journal.shape->features & 0x20 ? 300 : 0);
    memset(super + 252, 0, 4);
    if (has_sums())
        store_big(super + 252, crc32c(UINT32_MAX, super, 1024));
    journal.seed = crc32c(UINT32_MAX, super + 48, 16);
    store_bytes(image + 1024 + 96, load32(image + 1024 + 96) | 4, 4);
}

static void write_journal(const struct shape *shape, unsigned seed, enum damage damage)
{
    static const uint32_t sequences[] = {1, 1000, UINT32_MAX - 1};
    uint32_t end = shape->features & 0x20 ? LOG_BLOCKS - 300 : LOG_BLOCKS;

    journal.shape = shape;
    journal.random = seed;
    journal.end = end;
    journal.sequence = sequences[any(3)];
    journal.at = any(2) ? end - 1 - any(30) : 1 + any(end - 1);
    if (shape->features & 0x20) /* e2fsck 1.47.0 goes on into the fast commits, Linux goes round */
        journal.at = 1 + any(500);
    write_super(journal.at);
    for (uint32_t left = any(5); left; left--)
        write_transaction(NONE);
    write_transaction(damage);
    if (damage != NONE)
        write_transaction(NONE);
}

static void read_image(const char *path, uint8_t *to)
{
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    assert_int_equal(fread(to, 1, sizeof image, file), sizeof image);
    fclose(file);
}

static void write_image(const char *path)
{
    FILE *file = fopen(path, "wb");

    assert_int_equal(fwrite(image, 1, sizeof image, file), sizeof image);
    fclose(file);
}

static void expect_replayed(void)
{
    static uint8_t expected[sizeof image], block[BLOCK];
    struct volume_under_test v;

    write_image("dirty");
    run("cp dirty clean && e2fsck -y -E journal_only clean > e2fsck.log 2>&1 || test $? -lt 8");
    read_image("clean", expected);
    mount(&v, "dirty", 512);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        if (i == 1 || i == log_blocks[0])
            continue;
        assert_int_equal(ext4_read(v.fs.state, i, 0, BLOCK, block), OK);
        if (memcmp(block, expected + (uint64_t)i * BLOCK, BLOCK) != 0)
            fail_msg("block %u differs: features %Xh, sequence %u", i, journal.shape->features,
                     journal.sequence);
    }
    fake_end();
}

static int begin(void **state)
{
    FILE *pipe;

    if (scratch_begin(state))
        return -1;
    run("rm -f base && mke2fs -q -F -t ext4 -b 1024 -O ^metadata_csum,^resize_inode -J size=2 base "
        "8M > mke2fs.log 2>&1");
    pipe = popen("debugfs -R 'blocks <8>' base 2> debugfs.log", "r");
    for (uint32_t i = 0; i < LOG_BLOCKS; i++)
        if (fscanf(pipe, "%u", &log_blocks[i]) != 1)
            return -1;
    pclose(pipe);
    return 0;
}

static const struct shape shapes[] = {
    {.first_version = true}, {0},
    {.features = 2},         {.features = 8},
    {.features = 8 | 2},     {.features = 0x10},
    {.features = 0x12},      {.features = 0x16},
    {.features = 0x32},      {.features = 4},
    {.old_sums = true},      {.features = 4, .old_sums = true},
};

static void every_shape(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 12; seed++)
        for (size_t i = 0; i < ARRAY_LENGTH(shapes); i++) {
            read_image("base", image);
            write_journal(&shapes[i], seed * 77, NONE);
            expect_replayed();
        }
}

static void torn_transactions(void **state)
{
    (void)state;
    for (enum damage damage = NO_COMMIT; damage < DAMAGES; damage++)
        for (size_t i = 0; i < ARRAY_LENGTH(shapes); i++) {
            bool bad = damage >= BAD_COMMIT && damage <= BAD_REVOKE;
            bool sums = shapes[i].features & 0x18 || shapes[i].old_sums;
            if (bad && (!sums || damage != BAD_COMMIT))
                continue;
            read_image("base", image);
            write_journal(&shapes[i], 99 + damage, damage);
            expect_replayed();
        }
}

/* A copy whose sum is wrong is not used, and neither is the older block. */
static void damaged_copies(void **state)
{
    uint8_t block[BLOCK];
    struct volume_under_test v;
    unsigned refused = 0;

    (void)state;
    read_image("base", image);
    write_journal(&shapes[6], 5, NONE);
    for (uint32_t i = 1; i < LOG_BLOCKS; i++)
        if (load32(log_at(i)) != __builtin_bswap32(MAGIC))
            log_at(i)[BLOCK - 1] ^= 1;
    write_image("dirty");
    mount(&v, "dirty", 512);
    for (uint32_t i = 0; i < TARGETS; i++)
        refused += ext4_read(v.fs.state, FIRST_BLOCK + i, 0, BLOCK, block) == ERR_FORMAT;
    assert_true(refused > 5);
    assert_non_null(strstr(err_message(), "in the journal"));
    fake_end();
}

/* What can't be read is a doubt, never silence. */
static void unreadable(void **state)
{
    static const struct {
        uint32_t at;
        uint32_t value;
        const char *doubt;
    } rows[] = {
        {0, 0, "no journal of 1024 bytes a block begins there"},
        {4, 9, "no journal"},
        {12, 4096, "no journal"},
        {40, 0x40, "incompatible features 40h"},
        {28, 5000, "it starts at block 5000"},
        {20, 0, "it starts at block"},
        {16, 100000, "it starts at block"},
        {252, 7, "its superblock has the sum"},
    };
    struct volume_under_test v;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        read_image("base", image);
        write_journal(&shapes[6], 5, NONE);
        store_big(log_at(0) + rows[i].at, rows[i].value);
        write_image("dirty");
        mount(&v, "dirty", 512);
        assert_non_null(v.fs.doubt);
        if (!strstr(v.fs.doubt, rows[i].doubt))
            fail_msg("\"%s\" is not in \"%s\"", rows[i].doubt, v.fs.doubt);
        fake_end();
    }
}

static void fast_commits(void **state)
{
    struct volume_under_test v;

    (void)state;
    for (uint32_t newer = 0; newer < 2; newer++) {
        read_image("base", image);
        write_journal(&shapes[8], 5, NONE);
        store_bytes(log_at(journal.end), 9 | 8 << 16, 4);
        store_bytes(log_at(journal.end) + 8, journal.sequence - 1 + newer, 4);
        write_image("dirty");
        mount(&v, "dirty", 512);
        assert_int_equal(v.fs.doubt != NULL, newer);
        fake_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape),    cmocka_unit_test(torn_transactions),
        cmocka_unit_test(damaged_copies), cmocka_unit_test(unreadable),
        cmocka_unit_test(fast_commits),
    };

    return cmocka_run_group_tests(tests, begin, scratch_end);
}
