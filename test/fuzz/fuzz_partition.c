/* Any bytes as a disk: list its partitions, which must lie on it. The first byte chooses the sector
 * size, and whether GPT checksums are made right. */
#include "memory_disk.h"
#include "common/disk/disk.h"
#include "common/lib/crc32.h"
#include <string.h>

static uint8_t image[MIB];

static void store32(uint8_t *to, uint32_t value)
{
    memcpy(to, &value, sizeof value);
}

/* Fixes what a fuzzer can't guess: signature, revision, size, place and both checksums. */
static void seal(uint64_t size, uint64_t lba, uint32_t sector_bytes)
{
    uint8_t *header = image + lba * sector_bytes;
    uint64_t array = load64(header + 72) % 64 * sector_bytes;
    uint64_t array_bytes = (uint64_t)load32(header + 80) * load32(header + 84);

    memcpy(header, "EFI PART\0\0\1\0\x5c\0\0", 16);
    memcpy(header + 24, &lba, sizeof lba);
    if (array < size && array_bytes <= size - array)
        store32(header + 88, crc32(0, image + array, array_bytes));
    store32(header + 16, 0);
    store32(header + 16, crc32(0, header, 92));
}

static void check(const struct disk *disk, const struct volume *volumes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (volumes[i].first_lba > disk->sectors ||
            volumes[i].sectors > disk->sectors - volumes[i].first_lba)
            __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t bytes = align_up(size, SECTOR_BYTES_MAX) + SECTOR_BYTES_MAX;
    struct arena arena;
    struct volume *volumes;
    const struct disk *disk;
    uint32_t sector_bytes, count;

    if (!size || bytes > sizeof image)
        return 0;
    sector_bytes = 512u << (data[0] >> 2 & 3);
    memset(image, 0, bytes);
    memcpy(image, data + 1, size - 1);
    image[510] = 0x55;
    image[511] = 0xaa;
    if (data[0] & 1)
        image[446 + 4] = 0xee;
    if (data[0] & 1)
        seal(bytes, bytes / sector_bytes - 1, sector_bytes);
    if (data[0] & 2)
        seal(bytes, 1, sector_bytes);
    disk = memory_disk_begin(image, bytes, sector_bytes);
    arena_begin(&arena, memory_disk_firmware.allocate);
    if (partition_list(&memory_disk_firmware, disk, &arena, &volumes, &count) == OK)
        check(disk, volumes, count);
    return 0;
}
