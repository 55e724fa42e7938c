/* Where do drafts lie, so that none is left behind? */
#define _GNU_SOURCE /* close_range(), nftw(), pipe2() */
#include "images/tool/host/scratch.h"
#include "images/tool/host/endings.h"
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

#define TRIES  200
#define TRY_US 50000

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

/* A program that is being ended may write into it meanwhile. */
static void remove_folder(void)
{
    for (int i = 0; i < TRIES; i++) {
        nftw(scratch.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        if (access(scratch.folder, F_OK) != 0)
            return;
        usleep(TRY_US);
    }
}

/* In a session of its own and with signals held back, so that Ctrl-C does not reach it; and without
 * our open files, whose locks it would keep. */
static void __attribute__((noreturn)) stand_guard(int life)
{
    char byte;

    setsid();
    close_range(0, (unsigned)life - 1, 0);
    close_range((unsigned)life + 1, UINT_MAX, 0);
    while (read(life, &byte, 1) < 0 && errno == EINTR)
        ;
    remove_folder();
    _exit(0);
}

static void dismiss(void)
{
    close(scratch.life);
    waitpid(scratch.guard, NULL, 0);
}

/* When we are gone the folder is gone, too. */
static void end(int signal)
{
    dismiss();
    (void)sigaction(signal, &(const struct sigaction){.sa_handler = SIG_DFL}, NULL);
    raise(signal);
}

static enum err post_guard(void)
{
    struct endings before;
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
    endings_catch(end, &before);
    atexit(dismiss);
    return OK;
}

const char *scratch_folder(void)
{
    return scratch.folder[0] ? scratch.folder : NULL;
}

static enum err make_folder(const char *parent)
{
    snprintf(scratch.folder, sizeof scratch.folder, "%s/.lintel-XXXXXX", parent);
    if (!mkdtemp(scratch.folder))
        return fail(ERR_IO, "%s: %s", parent, strerror(errno));
    enum err err = post_guard();
    if (err != OK)
        rmdir(scratch.folder);
    return err;
}

/* No signal comes while there is a folder without a guard. */
enum err scratch_make(const char *parent, const char **folder)
{
    sigset_t mask;

    endings_block(&mask);
    enum err err = make_folder(parent);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    *folder = scratch.folder;
    return err;
}
