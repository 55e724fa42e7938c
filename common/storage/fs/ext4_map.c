/* Where do the blocks of an ext2, ext3 or ext4 file lie? */
#include "common/lib/mem.h"
#include "common/storage/fs/ext4.h"

#define EXTENT_MAGIC     0xf30a
#define EXTENT_BYTES     12 /* the header's, and each entry's */
#define EXTENT_DEPTH_MAX 5
#define EXTENT_BLOCKS    32768 /* that one has at most; a greater length: nothing was written yet */

#define DIRECT_BLOCKS  12
#define INDIRECT_DEPTH 3

static enum err read_node(struct ext4 *ext4, uint64_t block)
{
    if (ext4->node_block == block)
        return OK;
    ext4->node_block = 0;
    TRY(ext4_read(ext4, block, 0, ext4->block_bytes, ext4->node));
    ext4->node_block = block;
    return OK;
}

/* ---- extents --------------------------------------------------------------------------------- */

static enum err check_extents(const uint8_t *node, uint32_t bytes, uint32_t depth)
{
    uint32_t entries = load16(node + 2);

    if (load16(node) == EXTENT_MAGIC && entries <= bytes / EXTENT_BYTES - 1 &&
        load16(node + 6) == depth && depth <= EXTENT_DEPTH_MAX)
        return OK;
    return fail(
        ERR_FORMAT,
        "an extent node of magic %04Xh with %u entries and depth %u where %u is due: " EXT4_REPAIR,
        load16(node), entries, load16(node + 6), depth);
}

/* The last entry that does not begin behind `index`, or NULL; *end is lowered to where the next one
 * begins. */
static const uint8_t *find_extent(const uint8_t *node, uint64_t index, uint64_t *end)
{
    const uint8_t *found = NULL, *entry = node;

    for (uint32_t left = load16(node + 2); left; left--) {
        entry += EXTENT_BYTES;
        if (load32(entry) > index) {
            *end = MIN(*end, load32(entry));
            break;
        }
        found = entry;
    }
    return found;
}

static void take_extent(const uint8_t *extent, uint64_t index, uint64_t end, struct ext4_run *run)
{
    uint64_t skip, length;
    bool written;

    *run = (struct ext4_run){.count = end - index};
    if (!extent)
        return;
    skip = index - load32(extent);
    length = load16(extent + 4);
    written = length <= EXTENT_BLOCKS;
    if (!written)
        length -= EXTENT_BLOCKS;
    if (skip >= length)
        return;
    run->count = MIN(run->count, length - skip);
    if (written)
        run->block = (load32(extent + 8) | (uint64_t)load16(extent + 6) << 32) + skip;
}

static enum err map_extents(struct ext4 *ext4, const struct ext4_inode *inode, uint64_t index,
                            struct ext4_run *run)
{
    const uint8_t *node = inode->map, *found;
    uint32_t depth = load16(node + 6), bytes = EXT4_MAP_BYTES;
    uint64_t end = UINT64_C(1) << 32;

    if (index >= end)
        return fail(ERR_FORMAT, "a file has no block %lu: " EXT4_REPAIR, index);
    for (;; depth--) {
        TRY(check_extents(node, bytes, depth));
        found = find_extent(node, index, &end);
        if (!depth || !found)
            break;
        TRY(read_node(ext4, load32(found + 4) | (uint64_t)load16(found + 8) << 32));
        node = ext4->node;
        bytes = ext4->block_bytes;
    }
    take_extent(found, index, end, run);
    return OK;
}

/* ---- indirect blocks ------------------------------------------------------------------------- */

/* Pointers that lead to neighbours, or nowhere. */
static void count_neighbours(const uint8_t *table, uint64_t index, uint64_t entries,
                             struct ext4_run *run)
{
    uint32_t block = load32(table + 4 * index), step = block != 0;

    *run = (struct ext4_run){block, 1};
    while (++index < entries && load32(table + 4 * index) == block + step * (uint32_t)run->count)
        run->count++;
}

static enum err map_indirect(struct ext4 *ext4, const struct ext4_inode *inode, uint64_t index,
                             struct ext4_run *run)
{
    uint64_t entries = ext4->block_bytes / 4, size = entries, span, block;
    uint32_t depth = 1;

    if (index < DIRECT_BLOCKS) {
        count_neighbours(inode->map, index, DIRECT_BLOCKS, run);
        return OK;
    }
    for (index -= DIRECT_BLOCKS; index >= size && depth <= INDIRECT_DEPTH; depth++) {
        index -= size;
        size *= entries;
    }
    if (depth > INDIRECT_DEPTH)
        return fail(ERR_FORMAT, "a file is too long for its map: " EXT4_REPAIR);
    block = load32(inode->map + 4 * (DIRECT_BLOCKS + depth - 1));
    span = size / entries;
    for (; block; span /= entries) {
        TRY(read_node(ext4, block));
        if (span == 1) {
            count_neighbours(ext4->node, index, entries, run);
            return OK;
        }
        block = load32(ext4->node + 4 * (index / span));
        index %= span;
    }
    *run = (struct ext4_run){.count = span * entries - index};
    return OK;
}

enum err ext4_map(struct ext4 *ext4, const struct ext4_inode *inode, uint64_t index,
                  struct ext4_run *run)
{
    return (inode->flags & EXT4_INODE_EXTENTS ? map_extents : map_indirect)(ext4, inode, index,
                                                                            run);
}
