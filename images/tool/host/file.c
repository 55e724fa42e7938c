/* How are files of the host read and written? */
#include "images/tool/host/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum err file_fail(const char *path)
{
    bool denied = errno == EACCES || errno == EPERM;

    return fail(errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s%s", path, strerror(errno),
                denied ? ": run this as root, or as another user who may" : "");
}

static enum err map_open_file(const char *path, int file, struct content *content)
{
    struct stat stat;
    if (fstat(file, &stat) != 0)
        return file_fail(path);
    if (!S_ISREG(stat.st_mode))
        return fail(ERR_FORMAT, "%s: is not a regular file", path);
    content->size = (uint64_t)stat.st_size;
    content->bytes = (const uint8_t *)"";
    if (!content->size)
        return OK;
    void *bytes = mmap(NULL, content->size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED)
        return file_fail(path);
    content->bytes = bytes;
    return OK;
}

enum err file_map(const char *path, struct content *content)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return file_fail(path);
    enum err err = map_open_file(path, file, content);
    close(file);
    return err;
}

enum err file_create(const char *path, uint64_t size)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0)
        return file_fail(path);
    enum err err = ftruncate(file, (off_t)size) == 0 ? OK : file_fail(path);
    if (close(file) != 0 && err == OK)
        err = file_fail(path);
    return err;
}

/* One read or write of part of what is left; 0 at the end of the file, -1 with errno. */
static ssize_t move_some(int file, uint8_t *bytes, uint64_t size, uint64_t offset, bool writing)
{
    return writing ? pwrite(file, bytes, size, (off_t)offset)
                   : pread(file, bytes, size, (off_t)offset);
}

static enum err move(const char *path, uint64_t offset, uint8_t *bytes, uint64_t size, bool writing)
{
    int file = open(path, (writing ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
    enum err err = file < 0 ? file_fail(path) : OK;

    while (err == OK && size) {
        ssize_t moved = move_some(file, bytes, size, offset, writing);
        if (moved < 0 && errno == EINTR)
            continue;
        if (moved < 0)
            err = file_fail(path);
        else if (moved == 0)
            err = fail(ERR_IO, "%s: ends at byte %lu", path, offset);
        else
            bytes += moved, offset += (uint64_t)moved, size -= (uint64_t)moved;
    }
    if (file >= 0 && close(file) != 0 && err == OK)
        err = file_fail(path);
    return err;
}

enum err file_read_at(const char *path, uint64_t offset, void *to, uint64_t size)
{
    return move(path, offset, to, size, false);
}

enum err file_write_at(const char *path, uint64_t offset, const void *from, uint64_t size)
{
    return move(path, offset, (uint8_t *)(uintptr_t)from, size, true);
}
