/* Where do drafts lie, so that none is left behind? */
#define _GNU_SOURCE /* close_range(), nftw(), pipe2() */
#include "images/tool/host/scratch.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
    char folder[PATH_MAX];
    pid_t guard;
    int life; /* our end of a pipe to the guard, which closes when we end */
} scratch;

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *place)
{
    (void)stat, (void)type, (void)place;
    return remove(path);
}

/* In a session of its own, so that Ctrl-C does not reach it; and without our open files, whose
 * locks it would keep. */
static void __attribute__((noreturn)) stand_guard(int life)
{
    char byte;

    setsid();
    close_range(0, (unsigned)life - 1, 0);
    close_range((unsigned)life + 1, UINT_MAX, 0);
    while (read(life, &byte, 1) < 0 && errno == EINTR)
        ;
    nftw(scratch.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    _exit(0);
}

static void dismiss(void)
{
    close(scratch.life);
    waitpid(scratch.guard, NULL, 0);
}

static enum err post_guard(void)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return fail(ERR_IO, "pipe: %s", strerror(errno));
    scratch.guard = fork();
    if (scratch.guard < 0)
        return fail(ERR_IO, "fork: %s", strerror(errno));
    if (scratch.guard == 0)
        stand_guard(ends[0]);
    close(ends[0]);
    scratch.life = ends[1];
    atexit(dismiss);
    return OK;
}

const char *scratch_folder(void)
{
    return scratch.folder[0] ? scratch.folder : NULL;
}

enum err scratch_make(const char *parent, const char **folder)
{
    snprintf(scratch.folder, sizeof scratch.folder, "%s/.lintel-XXXXXX", parent);
    if (!mkdtemp(scratch.folder))
        return fail(ERR_IO, "%s: %s", parent, strerror(errno));
    *folder = scratch.folder;
    return post_guard();
}
