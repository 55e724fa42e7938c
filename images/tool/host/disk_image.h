/* A disk of the host, a device or an image file, as the core's readers see it. Offsets are in bytes
 * from the disk's start. */
#pragma once

#include "common/storage/disk/disk.h"

struct disk_image {
    struct disk disk; /* its handle is the open file */
    const char *path; /* for messages */
    uint64_t bytes;
};

/* Opens a disk and keeps others from changing it. The sector size of a device is the device's; that
 * of an image file is 4096 where a GPT or a FAT boot sector says so, else 512. ERR_UNSUPPORTED: it
 * is mounted, a partition instead of a disk, or in use. ERR_NOT_FOUND, ERR_IO. */
enum err disk_image_open(const char *path, bool writable, struct disk_image *image);

/* Opens a disk that is in use, beside what uses it: reads and writes pass the system's cache by, so
 * that no neighbouring sector is written along. What is mounted of it is the caller's to leave
 * alone. Other errors as disk_image_open(). */
enum err disk_image_open_used(const char *path, bool writable, struct disk_image *image);

void disk_image_close(const struct disk_image *image);

/* Makes a sparse file of the disk's size, which looks like a disk with the same sectors. */
enum err disk_image_shadow(const char *path, const struct disk_image *like,
                           struct disk_image *image);

/* Exactly that many bytes; to a disk in use whole sectors. ERR_IO names disk, offset and the
 * system's reason. */
enum err disk_image_read(const struct disk_image *image, uint64_t offset, uint64_t bytes, void *to);
enum err disk_image_write(const struct disk_image *image, uint64_t offset, uint64_t bytes,
                          const void *from);

/* Waits until all that was written is on the medium, and forgets what is cached of it, so that the
 * next read asks the medium. */
enum err disk_image_flush(const struct disk_image *image);

static inline bool is_zero(const uint8_t *bytes, uint64_t count)
{
    while (count && !*bytes)
        bytes++, count--;
    return !count;
}
