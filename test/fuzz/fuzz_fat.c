/* Any bytes as a FAT volume: mount, list everything, open and read every file. The first byte
 * chooses the disk's sector size, and whether the bytes are the volume, or only the beginnings of
 * its table, root directory and clusters, below a boot sector that the second byte chooses. */
#include "test/fuzz/read_volume.h"

static uint8_t image[64 * KIB];

static void store16(uint32_t at, uint16_t value)
{
    memcpy(image + at, &value, sizeof value);
}

/* A parameter block that no fuzzer guesses: one table of one sector, then the root directory. That
 * there are 5,000 sectors makes it FAT16, with few enough in reach of the table. */
static uint32_t put_boot_sector(uint8_t choice)
{
    uint32_t sector_bytes = 512u << (choice >> 2 & 3);
    bool wide = choice & 2;

    store16(11, (uint16_t)sector_bytes);
    image[13] = (uint8_t)(1 << (choice >> 4 & 1));
    store16(14, 1);
    image[16] = 1;
    store16(17, wide ? 0 : 16);
    store16(19, choice & 1 ? 5000 : 200);
    image[21] = 0xf8;
    store16(wide ? 36 : 22, 1);
    store16(44, wide ? 2 : 0);
    return sector_bytes;
}

/* Moves `most` bytes of the input to a place in the image. */
static void scatter(const uint8_t **data, size_t *size, uint64_t to, size_t most)
{
    size_t bytes = MIN(*size, most);

    memcpy(image + to, *data, bytes);
    *data += bytes;
    *size -= bytes;
}

/* A file whose name counts, as the root directory's first, with a bit of it changed. */
static void put_counted(uint8_t *root, uint32_t bit)
{
    static const uint8_t slots[64] = {0x41, 'a', 0,   '+', 0,   '3', 0,    '-',  0,    '0',  0,
                                      0x0f, 0,   0,   '.', 0,   'c', 0,    'o',  0,    'n',  0,
                                      'f',  0,   0,   0,   0,   0,   0xff, 0xff, 0xff, 0xff, 'A',
                                      '3',  '0', ' ', ' ', ' ', ' ', ' ',  'C',  'O',  'N'};

    memcpy(root, slots, sizeof slots);
    root[bit / 8 % sizeof slots] ^= (uint8_t)(1 << bit % 8);
}

/* Makes the long names in the root directory belong to the short names behind them. */
static void set_checksums(uint8_t *root)
{
    for (uint8_t *slot = root + 7 * 32, sum = 0; slot >= root; slot -= 32) {
        if (slot[11] == 0x0f) {
            slot[13] = sum;
            continue;
        }
        sum = 0;
        for (int i = 0; i < 11; i++)
            sum = (uint8_t)((sum >> 1 | sum << 7) + slot[i]);
    }
}

static void fill_image(bool plausible, uint8_t choice, const uint8_t *data, size_t size)
{
    uint32_t sector_bytes;

    memset(image, 0, sizeof image);
    if (plausible) {
        sector_bytes = put_boot_sector(choice);
        scatter(&data, &size, sector_bytes, 64);
        scatter(&data, &size, 2 * sector_bytes, 256);
        if (choice & 0x20 && size > 1)
            put_counted(image + 2 * sector_bytes, data[0] | (uint32_t)data[1] << 8);
        set_checksums(image + 2 * sector_bytes);
        scatter(&data, &size, 3 * sector_bytes, sizeof image - 3 * sector_bytes);
    } else {
        scatter(&data, &size, 0, sizeof image);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    fill_image(data[0] & 1, data[1], data + 2, size - 2);
    read_volume(image, sizeof image, 512u << (data[0] >> 1 & 3));
    return 0;
}
