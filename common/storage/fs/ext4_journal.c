/* Which blocks of an ext3 or ext4 volume have their newest contents in its journal? Only the
 * journal's headers are read; what they tell of is read when it is asked for. */
#include "common/format/crc32.h"
#include "common/lib/doubt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/storage/fs/ext4.h"

#define MAGIC       0xc03b3998
#define SUPER_BYTES 1024
#define SUPER_SUM   0xfc
#define SUM_CRC32C  4
#define SUM_CRC32   1

enum block_type { DESCRIPTOR = 1, COMMIT = 2, SUPER_1 = 3, SUPER_2 = 4, REVOKE = 5 };

#define HEADER_BYTES 12
#define REVOKE_BYTES 16 /* a header, and how many bytes are used */
#define COMMIT_SUM   16
#define COMMIT_KIND  12 /* of a sum over the whole transaction, and its bytes: u8 each */
#define TAIL_BYTES   4
#define UUID_BYTES   16

/* Compatible features. */
#define TRANSACTION_SUMS 0x1

/* Incompatible features. */
#define WIDE           0x2
#define ASYNC          0x4
#define SUMS_2         0x8
#define SUMS_3         0x10
#define FAST_COMMITS   0x20
#define KNOWN_FEATURES 0x3f

#define FAST_COMMIT_BLOCKS 256 /* where the superblock names none */
#define FAST_COMMIT_HEAD   9

#define TAG_ESCAPED   1
#define TAG_SAME_UUID 2
#define TAG_LAST      8

#define REPLACED_AT_FIRST 64

struct ext4_journal {
    struct ext4 *ext4;
    struct arena *arena;
    struct ext4_inode inode;
    uint32_t features, first, end; /* the log goes round from `end` to `first` */
    uint32_t at, left;             /* the next block, and how many have not been seen */
    uint32_t start, transaction;   /* the first one's sequence number, and which one this is */
    uint32_t seed;                 /* of sums */
    bool sums, broken;
    bool transaction_sums;    /* the old kind */
    uint32_t transaction_sum; /* of its blocks so far */
    uint8_t *block;
    struct ext4_replaced *replaced;
    uint32_t count, capacity;
};

static uint32_t load_big32(const void *p)
{
    return __builtin_bswap32(load32(p));
}

/* ---- the log --------------------------------------------------------------------------------- */

static enum err locate(struct ext4_journal *journal, uint32_t index, uint64_t *block)
{
    struct ext4_run run;

    TRY(ext4_map(journal->ext4, &journal->inode, index, &run));
    *block = run.block;
    if (run.block && run.block < journal->ext4->blocks)
        return OK;
    return fail(ERR_FORMAT, "its block %u lies at block %lu of %lu: " EXT4_REPAIR, index, run.block,
                journal->ext4->blocks);
}

static enum err read_log(struct ext4_journal *journal, uint32_t index)
{
    uint64_t block;

    TRY(locate(journal, index, &block));
    return ext4_read(journal->ext4, block, 0, journal->ext4->block_bytes, journal->block);
}

/* Passes one block; false: all have been. */
static bool advance(struct ext4_journal *journal)
{
    if (!journal->left)
        return false;
    journal->left--;
    if (++journal->at == journal->end)
        journal->at = journal->first;
    return true;
}

/* The sum that lies in the block is not part of itself. */
static bool has_sum(const struct ext4_journal *journal, uint32_t at)
{
    uint32_t stored = load_big32(journal->block + at), zero = 0, sum;

    if (!journal->sums)
        return true;
    sum = crc32c(journal->seed, journal->block, at);
    sum = crc32c(sum, &zero, sizeof zero);
    at += sizeof zero;
    return stored == crc32c(sum, journal->block + at, journal->ext4->block_bytes - at);
}

enum err ext4_check_copy(const struct ext4 *ext4, const struct ext4_replaced *replaced)
{
    const struct ext4_journal *journal = ext4->log;
    uint32_t sequence = __builtin_bswap32(journal->start + replaced->transaction), sum;

