/* Which disk of the host is this, what do its bytes say, and may they be changed? */
#define _GNU_SOURCE /* O_CLOEXEC and friends beside ioctl() */
#include "images/tool/host/disk_image.h"
#include "common/lib/mem.h"
#include "images/tool/host/file.h"
#include "images/tool/host/mounts.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int file_of(const struct disk_image *image)
{
    return (int)image->disk.handle;
}

/* ---- reading and writing --------------------------------------------------------------------- */

/* What passes the system's cache by goes through here: the system wants it aligned. */
#define BOUNCE_BYTES MIB
static _Alignas(PAGE_BYTES) uint8_t bounce[BOUNCE_BYTES];

static bool is_direct(const struct disk_image *image)
{
    int flags = fcntl(file_of(image), F_GETFL);

    return flags >= 0 && flags & O_DIRECT;
}

static enum err fail_move(const struct disk_image *image, const char *what, uint64_t offset,
                          ssize_t moved)
{
    return fail(ERR_IO, "%s: cannot %s byte %lu: %s", image->path, what, offset,
                moved < 0 ? strerror(errno) : "the disk ends there");
}

static enum err read_bytes(const struct disk_image *image, uint64_t offset, uint64_t bytes,
                           void *to)
{
    for (uint8_t *next = to; bytes;) {
        ssize_t moved = pread(file_of(image), next, bytes, (off_t)offset);
        if (moved < 0 && errno == EINTR)
            continue;
        if (moved <= 0)
            return fail_move(image, "read", offset, moved);
        next += moved, offset += (uint64_t)moved, bytes -= (uint64_t)moved;
    }
    return OK;
}

static enum err write_bytes(const struct disk_image *image, uint64_t offset, uint64_t bytes,
                            const void *from)
{
    for (const uint8_t *next = from; bytes;) {
        ssize_t moved = pwrite(file_of(image), next, bytes, (off_t)offset);
        if (moved < 0 && errno == EINTR)
            continue;
        if (moved <= 0)
            return fail_move(image, "write", offset, moved);
        next += moved, offset += (uint64_t)moved, bytes -= (uint64_t)moved;
    }
    return OK;
}

enum err disk_image_read(const struct disk_image *image, uint64_t offset, uint64_t bytes, void *to)
{
    uint8_t *next = to;

    if (!is_direct(image))
        return read_bytes(image, offset, bytes, to);
    while (bytes) {
        uint64_t skip = offset % image->disk.sector_bytes;
        uint64_t part = MIN(bytes, BOUNCE_BYTES - skip);
        TRY(read_bytes(image, offset - skip, align_up(skip + part, image->disk.sector_bytes),
                       bounce));
        memcpy(next, bounce + skip, part);
        next += part, offset += part, bytes -= part;
    }
    return OK;
}

enum err disk_image_write(const struct disk_image *image, uint64_t offset, uint64_t bytes,
                          const void *from)
{
    const uint8_t *next = from;

    if (!is_direct(image))
        return write_bytes(image, offset, bytes, from);
    while (bytes) {
        uint64_t part = MIN(bytes, BOUNCE_BYTES);
        memcpy(bounce, next, part);
        TRY(write_bytes(image, offset, part, bounce));
        next += part, offset += part, bytes -= part;
    }
    return OK;
}

enum err disk_image_flush(const struct disk_image *image)
{
    if (fsync(file_of(image)) != 0)
        return file_fail(image->path);
    /* Only a hint, and meaningless for files in memory: what it says is not looked at. */
    posix_fadvise(file_of(image), 0, 0, POSIX_FADV_DONTNEED);
    return OK;
}

/* ---- opening --------------------------------------------------------------------------------- */

static bool is_signature(const struct disk_image *image, uint64_t offset)
{
    char signature[8];

    return offset <= image->bytes - sizeof signature &&
           disk_image_read(image, offset, sizeof signature, signature) == OK &&
           memcmp(signature, "EFI PART", sizeof signature) == 0;
}

/* Boot sector of a FAT volume: its jump, its sector size. */
static bool is_fat(const uint8_t *sector, uint32_t sector_bytes)
{
    return (sector[0] == 0xeb || sector[0] == 0xe9) && load16(sector + 11) == sector_bytes;
}

static bool is_ext4(const struct disk_image *image, uint64_t offset)
{
    uint8_t magic[2];

    return disk_image_read(image, offset + 1024 + 56, sizeof magic, magic) == OK &&
           load16(magic) == 0xef53;
}

/* True when one of the primary partitions, counted in such sectors, begins with a file system that
 * tells it. */
static bool leads_to_volume(const struct disk_image *image, const uint8_t *mbr,
                            uint32_t sector_bytes)
{
    uint8_t sector[16];

    for (const uint8_t *entry = mbr + 446; entry < mbr + 510; entry += 16) {
        uint64_t offset = (uint64_t)load32(entry + 8) * sector_bytes;
        if (entry[4] && offset + sizeof sector <= image->bytes &&
            disk_image_read(image, offset, sizeof sector, sector) == OK &&
            (is_fat(sector, sector_bytes) || is_ext4(image, offset)))
            return true;
    }
    return false;
}

