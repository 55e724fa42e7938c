/* Any bytes as a disk: list its partitions, which must lie on it. The first byte chooses the sector
 * size, and what is laid over the bytes because no fuzzer guesses it. */
#include "common/format/crc32.h"
#include "common/storage/disk/disk.h"
#include "test/fuzz/memory_disk.h"
#include <string.h>

#define SIGNED    0x04 /* every sector is a sensible boot record */
#define PROTECTED 0x08 /* the first entry of the MBR is a protective one */
#define PRIMARY   0x10 /* the header has the right signature and checksums */
#define BACKUP    0x20
#define PLAUSIBLE 0x40 /* and fields that make sense */

static uint8_t image[MIB];

static void store32(uint8_t *to, uint32_t value)
{
    memcpy(to, &value, sizeof value);
}

static void store64(uint8_t *to, uint64_t value)
{
    memcpy(to, &value, sizeof value);
}

/* Fields that agree with each other: eight entries or more, next to their header, and partitions
 * near the usable sectors. */
static void make_plausible(uint8_t *header, uint64_t lba, uint64_t last_lba, uint32_t sector_bytes)
{
    uint64_t array = lba == 1 ? 2 : last_lba - 4;

    for (uint8_t *entry = image + array * sector_bytes, *end = entry + 512; entry < end;
         entry += 128) {
        store64(entry + 32, load64(entry + 32) % last_lba);
        store64(entry + 40, load64(entry + 40) % last_lba);
    }
    store64(header + 32, lba == 1 ? last_lba : 1);
    store64(header + 40, 6);
    store64(header + 48, last_lba - 5);
    store64(header + 72, array);
    store32(header + 80, 8 | (header[80] & 7));
    store32(header + 84, 128);
}

/* Fixes what a fuzzer can't guess: signature, revision, size, place and both checksums. */
static void seal(uint8_t *header, uint64_t size, uint64_t lba, uint32_t sector_bytes)
{
    uint64_t array = load64(header + 72), offset;
    uint64_t array_bytes = (uint64_t)load32(header + 80) * load32(header + 84);

    memcpy(header, "EFI PART\0\0\1\0\x5c\0\0", 16);
    store64(header + 24, lba);
    if (!mul_wraps(array, sector_bytes, &offset) && offset < size && array_bytes <= size - offset)
        store32(header + 88, crc32(0, image + offset, array_bytes));
    store32(header + 16, 0);
    store32(header + 16, crc32(0, header, 92));
}

static void lay_gpt(uint64_t size, uint64_t lba, uint32_t sector_bytes, bool plausible)
{
    uint8_t *header = image + lba * sector_bytes;

    if (plausible && size / sector_bytes > 12)
        make_plausible(header, lba, size / sector_bytes - 1, sector_bytes);
    seal(header, size, lba, sector_bytes);
}

/* Makes each sector a boot record whose entries lie on the disk. */
static void sign_sectors(uint64_t size, uint32_t sector_bytes)
{
    uint32_t sectors = (uint32_t)(size / sector_bytes);

    for (uint64_t offset = 0; offset < size; offset += sector_bytes) {
        uint8_t *sector = image + offset;
        memcpy(sector + 510, "\x55\xaa", 2);
        for (uint8_t *entry = sector + 446; entry < sector + 510; entry += 16) {
            entry[0] &= 0x80;
            store32(entry + 8, load32(entry + 8) % sectors);
        }
    }
}

static void check(const struct volume *volumes, uint32_t count)
{
    uint64_t end;

    for (uint32_t i = 0; i < count; i++)
        if (!volumes[i].sectors || add_wraps(volumes[i].first_lba, volumes[i].sectors, &end))
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
    sector_bytes = 512u << (data[0] & 3);
    memset(image, 0, bytes);
    memcpy(image, data + 1, size - 1);
    if (data[0] & SIGNED)
        sign_sectors(bytes, sector_bytes);
    if (data[0] & PROTECTED)
        image[446 + 4] = 0xee;
    if (data[0] & PRIMARY)
        lay_gpt(bytes, 1, sector_bytes, data[0] & PLAUSIBLE);
    if (data[0] & BACKUP)
        lay_gpt(bytes, bytes / sector_bytes - 1, sector_bytes, data[0] & PLAUSIBLE);
    disk = memory_disk_begin(image, bytes, sector_bytes);
    arena_begin(&arena, memory_disk_firmware.allocate);
    if (partition_list(&memory_disk_firmware, disk, &arena, &volumes, &count) == OK)
        check(volumes, count);
    return 0;
}