    if (!journal->sums)
        return OK;
    sum = crc32c(crc32c(journal->seed, &sequence, sizeof sequence), ext4->copy, ext4->block_bytes);
    if (!(journal->features & SUMS_3))
        sum &= UINT16_MAX;
    if (sum == replaced->sum)
        return OK;
    return fail(ERR_FORMAT,
                "block %lu has the sum %Xh in the journal, but %Xh is due: " EXT4_REPAIR,
                replaced->block, sum, replaced->sum);
}

/* ---- what blocks of the log say -------------------------------------------------------------- */

static enum err add(struct ext4_journal *journal, struct ext4_replaced replaced)
{
    struct ext4_replaced *larger;

    if (journal->count == journal->capacity) {
        journal->capacity = MAX(2 * journal->capacity, REPLACED_AT_FIRST);
        TRY(ARENA_TAKE(journal->arena, journal->capacity, &larger));
        if (journal->count)
            memcpy(larger, journal->replaced, journal->count * sizeof *larger);
        journal->replaced = larger;
    }
    replaced.order = journal->count;
    replaced.transaction = journal->transaction;
    journal->replaced[journal->count++] = replaced;
    return OK;
}

static uint32_t tag_bytes(uint32_t features)
{
    if (features & SUMS_3)
        return 16;
    return 8 + (features & SUMS_2 ? 2 : 0) + (features & WIDE ? 4 : 0);
}

/* Returns its flags. */
static uint32_t decode_tag(uint32_t features, const uint8_t *tag, struct ext4_replaced *replaced)
{
    bool third = features & SUMS_3;
    uint32_t flags = third ? load_big32(tag + 4) : load_big32(tag + 4) & UINT16_MAX;

    *replaced = (struct ext4_replaced){
        .block = load_big32(tag),
        .sum = third ? load_big32(tag + 12) : load_big32(tag + 4) >> 16,
        .escaped = flags & TAG_ESCAPED,
    };
    if (features & WIDE)
        replaced->block |= (uint64_t)load_big32(tag + 8) << 32;
    return flags;
}

/* Of the old kind of sum, which goes over a transaction's descriptors and the blocks behind them:
 * it alone tells a commit that was written before its blocks. */
static void sum_block(struct ext4_journal *journal, const uint8_t *block)
{
    journal->transaction_sum =
        crc32_forward(journal->transaction_sum, block, journal->ext4->block_bytes);
}

static enum err sum_copy(struct ext4_journal *journal, uint64_t log)
{
    struct ext4 *ext4 = journal->ext4;

    if (!journal->transaction_sums)
        return OK;
    TRY(ext4_read(ext4, log, 0, ext4->block_bytes, ext4->copy));
    sum_block(journal, ext4->copy);
    return OK;
}

/* Kernels that know no such sums leave zeros. */
static bool has_transaction_sum(struct ext4_journal *journal)
{
    uint32_t kind = load16(journal->block + COMMIT_KIND), sum = journal->transaction_sum;
    uint32_t found = load_big32(journal->block + COMMIT_SUM);

    journal->transaction_sum = UINT32_MAX;
    if (!journal->transaction_sums || (!kind && !found))
        return true;
    return kind == (SUM_CRC32 | sizeof sum << 8) && found == sum;
}

/* Its tags, each for a block that follows. */
static enum err take_descriptor(struct ext4_journal *journal)
{
    uint32_t bytes = tag_bytes(journal->features), at = HEADER_BYTES, flags = 0;
    uint32_t end = journal->ext4->block_bytes - (journal->sums ? TAIL_BYTES : 0);
    struct ext4_replaced replaced;

    if (journal->transaction_sums)
        sum_block(journal, journal->block);
    while (!(flags & TAG_LAST) && at + bytes <= end && journal->left) {
        flags = decode_tag(journal->features, journal->block + at, &replaced);
        TRY(locate(journal, journal->at, &replaced.log));
        TRY(sum_copy(journal, replaced.log));
        TRY(add(journal, replaced));
        advance(journal);
        at += bytes + (flags & TAG_SAME_UUID ? 0 : UUID_BYTES);
    }
    return OK;
}

static enum err take_revokes(struct ext4_journal *journal)
{
    uint32_t bytes = journal->features & WIDE ? 8 : 4, end = load_big32(journal->block + 12);

