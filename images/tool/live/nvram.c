/* How are the firmware's variables read and written? */
#include "images/tool/live/nvram.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "images/tool/host/file.h"
#include "images/tool/host/root.h"
#include "images/tool/host/text.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#define FOLDER "/sys/firmware/efi/efivars"

/* UEFI 2.10, 8.2.1 */
#define NON_VOLATILE   1u
#define BOOT_SERVICE   2u
#define RUNTIME_ACCESS 4u

const uint8_t vendor_global[16] = {0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
                                   0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c};

/* What a file has: attributes, and then the value. */
struct contents {
    uint32_t attributes;
    uint8_t value[NVRAM_VALUE_MAX];
};

/* To be freed. */
static char *path_of(const uint8_t vendor[16], const char *name)
{
    char guid[TEXT_GUID_BYTES];

    text_guid(guid, vendor);
    char *own = text_of(FOLDER "/%s-%s", name, guid), *path = root_path(own);
    free(own);
    return path;
}

enum err nvram_check(void)
{
    char *path = root_path(FOLDER);
    struct statfs about;
    enum err err = OK;

    if (access(path, F_OK) != 0)
        err = fail(ERR_UNSUPPORTED, FOLDER ": is not there: this machine was not started by UEFI");
    else if (statfs(path, &about) != 0)
        err = file_fail(FOLDER);
    else if (about.f_type == SYSFS_MAGIC)
        err = fail(ERR_UNSUPPORTED, FOLDER ": nothing is mounted there: mount the firmware's "
                                           "variables (mount -t efivarfs efivarfs " FOLDER ")");
    else if (about.f_flags & ST_RDONLY)
        err = fail(ERR_UNSUPPORTED,
                   FOLDER ": is mounted read-only: remount it (mount -o remount,rw " FOLDER ")");
    else if (access(path, W_OK) != 0)
        err = file_fail(FOLDER);
    free(path);
    return err;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* One call reads all of it, or the firmware is asked again for each part. A file without a byte is
 * what Linux keeps, up to a restart, of a variable that a firmware has refused: there is none. */
static enum err read_contents(const char *path, struct contents *contents, uint64_t *bytes)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file >= 0 ? read(file, contents, sizeof *contents) : -1;
    enum err err = got >= 0 ? OK : file_fail(path);

    if (file >= 0)
        close(file);
    if (err == OK && !got)
        return fail(ERR_NOT_FOUND, "%s: there is no such variable", path);
    if (err == OK && (size_t)got < sizeof contents->attributes)
        return fail(ERR_FORMAT, "%s: %ld bytes are no variable", path, (long)got);
    if (err == OK)
        *bytes = (uint64_t)got - sizeof contents->attributes;
    return err;
}

enum err nvram_get(const uint8_t vendor[16], const char *name, void *to, uint64_t *bytes)
{
    static struct contents contents;
    char *path = path_of(vendor, name);
    uint64_t size = 0, room = *bytes;
    enum err err = read_contents(path, &contents, &size);

    free(path);
    if (err != OK)
        return err;
    *bytes = size;
    if (size > room)
        return fail(ERR_UNSUPPORTED, "the variable %s has %lu bytes, more than %lu", name, size,
                    room);
    memcpy(to, contents.value, size);
    return OK;
}

enum err nvram_list(const uint8_t vendor[16], void (*see)(void *context, const char *name),
                    void *context)
{
    char guid[TEXT_GUID_BYTES], *path = root_path(FOLDER);
    DIR *folder = opendir(path);
    enum err err = folder ? OK : file_fail(path);
    struct dirent *file;

    text_guid(guid, vendor);
    while (err == OK && (file = readdir(folder))) {
        size_t length = strlen(file->d_name);
        char *end = file->d_name + length - MIN(length, TEXT_GUID_BYTES);
        if (*end == '-' && text_equal(end + 1, guid)) {
            *end = 0;
            see(context, file->d_name);
        }
    }
    if (folder)
        closedir(folder);
    free(path);
    return err;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Linux keeps what a firmware may miss from being changed by accident. Returns what it was: file
 * systems that know no such flag have none. */
static bool set_immutable(const char *path, bool immutable)
{
    int file = open(path, O_RDONLY | O_CLOEXEC), flags = 0;
    bool was = false;

    if (file < 0)
        return false;
    if (ioctl(file, FS_IOC_GETFLAGS, &flags) == 0) {
        was = flags & FS_IMMUTABLE_FL;
        flags = immutable ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
        if (was != immutable)
            ioctl(file, FS_IOC_SETFLAGS, &flags);
    }
    close(file);
    return was;
}

static enum err fail_write(const char *path, const char *name)
{
    if (errno == ENOSPC)
        return fail(ERR_NO_MEMORY,
                    "the firmware's store of variables has no room for %s: remove entries of its "
                    "boot menu that you do not need",
                    name);
    return file_fail(path);
}

/* The firmware takes a variable by one call, whole. Where it refuses one that is new, the empty
 * file goes again: other programs take it for a variable. */
static bool write_whole(const char *path, const struct contents *contents, size_t bytes)
{
    bool is_new = access(path, F_OK) != 0;
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    bool written = file >= 0 && write(file, contents, bytes) == (ssize_t)bytes;

    /* A file of another file system, in a test, keeps the end of what was there. */
    if (written && lseek(file, 0, SEEK_END) > (off_t)bytes)
        written = ftruncate(file, (off_t)bytes) == 0;
    int error = errno;
    if (file >= 0)
        close(file);
    if (is_new && !written)
        unlink(path);
    errno = error;
    return written;
}

static bool is_there_already(const char *path, const struct contents *wanted, uint64_t bytes)
{
    static struct contents found;
    uint64_t size;

    return read_contents(path, &found, &size) == OK && found.attributes == wanted->attributes &&
           size == bytes && memcmp(found.value, wanted->value, size) == 0;
}

static enum err write_value(const char *path, const char *name, bool kept, const void *value,
                            uint64_t bytes)
{
    static struct contents contents;

    contents.attributes = (kept ? NON_VOLATILE : 0) | BOOT_SERVICE | RUNTIME_ACCESS;
    if (bytes > sizeof contents.value)
        return fail(ERR_UNSUPPORTED, "%s: %lu bytes are no value of a variable", name, bytes);
    memcpy(contents.value, value, bytes);
    if (is_there_already(path, &contents, bytes))
        return OK;
    bool immutable = set_immutable(path, false);
    enum err err = write_whole(path, &contents, sizeof contents.attributes + bytes)
                       ? OK
                       : fail_write(path, name);
    if (immutable)
        set_immutable(path, true);
    return err;
}

static enum err remove_value(const char *path)
{
    set_immutable(path, false);
    return unlink(path) == 0 || errno == ENOENT ? OK : file_fail(path);
}

enum err nvram_set(const uint8_t vendor[16], const char *name, bool kept, const void *value,
                   uint64_t bytes)
{
    char *path = path_of(vendor, name);
    enum err err = bytes ? write_value(path, name, kept, value, bytes) : remove_value(path);

    free(path);
    return err;
}
