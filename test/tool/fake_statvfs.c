/* Preloaded into a program: every file system is full, or read-only, as FAKE_STATVFS says. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

int statvfs(const char *path, struct statvfs *about)
{
    int (*real)(const char *, struct statvfs *) =
        (int (*)(const char *, struct statvfs *))dlsym(RTLD_NEXT, "statvfs");
    int result = real(path, about);

    if (strcmp(getenv("FAKE_STATVFS"), "full") == 0)
        about->f_bavail = 1;
    else
        about->f_flag |= ST_RDONLY;
    return result;
}
