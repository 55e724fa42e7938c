/* A firmware with one disk, the fuzzer's bytes, and one pool of memory. */
#pragma once

#include "common/firmware.h"
#include "common/lib/mem.h"
#include <stdlib.h>

#define POOL_BYTES (32 * MIB)

static struct {
    const uint8_t *bytes;
    struct disk disk;
    uint8_t *pool;
    uint64_t used;
} memory_disk;

/* What the core reads into is checked by ASan. */
static inline enum err memory_disk_read(const struct disk *disk, uint64_t lba, uint64_t sectors,
                                        void *to)
{
    if (!sectors)
        abort();
    if (lba > disk->sectors || sectors > disk->sectors - lba)
        return fail(ERR_IO, "LBA %lu + %lu is behind the last sector", lba, sectors);
    memcpy(to, memory_disk.bytes + lba * disk->sector_bytes, sectors * disk->sector_bytes);
    return OK;
}

/* Writes nothing, for the next look to see the same: what the core may change are digits. */
static inline enum err memory_disk_write(const struct disk *disk, uint64_t lba, const void *before,
                                         const void *after)
{
    const uint8_t *old = before, *new = after;

    if (lba >= disk->sectors ||
        memcmp(memory_disk.bytes + lba * disk->sector_bytes, before, disk->sector_bytes) != 0)
        abort();
    for (uint32_t i = 0; i < disk->sector_bytes; i++)
        if (old[i] != new[i] && (old[i] < '0' || old[i] > '9' || new[i] < '0' || new[i] > '9'))
            abort();
    return OK;
}

static inline enum err memory_disk_allocate(uint64_t pages, uint64_t *physical)
{
    if (pages > (POOL_BYTES - memory_disk.used) / PAGE_BYTES)
        return fail(ERR_NO_MEMORY, "the pool is empty");
    *physical = (uint64_t)(uintptr_t)(memory_disk.pool + memory_disk.used);
    memset(at_physical(*physical), 0, pages * PAGE_BYTES);
    memory_disk.used += pages * PAGE_BYTES;
    return OK;
}

static const struct firmware memory_disk_firmware = {
    .read = memory_disk_read,
    .write_sector = memory_disk_write,
    .allocate = memory_disk_allocate,
};

/* Begins anew with these bytes; a last incomplete sector is not there. */
static inline struct disk *memory_disk_begin(const uint8_t *bytes, uint64_t size,
                                             uint32_t sector_bytes)
{
    if (!memory_disk.pool)
        memory_disk.pool = aligned_alloc(PAGE_BYTES, POOL_BYTES);
    memory_disk.used = 0;
    memory_disk.bytes = bytes;
    memory_disk.disk = (struct disk){
        .name = "fuzzed disk",
        .sectors = size / sector_bytes,
        .sector_bytes = sector_bytes,
        .medium = LINTEL_MEDIUM_DISK,
    };
    return &memory_disk.disk;
}
