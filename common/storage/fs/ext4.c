/* ext2, ext3 and ext4: the superblock, and what lies where according to it. */
#include "common/storage/fs/ext4.h"
#include "common/lib/doubt.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

#define SUPER_AT        1024
#define SUPER_BYTES     1024
#define MAGIC           0xef53
#define BLOCK_MIN       1024
#define BLOCK_SHIFT_MAX 6
#define ROOT_INODE      2
#define OLD_INODE_BYTES 128
#define LABEL_AT        0x78
#define LABEL_BYTES     16
#define UUID_AT         0x68

/* Incompatible features: who does not know one can't read the file system. */
#define META_GROUPS  0x10
#define NEEDS_REPLAY 0x4
#define WIDE         0x80
#define KNOWN_FEATURES                                                                             \
    (0x2 /* file types */ | NEEDS_REPLAY | META_GROUPS | 0x40 /* extents */ | WIDE |               \
     0x100 /* multiple mount protection */ | 0x200 /* flexible groups */ |                         \
     0x400 /* attributes in inodes */ | 0x2000 /* seed of sums */ | 0x4000 /* large directories */ \
     | 0x8000 /* contents in inodes */ | 0x10000 /* encryption */ | 0x20000 /* case folding */)

#define SPARSE_GROUPS_2 0x200 /* compatible */
#define SPARSE_GROUPS   0x1   /* read only */

/* ---- reading --------------------------------------------------------------------------------- */

const struct ext4_replaced *ext4_find_replaced(const struct ext4 *ext4, uint64_t block)
{
    uint32_t low = 0, high = ext4->replaced_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ext4->replaced[middle].block < block)
            low = middle + 1;
        else
            high = middle;
    }
    return low < ext4->replaced_count ? &ext4->replaced[low] : NULL;
}

static enum err read_copy(struct ext4 *ext4, const struct ext4_replaced *replaced)
{
    static const uint8_t journal_magic[] = {0xc0, 0x3b, 0x39, 0x98};

    if (ext4->copy_block == replaced->log)
        return OK;
    ext4->copy_block = 0;
    TRY(volume_read(ext4->volume, replaced->log * ext4->block_bytes, ext4->block_bytes,
                    ext4->copy));
    TRY(ext4_check_copy(ext4, replaced));
    if (replaced->escaped)
        memcpy(ext4->copy, journal_magic, sizeof journal_magic);
    ext4->copy_block = replaced->log;
    return OK;
}

static enum err check_range(const struct ext4 *ext4, uint64_t block, uint64_t skip, uint64_t bytes)
{
    uint64_t end = ext4->blocks * ext4->block_bytes;

    if (block < ext4->blocks && skip <= end - block * ext4->block_bytes &&
        bytes <= end - block * ext4->block_bytes - skip)
        return OK;
    return fail(ERR_FORMAT, "block %lu is to be read, of %lu: " EXT4_REPAIR,
                block + skip / ext4->block_bytes, ext4->blocks);
}

enum err ext4_read(struct ext4 *ext4, uint64_t block, uint64_t skip, uint64_t bytes, void *to)
{
    uint32_t size = ext4->block_bytes;
    uint64_t part;
    uint8_t *next = to;

    TRY(check_range(ext4, block, skip, bytes));
    for (; bytes; bytes -= part, next += part, skip += part) {
        block += skip / size;
        skip %= size;
        part = bytes;
        const struct ext4_replaced *replaced = ext4_find_replaced(ext4, block);
        if (replaced && replaced->block == block) {
            part = MIN(bytes, size - skip);
            TRY(read_copy(ext4, replaced));
            memcpy(next, ext4->copy + skip, part);
            continue;
        }
        if (replaced)
            part = MIN(bytes, (replaced->block - block) * size - skip);
        TRY(volume_read(ext4->volume, block * size + skip, part, next));
    }
    return OK;
}

/* ---- groups and inodes ----------------------------------------------------------------------- */

static bool is_power_of(uint64_t value, uint32_t base)
{
    while (value % base == 0)
        value /= base;
    return value == 1;
}

/* Groups that begin with a copy of the superblock. */
static bool has_super(const struct ext4 *ext4, uint64_t group)
{
    if (ext4->compatible & SPARSE_GROUPS_2)
        return group == 0 || group == ext4->backup_groups[0] || group == ext4->backup_groups[1];
    return group <= 1 || !(ext4->read_only & SPARSE_GROUPS) || is_power_of(group, 3) ||
           is_power_of(group, 5) || is_power_of(group, 7);
}

/* Descriptors follow the superblock, or lie in the groups that they describe. */
static uint64_t descriptor_block(const struct ext4 *ext4, uint32_t table)
{
    uint64_t group = (uint64_t)table * (ext4->block_bytes / ext4->descriptor_bytes);
    uint32_t super = SUPER_AT / ext4->block_bytes;

    if (!(ext4->features & META_GROUPS) || table < ext4->first_meta_group)
        return super + 1 + (uint64_t)table;
    return ext4->first_block + group * ext4->group_blocks + has_super(ext4, group) +
           (!group && super > ext4->first_block);
}

