/* A small FAT volume with what a boot reads: /loader/loader.conf, /loader/entries/fuzz.conf, and in
 * /boot the kernel, a module and an initial file system. */
#pragma once

#include "test/unit/fat_image.h"

#define DISK_CLUSTERS     80
#define CLUSTER_SECTORS   4
#define TEXT_ROOM         ((uint64_t)(CLUSTER_SECTORS * IMAGE_SECTOR))
#define MODULE_BYTES      7000
#define INITRD_BYTES      3001
#define FIRST_DIRECTORY   2
#define CLUSTER_CONF      6
#define CLUSTER_ENTRY     7
#define CLUSTER_MODULE    8
#define CLUSTER_INITRD    12
#define CLUSTER_KERNEL    16
#define KERNEL_CLUSTERS   48
#define DIRECTORY_LOADER  FIRST_DIRECTORY
#define DIRECTORY_ENTRIES (FIRST_DIRECTORY + 1)
#define DIRECTORY_BOOT    (FIRST_DIRECTORY + 2)

static struct image disk_image;
static uint8_t *conf_slot, *entry_slot, *kernel_slot;

static uint8_t *put_slot(uint8_t *to, const char *name, uint8_t attributes, uint32_t cluster,
                         uint32_t bytes)
{
    memcpy(to, name, 11);
    to[11] = attributes;
    store(to + 26, cluster, 2);
    store(to + 28, bytes, 4);
    return to;
}

static void make_directory(uint8_t *slot, const char *name, uint32_t cluster)
{
    put_slot(slot, name, 0x10, cluster, 0);
    image_chain(&disk_image, cluster, 1);
}

static uint8_t checksum_of(const char *name)
{
    uint8_t sum = 0;

    for (int i = 0; i < 11; i++)
        sum = (uint8_t)((sum << 7 | sum >> 1) + (uint8_t)name[i]);
    return sum;
}

/* A name of at most 13 characters in a slot of its own, in front of the file's. */
static uint8_t *put_long(uint8_t *to, const char *name, const char *short_name, uint32_t cluster)
{
    static const uint8_t places[] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
    uint32_t length = (uint32_t)strlen(name);

    to[0] = 0x41;
    to[11] = 0x0f;
    to[13] = checksum_of(short_name);
    for (uint32_t i = 0; i < ARRAY_LENGTH(places); i++)
        store(to + places[i], i < length ? (uint8_t)name[i] : i == length ? 0 : 0xffff, 2);
    image_chain(&disk_image, cluster, 1);
    return put_slot(to + 32, short_name, 0x20, cluster, TEXT_ROOM);
}

static uint8_t *put_file(uint8_t *slot, const char *name, uint32_t cluster, uint32_t clusters,
                         uint32_t bytes)
{
    image_chain(&disk_image, cluster, clusters);
    return put_slot(slot, name, 0x20, cluster, bytes);
}

/* Once: what is the same in every run. */
static void make_disk(void)
{
    disk_image = image_begin(12, DISK_CLUSTERS, CLUSTER_SECTORS);
    uint8_t *loader = image_cluster(&disk_image, DIRECTORY_LOADER);
    uint8_t *boot = image_cluster(&disk_image, DIRECTORY_BOOT);

    make_directory(image_slot(&disk_image), "LOADER     ", DIRECTORY_LOADER);
    make_directory(image_slot(&disk_image), "BOOT       ", DIRECTORY_BOOT);
    make_directory(loader, "ENTRIES    ", DIRECTORY_ENTRIES);
    conf_slot = put_long(loader + 32, "loader.conf", "LOADER~1CON", CLUSTER_CONF);
    entry_slot = put_long(image_cluster(&disk_image, DIRECTORY_ENTRIES), "fuzz.conf", "FUZZ~1  CON",
                          CLUSTER_ENTRY);
    kernel_slot = put_file(boot, "KERNEL     ", CLUSTER_KERNEL, KERNEL_CLUSTERS, 0);
    put_file(boot + 32, "MODULE     ", CLUSTER_MODULE, 4, MODULE_BYTES);
    put_file(boot + 64, "INITRD     ", CLUSTER_INITRD, 2, INITRD_BYTES);
    image_fill(&disk_image, CLUSTER_MODULE, 8);
}

static void set_file(uint8_t *slot, uint32_t cluster, const void *bytes, uint64_t size)
{
    memcpy(image_cluster(&disk_image, cluster), bytes, size);
    store(slot + 28, size, 4);
}
