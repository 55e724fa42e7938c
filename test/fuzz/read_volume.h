/* Mounts the fuzzer's bytes, lists every directory, opens and reads every file, and counts in
 * names. */
#pragma once

#include "common/storage/fs/fs.h"
#include "test/fuzz/memory_disk.h"
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX   4
#define ENTRIES_MAX 200
#define RENAMES_MAX 8
#define READ_MAX    (64 * KIB)

static uint8_t contents[READ_MAX];

struct walk {
    const struct fs *fs;
    char path[DEPTH_MAX * FS_NAME_BYTES];
    unsigned depth, entries;
};

static inline void read_all(const struct fs *fs, const char *path)
{
    struct file file;
    uint64_t bytes;

    if (fs_open(fs, path, &file) != OK)
        return;
    bytes = MIN(file.reader.bytes, READ_MAX);
    if (bytes) {
        reader_read(&file.reader, 0, bytes, contents);
        reader_read(&file.reader, file.reader.bytes - 1, 1, contents);
        reader_read(&file.reader, bytes / 2, bytes / 3, contents);
    }
}

/* Changes the first digit of its name. */
static inline void rename_file(const struct fs *fs, const char *path)
{
    char name[FS_NAME_BYTES];

    snprintf(name, sizeof name, "%s", strrchr(path, '/') + 1);
    char *digit = strpbrk(name, "0123456789");
    if (!digit)
        return;
    *digit = *digit == '9' ? '0' : (char)(*digit + 1);
    fs_rename(fs, path, name);
}

static inline bool visit(void *context, const struct fs_entry *entry)
{
    struct walk *walk = context;
    size_t length = strlen(walk->path);

    if (walk->depth == DEPTH_MAX || walk->entries++ == ENTRIES_MAX)
        return false;
    snprintf(walk->path + length, sizeof walk->path - length, "/%s", entry->name);
    walk->depth++;
    if (entry->directory)
        fs_list(walk->fs, walk->path, visit, walk);
    else
        read_all(walk->fs, walk->path);
    if (!entry->directory && walk->entries < RENAMES_MAX)
        rename_file(walk->fs, walk->path);
    walk->depth--;
    walk->path[length] = 0;
    return true;
}

static inline void read_volume(const uint8_t *bytes, uint64_t size, uint32_t sector_bytes)
{
    struct volume volume = {.firmware = &memory_disk_firmware};
    struct arena arena;
    struct fs fs;
    struct walk walk = {.fs = &fs};

    volume.disk = memory_disk_begin(bytes, size, sector_bytes);
    volume.sectors = volume.disk->sectors;
    arena_begin(&arena, memory_disk_firmware.allocate);
    if (fs_mount(&volume, &arena, &fs) == OK)
        fs_list(&fs, "/", visit, &walk);
}