static enum err inode_table(struct ext4 *ext4, uint32_t group, uint64_t *block)
{
    uint32_t each = ext4->block_bytes / ext4->descriptor_bytes;
    uint8_t descriptor[64] = {0};

    TRY(ext4_read(ext4, descriptor_block(ext4, group / each), group % each * ext4->descriptor_bytes,
                  MIN(ext4->descriptor_bytes, sizeof descriptor), descriptor));
    *block = load32(descriptor + 8) | (uint64_t)load32(descriptor + 40) << 32;
    return OK;
}

/* ---- contents in an inode -------------------------------------------------------------------- */

#define ATTRIBUTES_MAGIC 0xea020000
#define ATTRIBUTE_BYTES  16
#define SYSTEM_ATTRIBUTE 7 /* "system." before its name */

/* Finds the attribute system.data among those that follow the fields of an inode. */
static void find_rest(struct ext4_inode *inode, const uint8_t *raw, uint32_t bytes)
{
    uint32_t at = OLD_INODE_BYTES, first;

    if (bytes > OLD_INODE_BYTES + 4)
        at += load16(raw + OLD_INODE_BYTES);
    first = at + 4;
    if (first > bytes || load32(raw + at) != ATTRIBUTES_MAGIC)
        return;
    for (at = first; at + ATTRIBUTE_BYTES + 4 <= bytes && load32(raw + at);
         at += (uint32_t)align_up(ATTRIBUTE_BYTES + raw[at], 4)) {
        uint32_t offset = first + load16(raw + at + 2), value = load32(raw + at + 8);
        if (raw[at] == 4 && raw[at + 1] == SYSTEM_ATTRIBUTE &&
            memcmp(raw + at + ATTRIBUTE_BYTES, "data", 4) == 0 && offset <= bytes &&
            value <= bytes - offset) {
            inode->rest = raw + offset;
            inode->rest_bytes = value;
        }
    }
}

static void take_inode(struct ext4_inode *inode, const uint8_t *raw)
{
    *inode = (struct ext4_inode){
        .mode = load16(raw),
        .flags = load32(raw + 32),
        .bytes = load32(raw + 4) | (uint64_t)load32(raw + 108) << 32,
    };
    if ((inode->mode & EXT4_MODE_KIND) == EXT4_MODE_DIRECTORY)
        inode->bytes = load32(raw + 4); /* in ext2 the other half was something else */
    memcpy(inode->map, raw + 40, EXT4_MAP_BYTES);
}

static enum err take_inline(struct ext4 *ext4, struct arena *arena, uint64_t block, uint64_t skip,
                            struct ext4_inode *inode)
{
    uint8_t *raw;

    TRY(arena_take(arena, ext4->inode_bytes, (void **)&raw));
    TRY(ext4_read(ext4, block, skip, ext4->inode_bytes, raw));
    find_rest(inode, raw, ext4->inode_bytes);
    if (inode->bytes <= EXT4_MAP_BYTES + (uint64_t)inode->rest_bytes)
        return OK;
    return fail(ERR_FORMAT, "a file of %lu bytes in an inode that holds %u: " EXT4_REPAIR,
                inode->bytes, EXT4_MAP_BYTES + inode->rest_bytes);
}

enum err ext4_read_inode(struct ext4 *ext4, struct arena *arena, uint64_t number,
                         struct ext4_inode *inode)
{
    uint8_t raw[OLD_INODE_BYTES];
    uint64_t block, skip;

    if (!number || number > ext4->inodes)
        return fail(ERR_FORMAT, "inode %lu is to be read, of %u: " EXT4_REPAIR, number,
                    ext4->inodes);
    TRY(inode_table(ext4, (uint32_t)(number - 1) / ext4->group_inodes, &block));
    skip = (number - 1) % ext4->group_inodes * ext4->inode_bytes;
    TRY(ext4_read(ext4, block, skip, sizeof raw, raw));
    take_inode(inode, raw);
    return inode->flags & EXT4_INODE_INLINE ? take_inline(ext4, arena, block, skip, inode) : OK;
}

/* ---- the superblock -------------------------------------------------------------------------- */

static enum err check_features(const struct ext4 *ext4, const char *name)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } refused[] = {{0x1, "compression"}, {0x8, "journal_dev"}, {0x1000, "dirdata"}};
    uint32_t unknown = ext4->features & ~KNOWN_FEATURES;
    const char *feature = "unknown";

    if (!unknown)
        return OK;
    for (size_t i = 0; i < ARRAY_LENGTH(refused); i++)
        if (unknown & refused[i].bit)
            feature = refused[i].name;
    return fail(ERR_UNSUPPORTED,
                "%s: ext4 with an incompatible feature (%s, %Xh), which Lintel "
                "does not read",
                name, feature, unknown);
}

