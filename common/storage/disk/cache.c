/* Has this block of a disk been read before? */
#include "common/storage/disk/cache.h"
#include "common/lib/mem.h"

#define BLOCK_BYTES (64 * KIB)
#define BLOCKS      8

struct block {
    const struct disk *disk; /* NULL: empty */
    uint64_t lba, sectors;
    uint64_t used; /* when last, in reads */
    uint8_t *bytes;
};

struct disk_cache {
    struct block blocks[BLOCKS];
    uint64_t reads;
};

void cache_begin(struct facts *facts, struct arena *arena)
{
    struct disk_cache *cache;
    uint8_t *bytes;
    if (ARENA_TAKE(arena, 1, &cache) != OK || ARENA_TAKE(arena, BLOCKS * BLOCK_BYTES, &bytes) != OK)
        return;
    for (uint32_t i = 0; i < BLOCKS; i++)
        cache->blocks[i].bytes = bytes + i * BLOCK_BYTES;
    for (uint32_t i = 0; i < facts->disk_count; i++)
        facts->disks[i].cache = cache;
}

void cache_forget(const struct disk *disk)
{
    for (uint32_t i = 0; disk->cache && i < BLOCKS; i++)
        disk->cache->blocks[i].disk = NULL;
}

static struct block *find_block(struct disk_cache *cache, const struct disk *disk, uint64_t lba)
{
    for (uint32_t i = 0; i < BLOCKS; i++)
        if (cache->blocks[i].disk == disk && cache->blocks[i].lba == lba)
            return &cache->blocks[i];
    return NULL;
}

static struct block *oldest_block(struct disk_cache *cache)
{
    struct block *oldest = &cache->blocks[0];
    for (uint32_t i = 1; i < BLOCKS; i++)
        if (cache->blocks[i].used < oldest->used)
            oldest = &cache->blocks[i];
    return oldest;
}

/* A floppy's block is a track, which one turn of the floppy brings whole or in part. */
static uint64_t block_sectors_of(const struct disk *disk)
{
    uint64_t most = BLOCK_BYTES / disk->sector_bytes;
    bool by_track = disk->medium == LINTEL_MEDIUM_FLOPPY && disk->track_sectors;
    return by_track ? MIN(disk->track_sectors, most) : most;
}

/* The block at `lba`, read when it is not there yet; NULL when that fails. */
static struct block *get_block(const struct firmware *firmware, const struct disk *disk,
                               uint64_t lba, uint64_t sectors)
{
    struct block *block = find_block(disk->cache, disk, lba);
    if (!block) {
        block = oldest_block(disk->cache);
        block->disk = NULL;
        if (lba < disk->sectors) /* the last one: not to ask for more than there may be */
            sectors = MIN(sectors, disk->sectors - lba);
        if (firmware->read(disk, lba, sectors, block->bytes) != OK)
            return NULL;
        block->disk = disk;
        block->lba = lba;
        block->sectors = sectors;
    }
    block->used = ++disk->cache->reads;
    return block;
}

enum err cache_read(const struct firmware *firmware, const struct disk *disk, uint64_t lba,
                    uint64_t sectors, void *to)
{
    uint64_t block_sectors = block_sectors_of(disk), end;
    uint8_t *next = to;

    if (!disk->cache || sectors >= block_sectors || add_wraps(lba, sectors, &end))
        return firmware->read(disk, lba, sectors, to);
    while (lba < end) {
        uint64_t skip = lba % block_sectors, count = MIN(block_sectors - skip, end - lba);
        const struct block *block = get_block(firmware, disk, lba - skip, block_sectors);
        /* The bad sector may be one that nobody asked for; and the disk may go on behind its end.
         */
        if (!block || skip + count > block->sectors)
            return firmware->read(disk, lba, end - lba, next);
        memcpy(next, block->bytes + skip * disk->sector_bytes, count * disk->sector_bytes);
        next += count * disk->sector_bytes;
        lba += count;
    }
    return OK;
}
