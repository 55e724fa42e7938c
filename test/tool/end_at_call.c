/* Preloaded into a program: has it ended by somebody, behind its n-th call of one function.
 *
 *     LD_PRELOAD=end_at_call.so END_CALL=mkdtemp END_AT=1 lintel image ...
 *
 * It says so. Only the program's own calls count, not those of programs that it runs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static const char *name;
static int calls_left;
static pid_t self;

static void __attribute__((constructor)) begin(void)
{
    name = getenv("END_CALL");
    calls_left = atoi(getenv("END_AT"));
    self = getpid();
    unsetenv("LD_PRELOAD");
}

static void called(const char *function)
{
    if (strcmp(function, name) != 0 || getpid() != self || --calls_left != 0)
        return;
    fputs("somebody ends it\n", stderr);
    raise(SIGTERM);
}

#define WATCH(type, function, parameters, arguments)                                               \
    type function parameters                                                                       \
    {                                                                                              \
        type(*real) parameters = (type(*) parameters)dlsym(RTLD_NEXT, #function);                  \
        type result = real arguments;                                                              \
        called(#function);                                                                         \
        return result;                                                                             \
    }

WATCH(char *, mkdtemp, (char *template), (template))
WATCH(pid_t, fork, (void), ())
WATCH(pid_t, waitpid, (pid_t child, int *status, int options), (child, status, options))
WATCH(int, sigaction, (int number, const struct sigaction *new, struct sigaction *old),
      (number, new, old))
WATCH(ssize_t, pwrite, (int file, const void *bytes, size_t count, off_t offset),
      (file, bytes, count, offset))
WATCH(int, rename, (const char *old, const char *new), (old, new))
WATCH(int, renameat2, (int from, const char *old, int to, const char *new, unsigned flags),
      (from, old, to, new, flags))
WATCH(int, mkdir, (const char *path, mode_t mode), (path, mode))
WATCH(ssize_t, write, (int file, const void *bytes, size_t count), (file, bytes, count))
WATCH(int, close, (int file), (file))

/* Nothing waits for the medium: what a program has done outlasts its end. */
#define WATCH_ONLY(function)                                                                       \
    int function(int file)                                                                         \
    {                                                                                              \
        (void)file;                                                                                \
        called(#function);                                                                         \
        return 0;                                                                                  \
    }

WATCH_ONLY(fsync)
WATCH_ONLY(syncfs)
WATCH(int, unlink, (const char *path), (path))
WATCH(int, rmdir, (const char *path), (path))