static void take_fields(struct ext4 *ext4, const uint8_t *super)
{
    bool old = load32(super + 76) == 0; /* revision 0 has no features */

    ext4->features = old ? 0 : load32(super + 96);
    ext4->compatible = old ? 0 : load32(super + 92);
    ext4->read_only = old ? 0 : load32(super + 100);
    ext4->blocks = load32(super + 4);
    if (ext4->features & WIDE)
        ext4->blocks |= (uint64_t)load32(super + 336) << 32;
    ext4->inodes = load32(super);
    ext4->first_block = load32(super + 20);
    ext4->group_blocks = load32(super + 32);
    ext4->group_inodes = load32(super + 40);
    ext4->inode_bytes = old ? OLD_INODE_BYTES : load16(super + 88);
    ext4->descriptor_bytes = ext4->features & WIDE ? load16(super + 254) : 32;
    ext4->first_meta_group = load32(super + 260);
    ext4->backup_groups[0] = load32(super + 588);
    ext4->backup_groups[1] = load32(super + 592);
    ext4->journal = old ? 0 : load32(super + 224);
}

static bool is_sound(const struct ext4 *ext4)
{
    return is_power_of_two(ext4->inode_bytes) && ext4->inode_bytes >= OLD_INODE_BYTES &&
           ext4->inode_bytes <= ext4->block_bytes && is_power_of_two(ext4->descriptor_bytes) &&
           ext4->descriptor_bytes >= 32 && ext4->descriptor_bytes <= ext4->block_bytes &&
           ext4->group_inodes && ext4->group_blocks &&
           ext4->blocks <= INT64_MAX / ext4->block_bytes;
}

static enum err take_super(struct ext4 *ext4, const uint8_t *super, const char *name)
{
    take_fields(ext4, super);
    TRY(check_features(ext4, name));
    if (is_sound(ext4))
        return OK;
    return fail(ERR_FORMAT,
                "%s: damaged ext4 superblock: %lu blocks, %u bytes an inode, %u a group "
                "descriptor, groups of %u blocks and %u inodes",
                name, ext4->blocks, ext4->inode_bytes, ext4->descriptor_bytes, ext4->group_blocks,
                ext4->group_inodes);
}

/* What can't be replayed leaves an older state, which need not be one that ever was. */
static enum err replay(struct ext4 *ext4, struct fs *fs, const char *name)
{
    uint8_t super[SUPER_BYTES];

    if (!(ext4->features & NEEDS_REPLAY))
        return OK;
    if (ext4_replay(ext4, fs) != OK)
        doubt(&fs->doubt, fs->arena, "%s was not unmounted, and its journal cannot be read: %s",
              name, err_message());
    if (!ext4->replaced_count)
        return OK;
    note("%s: %u blocks from the journal\n", name, ext4->replaced_count);
    TRY(ext4_read(ext4, SUPER_AT / ext4->block_bytes, SUPER_AT % ext4->block_bytes, sizeof super,
                  super));
    return take_super(ext4, super, name);
}

static enum err ext4_mount(struct fs *fs)
{
    char name[VOLUME_NAME_BYTES];
    uint8_t super[SUPER_BYTES];
    struct ext4 *ext4;

    volume_name(fs->volume, name);
    TRY(volume_read(fs->volume, SUPER_AT, sizeof super, super));
    if (load16(super + 56) != MAGIC || load32(super + 24) > BLOCK_SHIFT_MAX)
        return fail(ERR_NOT_FOUND, "%s: not an ext4 volume", name);
    TRY(ARENA_TAKE(fs->arena, 1, &ext4));
    ext4->volume = fs->volume;
    ext4->block_bytes = BLOCK_MIN << load32(super + 24);
    TRY(take_super(ext4, super, name));
    TRY(arena_take(fs->arena, ext4->block_bytes, (void **)&ext4->node));
    fs->state = ext4;
    fs->root.location = ROOT_INODE;
    TRY(replay(ext4, fs, name));
    note("%s: ext4, %lu blocks of %u bytes\n", name, ext4->blocks, ext4->block_bytes);
    return OK;
}

static enum err ext4_identify(const struct fs *fs, struct fs_identity *identity)
{
    struct ext4 *ext4 = fs->state;
    uint8_t super[SUPER_BYTES], *uuid = super + UUID_AT;

    TRY(ext4_read(ext4, SUPER_AT / ext4->block_bytes, SUPER_AT % ext4->block_bytes, sizeof super,
                  super));
    fs_set_label(identity, (const char *)super + LABEL_AT, LABEL_BYTES);
    fmt(identity->uuid, sizeof identity->uuid, "%08x-%04x-%04x-%04x-%04x%08x",
        __builtin_bswap32(load32(uuid)), __builtin_bswap16(load16(uuid + 4)),
        __builtin_bswap16(load16(uuid + 6)), __builtin_bswap16(load16(uuid + 8)),
        __builtin_bswap16(load16(uuid + 10)), __builtin_bswap32(load32(uuid + 12)));
    return OK;
}

const struct fs_driver ext4_driver = {
    .name = "ext4",
    .mount = ext4_mount,
    .identify = ext4_identify,
    .list = ext4_list,
    .open = ext4_open,
    .read = ext4_read_file,
};
