/* How do other people's programs run, and what went wrong when they failed? */
#define _GNU_SOURCE /* memfd_create(), pipe2() */
#include "images/tool/host/program.h"
#include "common/lib/mem.h"
#include "images/tool/host/endings.h"
#include "images/tool/host/progress.h"
#include "images/tool/host/scratch.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_EPOCH "1767225600" /* 2026-01-01 */
#define TICK_MS       250
#define LAST_LINES    3
#define LAST_BYTES    300

static const struct {
    const char *program, *package;
} packages[] = {
    {"fdisk", "fdisk"},     {"mkfs.fat", "dosfstools"},   {"mmd", "mtools"},
    {"mcopy", "mtools"},    {"mdel", "mtools"},           {"mrd", "mtools"},
    {"xorriso", "xorriso"}, {"ckbcomp", "console-setup"},
};

/* A file in memory that holds the text, to be read from its start. */
static int open_input(const char *text, unsigned flags)
{
    int file = memfd_create("input", flags);
    size_t bytes = text ? strlen(text) : 0;
    if (file >= 0 &&
        (write(file, text ? text : "", bytes) != (ssize_t)bytes || lseek(file, 0, SEEK_SET) != 0)) {
        close(file);
        return -1;
    }
    return file;
}

/* mtools would keep a name such as \xc3\xa4.bin in the code page of a short name, which no other
 * system can know: with a code page that is ASCII it gets a long name, which is Unicode. */
static void configure_mtools(void)
{
    char path[64] = "/dev/null";
    int file = open_input("default_codepage=367\n", 0);

    if (file >= 0)
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    setenv("MTOOLSRC", path, 1);
    setenv("MTOOLS_SKIP_CHECK", "1", 1); /* floppies and 4 KiB sectors look odd to it */
}

void programs_prepare(void)
{
    char path[4096];
    const char *inherited = getenv("PATH");

    snprintf(path, sizeof path, "%s:/usr/local/sbin:/usr/sbin:/sbin",
             inherited ? inherited : "/usr/local/bin:/usr/bin:/bin");
    setenv("PATH", path, 1);
    setenv("TZ", "UTC", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("SOURCE_DATE_EPOCH", DEFAULT_EPOCH, 0);
    configure_mtools();
}

/* ---- the two processes ----------------------------------------------------------------------- */

/* Its exit status says 127 when there is no such program, as a shell's would. */
#define EXIT_NOT_THERE 127

/* What a signal needs to end the program that runs. */
static volatile sig_atomic_t running, interrupted;

static void interrupt(int signal)
{
    interrupted = signal;
    if (running > 0) {
        kill(-running, SIGKILL);
        kill(running, SIGKILL); /* it may not lead its group yet */
    }
}

/* In a session of its own it finds no terminal to ask a question on; and it ends when we do. */
static void __attribute__((noreturn))
become(const char *const arguments[], int input, int output, pid_t parent, const sigset_t *mask)
{
    const char *folder = scratch_folder();

    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    if (getppid() == parent && (!folder || chdir(folder) == 0) && dup2(input, STDIN_FILENO) >= 0 &&
        dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0)
        execvp(arguments[0], (char *const *)arguments);
    _exit(EXIT_NOT_THERE);
}

/* What ends us ends the program that runs: then we still clean up, and say so. No signal comes
 * between the start and our knowing of it. */
static pid_t start(const char *const arguments[], int input, int output, struct endings *before)
{
    pid_t parent = getpid(), child;
    sigset_t mask;

    endings_block(&mask);
    child = fork();
    if (child == 0)
        become(arguments, input, output, parent, &mask);
    running = child;
    endings_catch(interrupt, before);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    return child;
}

/* What the program has started itself may hold its end of the pipe open. */
static void end_orphans(pid_t child)
{
    siginfo_t ended = {0};

    if (waitid(P_PID, (id_t)child, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid)
        kill(-child, SIGKILL);
}

/* Reads until the program closes its end, showing that time passes. */
static char *collect(int from, pid_t child)
{
    struct pollfd ready = {from, POLLIN, 0};
    char *text = NULL, chunk[4096];
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    ssize_t got = 1;

    while (stream && got) {
        int events = poll(&ready, 1, TICK_MS);
        step_show(STEP_SAME);
        if (events <= 0) {
            end_orphans(child);
            continue;
        }
        got = read(from, chunk, sizeof chunk);
        if (got > 0)
            fwrite(chunk, 1, (size_t)got, stream);
        else if (got < 0 && errno != EINTR)
            got = 0;
    }
    if (stream)
        fclose(stream);
    return text;
}

static int wait_for(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    running = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- what people hear about it --------------------------------------------------------------- */

static enum err fail_missing(const char *program)
{
    for (size_t i = 0; i < ARRAY_LENGTH(packages); i++)
        if (strcmp(packages[i].program, program) == 0)
            return fail(ERR_NOT_FOUND, "`%s` is not installed; on Debian: apt install %s", program,
                        packages[i].package);
    return fail(ERR_NOT_FOUND, "`%s` is not installed", program);
}

/* The last lines: programs say last what went wrong. */
static const char *last_words(char *text)
{
    char *end = text + strlen(text);
    while (end > text && (end[-1] == '\n' || end[-1] == ' '))
        *--end = 0;
    char *start = end;
    int lines = 0;
    while (start > text && end - start < LAST_BYTES && (start[-1] != '\n' || ++lines < LAST_LINES))
        start--;
    return *start ? start : "it did not say why";
}

static enum err judge(const char *program, int status, char *output)
{
    if (interrupted || status == 128 + SIGINT)
        return fail(ERR_IO, "interrupted while %s ran", program);
    if (status == 0)
        return OK;
    if (status == EXIT_NOT_THERE)
        return fail_missing(program);
    return fail(ERR_IO, "%s failed (exit status %d): %s", program, status,
                output ? last_words(output) : "");
}

static enum err fail_system(const char *program)
{
    return fail(ERR_IO, "%s cannot be started: %s", program, strerror(errno));
}

static enum err start_and_wait(const char *const arguments[], int input, char **output)
{
    struct endings before;
    int ends[2], status = -1;

    if (input < 0 || pipe2(ends, O_CLOEXEC) != 0)
        return fail_system(arguments[0]);
    pid_t child = start(arguments, input, ends[1], &before);
    close(ends[1]);
    if (child > 0) {
        *output = collect(ends[0], child);
        status = wait_for(child);
    }
    close(ends[0]);
    endings_restore(&before);
    if (child < 0)
        return fail_system(arguments[0]);
    enum err err = judge(arguments[0], status, *output);
    if (err != OK)
        free(*output);
    return err;
}

enum err program_read(const char *const arguments[], const char *input, char **output)
{
    int file = open_input(input, MFD_CLOEXEC);
    enum err err = start_and_wait(arguments, file, output);
    close(file);
    return err;
}

enum err program_run(const char *const arguments[], const char *input)
{
    char *output;
    TRY(program_read(arguments, input, &output));
    free(output);
    return OK;
}
