/* Any bytes as a FAT volume: mount, list everything, open and read every file. The first byte
 * chooses the sector size, and whether a plausible parameter block is laid over the bytes. */
#include "memory_disk.h"
#include "common/fs/fs.h"
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX   4
#define ENTRIES_MAX 200
#define READ_MAX    (256 * KIB)

static uint8_t image[MIB], contents[READ_MAX];

struct walk {
    const struct fs *fs;
    char path[DEPTH_MAX * FS_NAME_BYTES];
    unsigned depth, entries;
};

static void read_all(const struct fs *fs, const char *path)
{
    struct file file;
    uint64_t bytes;

    if (fs_open(fs, path, &file) != OK)
        return;
    bytes = MIN(file.source.bytes, READ_MAX);
    if (bytes) {
        source_read(&file.source, 0, bytes, contents);
        source_read(&file.source, file.source.bytes - 1, 1, contents);
        source_read(&file.source, bytes / 2, bytes / 3, contents);
    }
}

static bool visit(void *context, const struct fs_entry *entry)
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
    walk->depth--;
    walk->path[length] = 0;
    return true;
}

/* Fields that the fuzzer would have to guess all at once. */
static void make_plausible(uint8_t choice)
{
    image[11] = 0;
    image[12] = (uint8_t)(2 << (choice & 3));
    image[13] = (uint8_t)(1 << (choice >> 2 & 7));
    image[14] |= 1;
    image[15] = 0;
    image[16] |= 1;
    image[16] &= 3;
    image[21] = 0xf8;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct fs fs;
    struct walk walk = {.fs = &fs};
    struct volume volume = {.firmware = &memory_disk_firmware};

    if (size < 2 || size - 2 > sizeof image)
        return 0;
    memset(image, 0, align_up(size, SECTOR_BYTES_MAX));
    memcpy(image, data + 2, size - 2);
    if (data[0] & 1)
        make_plausible(data[1]);
    volume.disk =
        memory_disk_begin(image, align_up(size, SECTOR_BYTES_MAX), 512u << (data[0] >> 1 & 3));
    volume.sectors = volume.disk->sectors;
    arena_begin(&arena, memory_disk_firmware.allocate);
    if (fs_mount(&volume, &arena, &fs) == OK)
        fs_list(&fs, "/", visit, &walk);
    return 0;
}
