/* How does a file change so that no power failure leaves half of it? */
#define _GNU_SOURCE /* syncfs(), renameat2() */
#include "images/tool/host/durable.h"
#include "images/tool/host/file.h"
#include "images/tool/host/text.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int open_folder_of(const char *path)
{
    char *folder = text_of("%.*s", (int)(text_base(path) - path), path);
    int file = open(*folder ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    free(folder);
    return file;
}

/* Behind a change in its folder. fsync() alone leaves a new name in the journal of ext4, and GRUB
 * reads the folder as it was before; syncfs() also brings it to its place. */
enum err durable_settle(const char *path)
{
    int folder = open_folder_of(path);
    enum err err = folder >= 0 && fsync(folder) == 0 && syncfs(folder) == 0 ? OK : file_fail(path);

    if (folder >= 0)
        close(folder);
    return err;
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool write_all(int file, struct content left)
{
    while (left.size) {
        ssize_t written = write(file, left.bytes, left.size);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0)
            left.bytes += written, left.size -= (uint64_t)written;
    }
    return true;
}

/* Linux's FAT driver writes a file's directory entry before its chain of clusters: all of the draft
 * is on the medium before it gets its name. */
static enum err write_draft(const char *draft, const struct content *content)
{
    int file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    bool written = file >= 0 && write_all(file, *content) && fsync(file) == 0 && syncfs(file) == 0;
    enum err err = written ? OK : file_fail(draft);

    if (file >= 0)
        close(file);
    return err;
}

/* Where a file system can't tell, a look has to do. */
static bool rename_only(const char *path, const char *to)
{
    if (renameat2(AT_FDCWD, path, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
    if (access(to, F_OK) != 0)
        return rename(path, to) == 0;
    errno = EEXIST;
    return false;
}

static enum err fail_rename(const char *path, const char *to)
{
    if (errno == EEXIST)
        return fail(ERR_CHANGED, "%s: is in the way of %s: remove the one of them that is old", to,
                    text_base(path));
    return file_fail(to);
}

/* Linux's FAT driver gives the new name its clusters and size when the file is synced: the folder
 * alone would come to the medium with the name of an empty file. */
enum err durable_rename(const char *path, const char *to)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool same = strcmp(path, to) == 0;
    bool renamed = file >= 0 && (same || rename_only(path, to)) && fsync(file) == 0;
    enum err err = renamed ? OK : fail_rename(path, to);

    if (file >= 0)
        close(file);
    return err == OK ? durable_settle(to) : err;
}

enum err durable_remove(const char *path)
{
    TRY(unlink(path) == 0 ? OK : file_fail(path));
    return durable_settle(path);
}

enum err durable_exchange(const char *path, const char *other)
{
    if (renameat2(AT_FDCWD, path, AT_FDCWD, other, RENAME_EXCHANGE) == 0)
        return durable_settle(other);
    if (errno == EINVAL || errno == ENOSYS)
        return fail(ERR_UNSUPPORTED, "%s: this kernel can't exchange files there: Linux 6.0 can",
                    other);
    return file_fail(other);
}

/* A draft that replaces a file first changes places with it: on FAT a rename alone frees the old
 * file's clusters before all of the new name is on the medium. Where that can't be, there is no
 * such file for a moment, which is better than one that can't be read. */
static enum err put_draft(const char *draft, const char *path)
{
    enum err err = durable_exchange(draft, path);

    if (err == OK)
        return durable_remove(draft);
    if (err == ERR_UNSUPPORTED && access(path, F_OK) == 0)
        TRY(durable_remove(path));
    return err == ERR_UNSUPPORTED || err == ERR_NOT_FOUND ? durable_rename(draft, path) : err;
}

enum err durable_put(const char *path, const struct content *content)
{
    char *draft = text_of("%s" DURABLE_DRAFT, path);
    enum err err = write_draft(draft, content);

    if (err == OK)
        err = put_draft(draft, path);
    if (err != OK)
        unlink(draft);
    free(draft);
    return err;
}

enum err durable_write(const char *path, const char *text)
{
    return durable_put(path, &(struct content){(const uint8_t *)text, strlen(text)});
}

enum err durable_folder(const char *path)
{
    char *above = text_of("%.*s", (int)(text_base(path) - 1 - path), path);
    enum err err = OK;

    if (mkdir(path, 0755) == 0)
        err = durable_settle(path);
    else if (errno == ENOENT && strchr(above, '/')) {
        err = durable_folder(above);
        if (err == OK)
            err = mkdir(path, 0755) == 0 ? durable_settle(path) : file_fail(path);
    } else if (errno != EEXIST)
        err = file_fail(path);
    free(above);
    return err;
}