/* A GPT header lies in the second sector, and its backup in the last one. An MBR tells nothing. */
static uint32_t guess_sector_bytes(const struct disk_image *image)
{
    uint8_t start[512];

    if (image->bytes < 2 * SECTOR_BYTES_MAX || disk_image_read(image, 0, sizeof start, start) != OK)
        return 512;
    if (is_signature(image, 512) || is_signature(image, image->bytes - 512))
        return 512;
    if (is_signature(image, 4096) || is_signature(image, image->bytes - 4096))
        return 4096;
    return is_fat(start, 4096) || leads_to_volume(image, start, 4096) ? 4096 : 512;
}

static enum err measure(struct disk_image *image, const struct stat *stat)
{
    int sector_bytes = 0;

    if (S_ISREG(stat->st_mode)) {
        image->bytes = (uint64_t)stat->st_size;
        image->disk.sector_bytes = guess_sector_bytes(image);
    } else if (ioctl(file_of(image), BLKGETSIZE64, &image->bytes) != 0 ||
               ioctl(file_of(image), BLKSSZGET, &sector_bytes) != 0) {
        return file_fail(image->path);
    } else {
        image->disk.sector_bytes = (uint32_t)sector_bytes;
    }
    if (image->disk.sector_bytes < 512 || image->disk.sector_bytes > SECTOR_BYTES_MAX)
        return fail(ERR_UNSUPPORTED, "%s: sectors of %u bytes are not supported", image->path,
                    image->disk.sector_bytes);
    image->disk.sectors = image->bytes / image->disk.sector_bytes;
    if (!image->disk.sectors)
        return fail(ERR_FORMAT, "%s: is empty", image->path);
    return OK;
}

/* QEMU locks bytes of its images, other programs the file. Not every file system has locks. */
static bool is_locked(int file, bool writable)
{
    struct flock whole = {.l_type = writable ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};

    if (flock(file, (writable ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return true;
    return fcntl(file, F_OFD_SETLK, &whole) != 0 && (errno == EAGAIN || errno == EACCES);
}

/* udev locks a disk while it looks at what lies there: at each start, and whenever a program has
 * written to it (systemd, "Locking Block Device Access"). That takes seconds on a slow machine. */
#define LOCK_SECONDS 60

static bool stays_locked(const char *path, int file, bool writable)
{
    for (int tenths = 0; is_locked(file, writable); tenths++) {
        if (tenths == LOCK_SECONDS * 10)
            return true;
        if (tenths == 0)
            fprintf(stderr, "lintel: %s: another program has locked it: waiting\n", path);
        usleep(100000);
    }
    return false;
}

static enum err fail_locked(const char *path)
{
    return fail(ERR_UNSUPPORTED,
                "%s: another program has locked it (a virtual machine?): end that first", path);
}

/* O_EXCL on a device: fails when a file system, swap space, LVM or RAID uses any part of it. */
static enum err open_file(const char *path, bool writable, struct stat *stat, int *file)
{
    int exclusive = S_ISBLK(stat->st_mode) && writable ? O_EXCL : 0;
    enum err err =
        file_open(path, FILE_OR_DISK, (writable ? O_RDWR : O_RDONLY) | exclusive, stat, file);

    if (err == ERR_IO && errno == EBUSY)
        return fail(ERR_UNSUPPORTED,
                    "%s: is in use (swap space, LVM, RAID?): release it, then try again", path);
    TRY(err);
    bool locked =
        S_ISBLK(stat->st_mode) ? stays_locked(path, *file, writable) : is_locked(*file, writable);
    return locked ? fail_locked(path) : OK;
}

static enum err describe(const char *path, const struct stat *stat, int file,
                         struct disk_image *image)
{
    const char *slash = strrchr(path, '/');

    *image = (struct disk_image){
        .disk = {.handle = (uint64_t)file, .medium = LINTEL_MEDIUM_DISK},
        .path = path,
    };
    snprintf(image->disk.name, sizeof image->disk.name, "%.*s", (int)sizeof image->disk.name - 1,
             slash ? slash + 1 : path);
    return measure(image, stat);
}

enum err disk_image_open(const char *path, bool writable, struct disk_image *image)
{
    struct stat stat_of;
    int file;

    if (stat(path, &stat_of) != 0)
        return file_fail(path);
    TRY(mounts_check(path, &stat_of));
    TRY(open_file(path, writable, &stat_of, &file));
    return describe(path, &stat_of, file, image);
}

enum err disk_image_open_used(const char *path, bool writable, struct disk_image *image)
{
    int flags = (writable ? O_RDWR : O_RDONLY) | O_SYNC, file;
    struct stat stat_of;

    TRY(file_open(path, FILE_OR_DISK, flags, &stat_of, &file));
    if (stays_locked(path, file, writable))
        return fail_locked(path);
    TRY(describe(path, &stat_of, file, image));
    return S_ISBLK(stat_of.st_mode) && fcntl(file, F_SETFL, flags | O_DIRECT) != 0 ? file_fail(path)
                                                                                   : OK;
}

void disk_image_close(const struct disk_image *image)
{
    close(file_of(image));
}

enum err disk_image_shadow(const char *path, const struct disk_image *like,
                           struct disk_image *image)
{
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (file < 0 || ftruncate(file, (off_t)like->bytes) != 0)
        return file_fail(path);
    *image = *like;
    image->path = path;
    image->disk.handle = (uint64_t)file;
    return OK;
}
