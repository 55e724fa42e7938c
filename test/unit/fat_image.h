/* FAT volumes built by hand in memory, for shapes that no tool makes. */
#pragma once

#include "common/lib/mem.h"
#include "common/storage/fs/fs.h"
#include <stdlib.h>
#include <string.h>

#define IMAGE_SECTOR   512
#define IMAGE_FATS     2
#define IMAGE_RESERVED 8
#define IMAGE_ROOT     512 /* entries, FAT12 and FAT16 */

struct image {
    uint8_t *bytes;
    uint64_t size;
    uint32_t bits, clusters, cluster_bytes;
    uint64_t fat, fat_bytes, root, data; /* offsets */
    uint32_t root_entries;               /* filled so far */
};

static inline void store(void *to, uint64_t value, int bytes)
{
    memcpy(to, &value, (size_t)bytes);
}

static inline uint8_t *image_cluster(const struct image *image, uint32_t cluster)
{
    return image->bytes + image->data + (uint64_t)(cluster - 2) * image->cluster_bytes;
}

/* Sets an entry in one table. */
static inline void image_set_in(struct image *image, uint32_t table, uint32_t cluster,
                                uint32_t value)
{
    uint8_t *fat = image->bytes + image->fat + table * image->fat_bytes;

    if (image->bits == 32) {
        store(fat + cluster * 4, value, 4);
    } else if (image->bits == 16) {
        store(fat + cluster * 2, value, 2);
    } else {
        uint8_t *at = fat + cluster + cluster / 2;
        uint32_t old = load16(at);
        store(at, cluster % 2 ? (old & 0xf) | value << 4 : (old & 0xf000) | value, 2);
    }
}

static inline void image_set(struct image *image, uint32_t cluster, uint32_t value)
{
    for (uint32_t table = 0; table < IMAGE_FATS; table++)
        image_set_in(image, table, cluster, value);
}

static inline uint32_t image_end_mark(const struct image *image)
{
    return image->bits == 32 ? 0x0fffffff : (1u << image->bits) - 1;
}

/* Links `count` neighbours from `first` and ends the chain. */
static inline void image_chain(struct image *image, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        image_set(image, first + i, i + 1 < count ? first + i + 1 : image_end_mark(image));
}

static inline void image_boot_sector(const struct image *image, uint32_t cluster_sectors)
{
    uint8_t *boot = image->bytes;
    uint64_t fat_sectors = image->fat_bytes / IMAGE_SECTOR;

    memcpy(boot, "\xeb\xfe\x90lintel  ", 11);
    store(boot + 11, IMAGE_SECTOR, 2);
    boot[13] = (uint8_t)cluster_sectors;
    store(boot + 14, IMAGE_RESERVED, 2);
    boot[16] = IMAGE_FATS;
    store(boot + 17, image->bits == 32 ? 0 : IMAGE_ROOT, 2);
    boot[21] = 0xf8;
    store(boot + 22, image->bits == 32 ? 0 : fat_sectors, 2);
    store(boot + 32, image->size / IMAGE_SECTOR, 4);
    if (image->bits == 32) {
        store(boot + 36, fat_sectors, 4);
        store(boot + 44, 2, 4);
        memcpy(boot + 82, "FAT32   ", 8);
    } else {
        memcpy(boot + 54, "FAT     ", 8);
    }
    store(boot + 510, 0xaa55, 2);
}

/* On FAT32 the root directory is cluster 2. */
static inline struct image image_begin(uint32_t bits, uint32_t clusters, uint32_t cluster_sectors)
{
    struct image image = {.bits = bits, .clusters = clusters};
    uint64_t fat_bytes = align_up(((uint64_t)(clusters + 2) * bits + 7) / 8, IMAGE_SECTOR);

    image.cluster_bytes = cluster_sectors * IMAGE_SECTOR;
    image.fat = IMAGE_RESERVED * IMAGE_SECTOR;
    image.fat_bytes = fat_bytes;
    image.root = image.fat + IMAGE_FATS * fat_bytes;
    image.data = image.root + (bits == 32 ? 0 : IMAGE_ROOT * 32);
    image.size = image.data + (uint64_t)clusters * image.cluster_bytes;
    image.bytes = calloc(1, image.size);
    image_boot_sector(&image, cluster_sectors);
    image_set(&image, 0, image_end_mark(&image) - 7);
    image_set(&image, 1, image_end_mark(&image));
    if (bits == 32)
        image_chain(&image, 2, 1);
    return image;
}

static inline void image_end(struct image *image)
{
    free(image->bytes);
}

/* Appends one slot to the root directory; returns it. */
static inline uint8_t *image_slot(struct image *image)
{
    return image->bytes + image->root + 32 * image->root_entries++;
}

/* Adds a root entry; `name` has 11 characters, as on disk. */
static inline uint8_t *image_add(struct image *image, const char *name, uint32_t cluster,
                                 uint32_t bytes)
{
    uint8_t *slot = image_slot(image);

    memcpy(slot, name, 11);
    store(slot + 20, cluster >> 16, 2);
    store(slot + 26, cluster & 0xffff, 2);
    store(slot + 28, bytes, 4);
    return slot;
}

/* Fills clusters with bytes that tell one from another. */
static inline void image_fill(struct image *image, uint32_t first, uint32_t count)
{
    uint32_t noise = first;

    for (uint8_t *at = image_cluster(image, first); at < image_cluster(image, first + count); at++)
        *at = (uint8_t)((noise = noise * 1664525 + 1013904223) >> 24);
}
