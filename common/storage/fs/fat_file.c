/* Files of FAT volumes: the chain is walked once, at open and as far as the file needs it; reads
 * then know every extent. */
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "common/storage/fs/fat.h"

#define EXTENTS_AT_FIRST 16

/* Neighbouring clusters. It ends where the next one begins; a last one that holds nothing ends the
 * file. */
struct extent {
    uint32_t index;   /* of its first cluster in the file */
    uint32_t cluster; /* of its first cluster on the volume */
};

struct fat_file {
    struct extent *extents;
    uint32_t count, capacity;
};

static enum err add_extent(struct arena *arena, struct fat_file *state, struct extent extent)
{
    struct extent *larger;
    uint32_t capacity = MAX(2 * state->capacity, EXTENTS_AT_FIRST);

    if (state->count == state->capacity) {
        TRY(ARENA_TAKE(arena, capacity, &larger));
        if (state->count)
            memcpy(larger, state->extents, state->count * sizeof *larger);
        state->extents = larger;
        state->capacity = capacity;
    }
    state->extents[state->count++] = extent;
    return OK;
}

static enum err find_extents(struct arena *arena, struct fat_chain *chain, struct fat_file *state)
{
    bool more;

    do {
        uint64_t index = chain->walked;
        TRY(fat_chain_next(chain, &more));
        if (more)
            TRY(add_extent(arena, state, (struct extent){(uint32_t)index, chain->first}));
    } while (more);
    return add_extent(arena, state, (struct extent){(uint32_t)chain->walked, 0});
}

/* Each cluster has one that follows it. So a walk that meets any of them twice goes round, and has
 * met its last one before. */
static enum err refuse_loop(const struct fat_chain *chain, const struct fat_file *state)
{
    const struct extent *last = &state->extents[state->count - 2];

    for (const struct extent *extent = state->extents; extent < last; extent++)
        if (chain->last - extent->cluster < extent[1].index - extent->index)
            return fail(ERR_FORMAT,
                        "%s: its cluster chain loops: cluster %u comes twice in %lu; repair the "
                        "file system with fsck.fat or chkdsk",
                        chain->name, chain->last, chain->walked);
    return OK;
}

enum err fat_open(const struct fs *fs, const struct fs_entry *entry, struct file *file)
{
    struct fat *fat = fs->state;
    const char *name = file->reader.name;
    uint64_t needed = (entry->bytes + fat->cluster_bytes - 1) / fat->cluster_bytes;
    struct fat_chain chain;
    struct fat_file *state;

    if (!needed)
        return OK;
    TRY(ARENA_TAKE(fs->arena, 1, &state));
    TRY(fat_chain_begin(&chain, fat, name, entry->location, needed));
    TRY(find_extents(fs->arena, &chain, state));
    if (chain.walked < needed)
        return fail(
            ERR_FORMAT,
            "%s: its size of %lu needs %lu cluster%s, but its chain ends at cluster %u after "
            "%lu: the file is cut short",
            name, entry->bytes, needed, text_plural(needed), chain.last, chain.walked);
    file->state = state;
    return refuse_loop(&chain, state);
}

/* The last extent that does not begin behind that cluster of the file. */
static const struct extent *extent_at(const struct fat_file *state, uint64_t index)
{
    uint32_t low = 0, high = state->count - 1;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (state->extents[middle].index <= index)
            low = middle;
        else
            high = middle;
    }
    return &state->extents[low];
}

enum err fat_read(const struct file *file, uint64_t offset, uint64_t bytes, void *to)
{
    const struct fat *fat = file->fs->state;
    const struct extent *extent = extent_at(file->state, offset / fat->cluster_bytes);
    uint8_t *next = to;

    for (; bytes; extent++) {
        uint64_t skip = offset - (uint64_t)extent->index * fat->cluster_bytes;
        uint64_t end = (uint64_t)extent[1].index * fat->cluster_bytes;
        uint64_t part = MIN(bytes, end - offset);
        enum err err =
            volume_read(fat->volume, fat_cluster_offset(fat, extent->cluster) + skip, part, next);
        if (err != OK)
            return fail(err, "%s: %s", file->reader.name, err_message());
        offset += part;
        bytes -= part;
        next += part;
    }
    return OK;
}
