/* How are files of the host read and written? */
#include "images/tool/host/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum err file_fail(const char *path)
{
    bool denied = errno == EACCES || errno == EPERM;

    return fail(errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s%s", path, strerror(errno),
                denied ? ": run this as root, or as another user who may" : "");
}

/* ---- opening --------------------------------------------------------------------------------- */

static struct {
    struct opened {
        dev_t device;
        ino_t inode;
    } * list;
    size_t count;
} opened;

static void remember(const struct stat *stat)
{
    struct opened *more = realloc(opened.list, (opened.count + 1) * sizeof *more);

    if (!more)
        abort();
    more[opened.count++] = (struct opened){stat->st_dev, stat->st_ino};
    opened.list = more;
}

bool file_was_opened(const char *path)
{
    struct stat found;

    if (stat(path, &found) != 0)
        return false;
    for (size_t i = 0; i < opened.count; i++)
        if (opened.list[i].device == found.st_dev && opened.list[i].inode == found.st_ino)
            return true;
    return false;
}

static const char *kind_name(mode_t mode)
{
    return S_ISDIR(mode)    ? "a folder"
           : S_ISFIFO(mode) ? "a pipe"
           : S_ISSOCK(mode) ? "a socket"
           : S_ISBLK(mode)  ? "a disk"
                            : "a device";
}

static enum err check_kind(const char *path, enum file_kind kind, mode_t mode)
{
    if (S_ISREG(mode) || (kind == FILE_OR_DISK && S_ISBLK(mode)))
        return OK;
    return fail(ERR_FORMAT, "%s: is %s, but %s", path,
                kind == FILE_OR_DISK ? "neither a disk nor an image file" : "not a regular file",
                kind_name(mode));
}

/* Looked at before it is opened, for that alone may wait (a pipe) or do something (a tape), and
 * after, for then it can't be exchanged any more. */
enum err file_open(const char *path, enum file_kind kind, int flags, struct stat *found, int *file)
{
    if (stat(path, found) != 0)
        return file_fail(path);
    TRY(check_kind(path, kind, found->st_mode));
    *file = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*file < 0 || fstat(*file, found) != 0)
        return file_fail(path);
    TRY(check_kind(path, kind, found->st_mode));
    remember(found);
    return OK;
}

enum err file_map(const char *path, struct content *content)
{
    struct stat stat;
    int file;

    TRY(file_open(path, FILE_REGULAR, O_RDONLY, &stat, &file));
    *content = (struct content){(const uint8_t *)"", (uint64_t)stat.st_size};
    if (content->size)
        content->bytes = mmap(NULL, content->size, PROT_READ, MAP_PRIVATE, file, 0);
    enum err err = content->bytes == MAP_FAILED ? file_fail(path) : OK;
    close(file);
    return err;
}

enum err file_map_text(const char *path, struct content *content)
{
    TRY(file_map(path, content));
    if (content->size <= FILE_TEXT_MAX)
        return OK;
    return fail(ERR_FORMAT, "%s: has %lu MiB, but such a text has at most %u MiB", path,
                content->size >> 20, FILE_TEXT_MAX >> 20);
}

bool content_line(struct content *text, char *line, size_t room)
{
    size_t length = 0, most = text->size < room - 1 ? text->size : room - 1;

    while (length < most && text->bytes[length++] != '\n')
        ;
    memcpy(line, text->bytes, length);
    line[length] = 0;
    text->bytes += length;
    text->size -= length;
    return length;
}

/* ---- reading and writing --------------------------------------------------------------------- */

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
