/* What does the loader's code get here that a firmware gives it on a machine? */
#include "images/tool/host/firmware.h"
#include "common/lib/mem.h"
#include "images/tool/host/disk_image.h"
#include <stdio.h>
#include <stdlib.h>

#define MEMORY_MOST (2 * GIB)

static uint64_t memory_limit = MEMORY_MOST, memory_taken;

static enum err read_sectors(const struct disk *disk, uint64_t lba, uint64_t sectors, void *to)
{
    struct disk_image image = {.disk = *disk, .path = disk->name};

    return disk_image_read(&image, lba * disk->sector_bytes, sectors * disk->sector_bytes, to);
}

static void put(char c)
{
    fputc(c, stderr);
}

static enum err allocate(uint64_t pages, uint64_t *physical)
{
    void *memory =
        pages < SIZE_MAX / PAGE_BYTES ? aligned_alloc(PAGE_BYTES, pages * PAGE_BYTES) : NULL;

    if (!memory)
        return fail(ERR_NO_MEMORY, "this machine has no %lu KiB of memory left",
                    pages * PAGE_BYTES / KIB);
    *physical = (uintptr_t)memory;
    return OK;
}

static enum err allocate_for_loader(uint64_t pages, uint64_t *physical)
{
    if (pages > (memory_limit - memory_taken) / PAGE_BYTES)
        return fail(ERR_NO_MEMORY, "no %lu KiB of memory left for the loader",
                    pages * (PAGE_BYTES / KIB));
    TRY(allocate(pages, physical));
    memory_taken += pages * PAGE_BYTES;
    return OK;
}

void host_limit_memory(uint64_t bytes)
{
    memory_limit = MIN(bytes, MEMORY_MOST);
    memory_taken = 0;
}

uint64_t host_memory_taken(void)
{
    return memory_taken;
}

const struct firmware host_firmware = {
    .read = read_sectors, .put = put, .allocate = allocate_for_loader};
struct arena host_arena = {.grow = allocate};
