/* Mounts an image of iso_image.h, and says what must be found on it. */
#pragma once

#include "common/storage/fs/fs.h"
#include "test/unit/fake_firmware.h"
#include "test/unit/iso_image.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct arena arena;
static struct volume volume;
static struct fs fs;
static uint32_t volume_number; /* 0: the whole disk */

/* Mounts that many sectors of the image. */
static inline enum err mount_sectors(uint32_t sectors)
{
    struct facts *facts = fake_begin(0);

    fake_disk_in_memory(image.bytes, 2048 * sectors, 2048);
    arena_begin(&arena, fake_firmware.allocate);
    volume = (struct volume){
        .firmware = &fake_firmware,
        .disk = &facts->disks[0],
        .number = volume_number,
        .sectors = facts->disks[0].sectors,
    };
    return fs_mount(&volume, &arena, &fs);
}

static inline enum err mount(void)
{
    return mount_sectors(IMAGE_SECTORS);
}

static inline void expect_message(const char *message)
{
    if (!strstr(err_message(), message))
        fail_msg("\"%s\" is not in \"%s\"", message, err_message());
}

/* Mounts, opens and ends: the first error must be this one. */
static inline void expect(const char *path, enum err expected, const char *message)
{
    struct file file;
    enum err err = mount();

    if (err == OK)
        err = fs_open(&fs, path, &file);
    fake_end();
    if (err != expected)
        fail_msg("%s: error %d, not %d: %s", path, err, expected, err_message());
    if (expected != OK)
        expect_message(message);
}

/* One piece of a file's contents. */
struct piece {
    uint32_t sector, bytes;
};

/* Opens a file, reads it whole and in small parts, and compares it with pieces of the image. */
static inline void expect_pieces(const char *path, const struct piece *pieces, size_t count)
{
    static uint8_t contents[sizeof image.bytes];
    struct file file;
    uint64_t at = 0;

    assert_int_equal(mount(), OK);
    if (fs_open(&fs, path, &file) != OK)
        fail_msg("%s", err_message());
    assert_int_equal(reader_read(&file.reader, 0, file.reader.bytes, contents), OK);
    for (size_t i = 0; i < count; at += pieces[i++].bytes)
        assert_memory_equal(contents + at, image_sector(pieces[i].sector), pieces[i].bytes);
    assert_int_equal(file.reader.bytes, at);
    for (uint64_t offset = 0; offset < at; offset += 997) {
        uint8_t part[1500];
        uint64_t bytes = MIN(at - offset, sizeof part);
        assert_int_equal(reader_read(&file.reader, offset, bytes, part), OK);
        assert_memory_equal(part, contents + offset, bytes);
    }
    fake_end();
}

static inline void expect_file(const char *path, uint32_t sector, uint32_t bytes)
{
    expect_pieces(path, &(struct piece){sector, bytes}, 1);
}

static inline bool join_names(void *context, const struct fs_entry *entry)
{
    strcat(strcat(context, entry->name), entry->directory ? "/ " : " ");
    return true;
}

static inline void expect_list(const char *path, const char *names)
{
    char found[8192] = "";

    assert_int_equal(mount(), OK);
    if (fs_list(&fs, path, join_names, found) != OK)
        fail_msg("%s", err_message());
    assert_string_equal(found, names);
    fake_end();
}
