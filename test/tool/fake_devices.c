/* Preloaded into a program: block devices and mounts that the machine does not have, under a folder
 * that plays the root.
 *
 *     LD_PRELOAD=fake_devices.so FAKE_ROOT=folder lintel install /dev/sda
 *
 * folder/dev/NAME holds "MAJOR:MINOR" of a block device, which something else uses when it is
 * opened. folder/sys and folder/proc/self/mounts are what the kernel would show. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char *faked(const char *path, char room[PATH_MAX])
{
    snprintf(room, PATH_MAX, "%s%s", getenv("FAKE_ROOT"), path);
    return room;
}

/* Takes what folder/dev/NAME says. */
static bool read_device(const char *path, unsigned *major, unsigned *minor)
{
    char room[PATH_MAX];
    FILE *file = strncmp(path, "/dev/", 5) == 0 ? fopen(faked(path, room), "re") : NULL;
    bool found = file && fscanf(file, "%u:%u", major, minor) == 2;

    if (file)
        fclose(file);
    return found;
}

int stat(const char *path, struct stat *to)
{
    int (*real)(const char *, struct stat *) = dlsym(RTLD_NEXT, "stat");
    unsigned major, minor;

    if (!read_device(path, &major, &minor))
        return real(path, to);
    *to = (struct stat){.st_mode = S_IFBLK | 0600, .st_rdev = makedev(major, minor)};
    return 0;
}

char *realpath(const char *path, char *to)
{
    char *(*real)(const char *, char *) = dlsym(RTLD_NEXT, "realpath");
    char room[PATH_MAX];

    return real(strncmp(path, "/sys/", 5) == 0 ? faked(path, room) : path, to);
}

FILE *setmntent(const char *path, const char *type)
{
    FILE *(*real)(const char *, const char *) = dlsym(RTLD_NEXT, "setmntent");
    char room[PATH_MAX];

    return real(faked(path, room), type);
}

int open(const char *path, int flags, ...)
{
    int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
    unsigned major, minor;
    va_list list;

    va_start(list, flags);
    mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;
    va_end(list);
    if (!read_device(path, &major, &minor))
        return real(path, flags, mode);
    errno = flags & O_EXCL ? EBUSY : EACCES;
    return -1;
}
