/* Makes small ISO 9660 volumes byte by byte, in shapes that no tool makes. */
#pragma once

#include "common/lib/mem.h"

#define IMAGE_SECTORS      64
#define IMAGE_PRIMARY      16
#define IMAGE_JOLIET       17
#define IMAGE_TERMINATOR   18
#define IMAGE_ROOT         20 /* two sectors, as all directories */
#define IMAGE_SUB          22
#define IMAGE_MOVED        24
#define IMAGE_JOLIET_ROOT  26
#define IMAGE_CONTINUATION 28 /* to 31 */
#define IMAGE_DATA         32 /* to the end: noise */

static struct image {
    uint8_t bytes[IMAGE_SECTORS * 2048];
    uint32_t block_bytes;
} image;

static inline uint8_t *image_sector(uint32_t sector)
{
    return image.bytes + 2048 * sector;
}

static inline uint32_t image_block(uint32_t sector)
{
    return sector * (2048 / image.block_bytes);
}

static inline void store_both(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = to[7 - i] = (uint8_t)(value >> 8 * i);
}

static inline void store_both16(uint8_t *to, uint32_t value)
{
    to[0] = to[3] = (uint8_t)value;
    to[1] = to[2] = (uint8_t)(value >> 8);
}

static inline void image_record(uint8_t *to, const char *name, size_t name_bytes, uint32_t block,
                                uint32_t bytes, uint8_t flags)
{
    to[0] = (uint8_t)((33 + name_bytes + 1) & ~1u);
    store_both(to + 2, block);
    store_both(to + 10, bytes);
    to[25] = flags;
    to[32] = (uint8_t)name_bytes;
    memcpy(to + 33, name, name_bytes);
}

/* Appends a record to the directory in that sector; returns it. */
static inline uint8_t *image_add_bytes(uint32_t directory, const char *name, size_t name_bytes,
                                       uint32_t sector, uint32_t bytes, uint8_t flags)
{
    uint8_t *to = image_sector(directory);

    while (*to)
        to += *to;
    image_record(to, name, name_bytes, image_block(sector), bytes, flags);
    return to;
}

static inline uint8_t *image_add(uint32_t directory, const char *name, uint32_t sector,
                                 uint32_t bytes, uint8_t flags)
{
    return image_add_bytes(directory, name, strlen(name), sector, bytes, flags);
}

/* Writes a System Use entry; returns the place behind it. */
static inline uint8_t *image_entry(uint8_t *to, const char *signature, const void *data,
                                   size_t bytes)
{
    to[0] = (uint8_t)signature[0];
    to[1] = (uint8_t)signature[1];
    to[2] = (uint8_t)(4 + bytes);
    to[3] = 1;
    memcpy(to + 4, data, bytes);
    return to + 4 + bytes;
}

/* Appends an entry to the last record of a directory. Returns the entry. */
static inline uint8_t *image_use(uint8_t *record, const char *signature, const void *data,
                                 size_t bytes)
{
    uint8_t *to = record + record[0];

    record[0] = (uint8_t)(image_entry(to, signature, data, bytes) - record);
    return to;
}

/* The contents of an entry CE. */
static inline const uint8_t *image_continuation(uint32_t sector, uint32_t offset, uint32_t bytes)
{
    static uint8_t data[24];

    store_both(data, image_block(sector));
    store_both(data + 8, offset);
    store_both(data + 16, bytes);
    return data;
}

static inline uint8_t *image_directory(uint32_t sector)
{
    uint8_t *self = image_add_bytes(sector, "\0", 1, sector, 2 * 2048, 2);

    image_add_bytes(sector, "\1", 1, IMAGE_ROOT, 2 * 2048, 2);
    return self;
}

static inline void image_descriptor(uint32_t sector, uint8_t type, uint32_t root)
{
    uint8_t *to = image_sector(sector);

    to[0] = type;
    memcpy(to + 1, "CD001\1", 6);
    store_both(to + 80, image_block(IMAGE_SECTORS));
    store_both16(to + 128, image.block_bytes);
    image_record(to + 156, "\0", 1, image_block(root), 2 * 2048, 2);
}

/* `skip`: bytes that come before System Use entries. */
static inline void image_begin(uint32_t block_bytes, bool rock_ridge, uint8_t skip)
{
    uint8_t *self;
    uint32_t noise = 1;

    memset(&image, 0, sizeof image);
    image.block_bytes = block_bytes;
    for (uint8_t *at = image_sector(IMAGE_DATA); at < image_sector(IMAGE_SECTORS); at++)
        *at = (uint8_t)((noise = noise * 1664525 + 1013904223) >> 24);
    image_descriptor(IMAGE_PRIMARY, 1, IMAGE_ROOT);
    memcpy(image_sector(IMAGE_TERMINATOR), "\377CD001\1", 7);
    self = image_add_bytes(IMAGE_ROOT, "\0", 1, IMAGE_ROOT, 2 * 2048, 2);
    if (rock_ridge) {
        image_use(self, "SP", (uint8_t[]){0xbe, 0xef, skip}, 3);
        image_use(self, "ER", "\12\0\0\1RRIP_1991A", 14);
    }
    image_add_bytes(IMAGE_ROOT, "\1", 1, IMAGE_ROOT, 2 * 2048, 2);
}

static inline void image_add_joliet(void)
{
    image_descriptor(IMAGE_JOLIET, 2, IMAGE_JOLIET_ROOT);
    memcpy(image_sector(IMAGE_JOLIET) + 88, "%/E", 3);
    image_directory(IMAGE_JOLIET_ROOT);
}

/* /DEEP stands for a directory in /rr_moved with a file in it. Returns the record of /DEEP, whose
 * entry CL is its last. */
static inline uint8_t *image_begin_relocated(void)
{
    uint8_t *link;

    image_begin(2048, true, 0);
    link = image_add(IMAGE_ROOT, "DEEP", 0, 0, 0);
    image_use(link, "CL", image_continuation(IMAGE_MOVED, 0, 0), 8);
    image_use(image_add(IMAGE_ROOT, "SUB", IMAGE_SUB, 4096, 2), "NM", "\0rr_moved", 9);
    image_directory(IMAGE_SUB);
    image_use(image_add(IMAGE_SUB, "DEEP", IMAGE_MOVED, 4096, 2), "RE", "", 0);
    image_directory(IMAGE_MOVED);
    image_add(IMAGE_MOVED, "FILE.;1", 40, 100, 0);
    return link;
}