    if (end > journal->ext4->block_bytes)
        return fail(ERR_FORMAT, "%u bytes of revoked blocks in one block: " EXT4_REPAIR, end);
    for (uint32_t at = REVOKE_BYTES; at + bytes <= end; at += bytes) {
        uint64_t block = load_big32(journal->block + at);
        if (bytes == 8)
            block = block << 32 | load_big32(journal->block + at + 4);
        TRY(add(journal, (struct ext4_replaced){.block = block}));
    }
    return OK;
}

/* Takes the block that was read; *more: another may follow. */
static enum err take_block(struct ext4_journal *journal, uint32_t *committed, bool *more)
{
    uint32_t type = load_big32(journal->block + 4);
    uint32_t sum_at = type == COMMIT ? COMMIT_SUM : journal->ext4->block_bytes - TAIL_BYTES;

    *more = load_big32(journal->block) == MAGIC &&
            load_big32(journal->block + 8) == journal->start + journal->transaction &&
            (type == DESCRIPTOR || type == COMMIT || type == REVOKE);
    if (!*more)
        return OK;
    journal->broken =
        !has_sum(journal, sum_at) || (type == COMMIT && !has_transaction_sum(journal));
    *more = !journal->broken;
    if (!*more)
        return OK;
    if (type == DESCRIPTOR)
        return take_descriptor(journal);
    if (type == REVOKE)
        return take_revokes(journal);
    *committed = journal->count;
    journal->transaction++;
    return OK;
}

/* A transaction counts with its commit only. */
static enum err walk(struct ext4_journal *journal)
{
    uint32_t committed = 0;
    bool more = true;

    while (more && journal->left) {
        TRY(read_log(journal, journal->at));
        advance(journal);
        TRY(take_block(journal, &committed, &more));
    }
    journal->count = committed;
    return OK;
}

/* ---- the newest ------------------------------------------------------------------------------ */

static bool is_before(const struct ext4_replaced *a, const struct ext4_replaced *b)
{
    return a->block != b->block ? a->block < b->block : a->order < b->order;
}

/* Shell's sort. */
static void sort(struct ext4_replaced *list, uint32_t count)
{
    for (uint32_t gap = count / 2; gap; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (uint32_t i = gap; i < count; i++) {
            struct ext4_replaced moved = list[i];
            uint32_t to = i;
            for (; to >= gap && is_before(&moved, &list[to - gap]); to -= gap)
                list[to] = list[to - gap];
            list[to] = moved;
        }
}

/* Of each block the newest copy stays, where no revocation of its transaction or a later one says
 * that it is not to be used. Returns how many stay. */
static uint32_t keep_newest(struct ext4_replaced *list, uint32_t count)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count;) {
        const struct ext4_replaced *copy = NULL, *revoked = NULL;
        uint64_t block = list[i].block;
        for (; i < count && list[i].block == block; i++)
            *(list[i].log ? &copy : &revoked) = &list[i];
        if (copy && (!revoked || copy->transaction > revoked->transaction))
            list[kept++] = *copy;
    }
    return kept;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static enum err check_super(struct ext4_journal *journal)
{
    const uint8_t *super = journal->block;
    uint32_t type = load_big32(super + 4), size = load_big32(super + 12);
    uint32_t unknown = journal->features & ~KNOWN_FEATURES;

    if (load_big32(super) != MAGIC || (type != SUPER_1 && type != SUPER_2) ||
        size != journal->ext4->block_bytes)
        return fail(ERR_FORMAT,
                    "no journal of %u bytes a block begins there (magic %Xh, type %u, "
                    "%u bytes)",
                    journal->ext4->block_bytes, load_big32(super), type, size);
    if (unknown || (journal->sums && super[0x50] != SUM_CRC32C))
        return fail(ERR_UNSUPPORTED, "incompatible features %Xh, sums of type %u", unknown,
                    super[0x50]);
    if (journal->first && journal->first < journal->end && journal->at >= journal->first &&
        journal->at < journal->end && journal->end <= journal->ext4->blocks)
        return OK;
    return fail(ERR_FORMAT, "it starts at block %u, not within %u to %u: " EXT4_REPAIR, journal->at,
                journal->first, journal->end);
}

