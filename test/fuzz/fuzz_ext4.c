/* Any bytes as an ext2, ext3 or ext4 volume: mount, list everything, open and read every file. The
 * bytes lie over a small volume: a list of places and of what to put there, for a fuzzer does not
 * guess where things lie. */
#include "test/fuzz/read_volume.h"

#define BLOCK  1024
#define BLOCKS 64

static uint8_t image[BLOCKS * BLOCK];

static void put(uint32_t at, uint64_t value, uint32_t bytes)
{
    store_bytes(image + at, value, bytes);
}

static void put_big(uint32_t at, uint32_t value)
{
    put(at, __builtin_bswap32(value), 4);
}

static void put_inode(uint32_t number, uint32_t mode, uint32_t bytes, uint32_t flags)
{
    uint32_t at = 5 * BLOCK + (number - 1) * 256;

    put(at, mode, 2);
    put(at + 4, bytes, 4);
    put(at + 32, flags, 4);
    if (flags & 0x80000) {
        put(at + 40, 0x0001f30a, 4);
        put(at + 44, 4, 2);
    }
}

static void put_extent(uint32_t number, uint32_t block, uint32_t count)
{
    uint32_t at = 5 * BLOCK + (number - 1) * 256 + 40;

    put(at + 16, count, 2);
    put(at + 20, block, 4);
}

static uint32_t put_entry(uint32_t at, uint32_t inode, uint32_t length, const char *name,
                          uint32_t type)
{
    put(at, inode, 4);
    put(at + 4, length, 2);
    image[at + 6] = (uint8_t)strlen(name);
    image[at + 7] = (uint8_t)type;
    memcpy(image + at + 8, name, strlen(name));
    return at + length;
}

/* The root with a file in extents, one behind indirect blocks, one in its inode, and a directory;
 * and a journal in blocks 40 to 55 with one transaction. */
static void make(void)
{
    memset(image, 0, sizeof image);
    put(1024, 16, 4);
    put(1024 + 4, BLOCKS, 4);
    put(1024 + 20, 1, 4);
    put(1024 + 32, 8192, 4);
    put(1024 + 40, 16, 4);
    put(1024 + 56, 0xef53, 2);
    put(1024 + 76, 1, 4);
    put(1024 + 88, 256, 2);
    put(1024 + 92, 4, 4);
    put(1024 + 96, 0x8046, 4);
    put(1024 + 224, 8, 4);
    put(2 * BLOCK + 8, 5, 4);
    put_inode(2, 0x4000, BLOCK, 0x80000);
    put_extent(2, 20, 1);
    put_inode(8, 0x8000, 16 * BLOCK, 0x80000);
    put_extent(8, 40, 16);
    put_inode(11, 0x8000, 3000, 0x80000);
    put_extent(11, 22, 3);
    put_inode(12, 0x8000, 300000, 0);
    for (uint32_t i = 0; i < 15; i++)
        put(5 * BLOCK + 11 * 256 + 40 + 4 * i, 26 + i % 4, 4);
    put_inode(13, 0x8000, 50, 0x10000000);
    put_inode(14, 0x4000, BLOCK, 0x80000);
    put_extent(14, 21, 1);
    uint32_t at = put_entry(20 * BLOCK, 11, 16, "a", 1);
    at = put_entry(at, 12, 16, "b", 1);
    at = put_entry(at, 13, 16, "c", 1);
    put_entry(at, 14, BLOCK - 48, "d", 2);
    put_entry(21 * BLOCK, 11, BLOCK, "e", 1);
    for (uint32_t i = 0; i < 4; i++) {
        put_big((i ? 40 + i : 40) * BLOCK, i == 2 ? 0 : 0xc03b3998);
        put_big((40 + i) * BLOCK + 4, (const uint32_t[]){4, 1, 0, 2}[i]);
        put_big((40 + i) * BLOCK + 8, 1);
    }
    put_big(40 * BLOCK + 12, BLOCK);
    put_big(40 * BLOCK + 16, 16);
    put_big(40 * BLOCK + 20, 1);
    put_big(40 * BLOCK + 24, 1);
    put_big(40 * BLOCK + 28, 1);
    put_big(41 * BLOCK + 12, 30);
    put_big(41 * BLOCK + 16, 10);
}

/* Three bytes tell a place, and how many bytes of the input go there. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    make();
    while (size > 3) {
        uint32_t at = load16(data) % (BLOCKS * BLOCK), bytes = data[2] & 63;
        data += 3;
        size -= 3;
        bytes = (uint32_t)MIN(MIN(bytes, size), BLOCKS * BLOCK - at);
        memcpy(image + at, data, bytes);
        data += bytes;
        size -= bytes;
    }
    read_volume(image, sizeof image, 512);
    return 0;
}
