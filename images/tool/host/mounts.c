/* Does the running system use a disk? */
#define _GNU_SOURCE /* getline() beside realpath() */
#include "images/tool/host/mounts.h"
#include <limits.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* The folder of /sys that describes a block device: .../sda for a disk, .../sda/sda1 for a
 * partition of it. */
static bool find_device(dev_t device, char folder[PATH_MAX])
{
    char link[64];

    snprintf(link, sizeof link, "/sys/dev/block/%u:%u", major(device), minor(device));
    return realpath(link, folder) != NULL;
}

static bool has_file(const char *folder, const char *name)
{
    char path[PATH_MAX + 32];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

/* Makes a partition's folder that of its disk. */
static void go_to_disk(char folder[PATH_MAX])
{
    if (has_file(folder, "partition"))
        *strrchr(folder, '/') = 0;
}

/* True when a loop device shows that very file. */
static bool shows_file(const char *folder, const struct stat *file)
{
    char path[PATH_MAX + 32], backing[PATH_MAX];
    struct stat found;

    snprintf(path, sizeof path, "%s/loop/backing_file", folder);
    FILE *stream = fopen(path, "re");
    if (!stream)
        return false;
    bool named = fgets(backing, sizeof backing, stream) != NULL;
    fclose(stream);
    backing[named ? strcspn(backing, "\n") : 0] = 0;
    return named && stat(backing, &found) == 0 && found.st_dev == file->st_dev &&
           found.st_ino == file->st_ino;
}

/* True when what is mounted from `source` lies on the disk. */
static bool is_on(const char *reader, const struct stat *disk)
{
    char folder[PATH_MAX], ours[PATH_MAX];
    struct stat found;

    if (reader[0] != '/' || stat(reader, &found) != 0 || !S_ISBLK(found.st_mode) ||
        !find_device(found.st_rdev, folder))
        return false;
    go_to_disk(folder);
    if (S_ISREG(disk->st_mode))
        return shows_file(folder, disk);
    if (!find_device(disk->st_rdev, ours))
        return false;
    return strcmp(folder, ours) == 0;
}

static enum err refuse_partition(const char *path, const struct stat *stat)
{
    char folder[PATH_MAX];

    if (!S_ISBLK(stat->st_mode) || !find_device(stat->st_rdev, folder) ||
        !has_file(folder, "partition"))
        return OK;
    go_to_disk(folder);
    return fail(ERR_UNSUPPORTED, "%s: is a partition: name its disk, /dev/%s", path,
                strrchr(folder, '/') + 1);
}

enum err mounts_check(const char *path, const struct stat *stat)
{
    enum err err = refuse_partition(path, stat);
    FILE *mounts = setmntent("/proc/self/mounts", "re");

    for (struct mntent *mount; err == OK && mounts && (mount = getmntent(mounts));)
        if (is_on(mount->mnt_fsname, stat))
            err = fail(ERR_UNSUPPORTED, "%s: %s is mounted on %s: unmount it first (umount %s)",
                       path, mount->mnt_fsname, mount->mnt_dir, mount->mnt_dir);
    if (mounts)
        endmntent(mounts);
    return err;
}
