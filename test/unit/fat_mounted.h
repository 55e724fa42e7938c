/* One hand-made FAT volume, mounted on the fake machine, and what is expected of its files. */
#pragma once

#include "test/unit/fake_firmware.h"
#include "test/unit/fat_image.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static struct image image;
static struct arena arena;
static struct volume volume;
static struct fs fs;

static inline enum err mount(void)
{
    struct facts *facts = fake_begin(0);

    fake_disk_in_memory(image.bytes, image.size, 512);
    arena_begin(&arena, fake_firmware.allocate);
    volume = (struct volume){
        .firmware = &fake_firmware,
        .disk = &facts->disks[0],
        .sectors = facts->disks[0].sectors,
    };
    return fs_mount(&volume, &arena, &fs);
}

static inline void expect_mount(enum err expected, const char *message)
{
    assert_int_equal(mount(), expected);
    fake_end();
    if (!strstr(err_message(), message))
        fail_msg("\"%s\" is not in \"%s\"", message, err_message());
}

static inline void expect_open(const char *path, enum err expected, const char *message)
{
    struct file file;

    assert_int_equal(mount(), OK);
    assert_int_equal(fs_open(&fs, path, &file), expected);
    fake_end();
    if (!strstr(err_message(), message))
        fail_msg("\"%s\" is not in \"%s\"", message, err_message());
}

/* Reads a file in one go and compares it with clusters of the image, in that order. */
static inline void expect_clusters(const char *path, const uint32_t *clusters, uint32_t count)
{
    struct file file;
    uint8_t *contents;

    assert_int_equal(mount(), OK);
    if (fs_open(&fs, path, &file) != OK)
        fail_msg("%s", err_message());
    assert_int_equal(file.reader.bytes, (uint64_t)count * image.cluster_bytes);
    contents = malloc(file.reader.bytes);
    assert_int_equal(reader_read(&file.reader, 0, file.reader.bytes, contents), OK);
    for (uint32_t i = 0; i < count; i++)
        assert_memory_equal(contents + (uint64_t)i * image.cluster_bytes,
                            image_cluster(&image, clusters[i]), image.cluster_bytes);
    free(contents);
    fake_end();
}

#define FILE_CLUSTERS 10
#define FILE_FIRST    20

/* A volume with the file /file.bin in clusters 20 to 29. */
static inline void begin_with_file(uint32_t bits, uint32_t clusters, uint32_t cluster_sectors)
{
    image = image_begin(bits, clusters, cluster_sectors);
    image_chain(&image, FILE_FIRST, FILE_CLUSTERS);
    image_fill(&image, FILE_FIRST, FILE_CLUSTERS);
    image_add(&image, "FILE    BIN", FILE_FIRST, FILE_CLUSTERS * image.cluster_bytes);
}