/* The sum of a superblock goes over it alone, and has no seed. */
static enum err check_super_sum(struct ext4_journal *journal)
{
    uint32_t stored = load_big32(journal->block + SUPER_SUM), sum;

    memset(journal->block + SUPER_SUM, 0, sizeof stored);
    sum = crc32c(UINT32_MAX, journal->block, SUPER_BYTES);
    if (!journal->sums || sum == stored)
        return OK;
    return fail(ERR_FORMAT, "its superblock has the sum %Xh, but %Xh is due: " EXT4_REPAIR, sum,
                stored);
}

static enum err take_super(struct ext4_journal *journal)
{
    const uint8_t *super = journal->block;
    uint32_t fast = load_big32(super + 0x54);

    journal->features = load_big32(super + 4) == SUPER_2 ? load_big32(super + 0x28) : 0;
    journal->sums = journal->features & (SUMS_2 | SUMS_3);
    journal->transaction_sums = load_big32(super + 4) == SUPER_2 && !journal->sums &&
                                load_big32(super + 0x24) & TRANSACTION_SUMS;
    journal->transaction_sum = UINT32_MAX;
    journal->first = load_big32(super + 20);
    journal->end = load_big32(super + 16);
    journal->start = load_big32(super + 24);
    journal->at = load_big32(super + 28);
    journal->seed = crc32c(UINT32_MAX, super + 0x30, UUID_BYTES);
    if (journal->features & FAST_COMMITS)
        journal->end -= MIN(journal->end, fast ? fast : FAST_COMMIT_BLOCKS);
    if (!journal->at)
        return OK;
    TRY(check_super(journal));
    journal->left = journal->end - journal->first;
    return check_super_sum(journal);
}

/* Lintel reads whole commits only. Fast ones follow the last of these, in blocks of their own. */
static enum err doubt_fast_commits(struct ext4_journal *journal, struct fs *fs)
{
    char name[VOLUME_NAME_BYTES];

    if (!(journal->features & FAST_COMMITS))
        return OK;
    TRY(read_log(journal, journal->end));
    if (load16(journal->block) == FAST_COMMIT_HEAD &&
        load32(journal->block + 8) == journal->start + journal->transaction)
        doubt(
            &fs->doubt, fs->arena,
            "%s was not unmounted, and its newest changes are fast commits, which Lintel does not "
            "read: mount it once",
            volume_name(fs->volume, name));
    return OK;
}

static void doubt_broken(const struct ext4_journal *journal, struct fs *fs)
{
    char name[VOLUME_NAME_BYTES];

    if (!journal->broken)
        return;
    volume_name(fs->volume, name);
    if (journal->features & ASYNC)
        note("%s: transaction %u was not written to its end\n", name,
             journal->start + journal->transaction);
    else
        doubt(&fs->doubt, fs->arena,
              "%s was not unmounted, and transaction %u of its journal is damaged: " EXT4_REPAIR,
              name, journal->start + journal->transaction);
}

static enum err open(struct ext4 *ext4, struct ext4_journal *journal)
{
    if (!ext4->journal)
        return fail(ERR_UNSUPPORTED, "it lies on another device");
    TRY(ext4_read_inode(ext4, journal->arena, ext4->journal, &journal->inode));
    TRY(arena_take(journal->arena, ext4->block_bytes, (void **)&journal->block));
    TRY(arena_take(journal->arena, ext4->block_bytes, (void **)&ext4->copy));
    TRY(read_log(journal, 0));
    return take_super(journal);
}

enum err ext4_replay(struct ext4 *ext4, struct fs *fs)
{
    struct ext4_journal *journal;

    TRY(ARENA_TAKE(fs->arena, 1, &journal));
    *journal = (struct ext4_journal){.ext4 = ext4, .arena = fs->arena};
    TRY(open(ext4, journal));
    TRY(walk(journal));
    TRY(doubt_fast_commits(journal, fs));
    doubt_broken(journal, fs);
    sort(journal->replaced, journal->count);
    ext4->replaced = journal->replaced;
    ext4->replaced_count = keep_newest(journal->replaced, journal->count);
    ext4->log = journal;
    ext4->node_block = 0;
    return OK;
}
