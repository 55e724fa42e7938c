/* Preloaded into a program: ends it, as a power failure would, at its n-th write to one file.
 *
 *     LD_PRELOAD=kill_at_write.so KILL_FILE=disk.img KILL_AT=3 KILL_SECTOR=512 lintel install
 * disk.img
 *
 * Before it ends, half of that write's sectors are written: a write of one sector is never torn. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_watched(int file)
{
    struct stat wanted, found;
    const char *path = getenv("KILL_FILE");

    return path && stat(path, &wanted) == 0 && fstat(file, &found) == 0 &&
           wanted.st_dev == found.st_dev && wanted.st_ino == found.st_ino;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset)
{
    static int writes;
    ssize_t (*real)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, "pwrite");

    if (is_watched(file) && ++writes == atoi(getenv("KILL_AT"))) {
        size_t sector = (size_t)atoi(getenv("KILL_SECTOR"));
        real(file, bytes, count / sector / 2 * sector, offset);
        raise(SIGKILL);
    }
    return real(file, bytes, count, offset);
}
