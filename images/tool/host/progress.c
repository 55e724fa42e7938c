/* What takes so long? */
#include "images/tool/host/progress.h"
#include <stdio.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#define MIB               (1024 * 1024)
#define SECOND            INT64_C(1000000000)
#define TERMINAL_INTERVAL (SECOND / 5)

static struct {
    const char *step; /* NULL: none */
    uint64_t bytes, done;
    int64_t began, next; /* nanoseconds; when to speak next */
    bool shown;
} progress;

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

static void finish(void)
{
    if (progress.shown && isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    progress.step = NULL;
}

void step_begin(const char *step, uint64_t bytes)
{
    finish();
    progress.step = step;
    progress.bytes = bytes;
    progress.done = 0;
    progress.shown = false;
    progress.began = now();
    progress.next = progress.began + SECOND;
}

static void print(int64_t elapsed)
{
    bool terminal = isatty(STDERR_FILENO);
    fprintf(stderr, "%s%s: ", terminal ? "\r\033[K" : "lintel: ", progress.step);
    if (progress.bytes >= MIB)
        fprintf(stderr, "%lu of %lu MiB, ", progress.done / MIB, progress.bytes / MIB);
    fprintf(stderr, "%ld s%s", elapsed / SECOND, terminal ? "" : "\n");
    fflush(stderr);
    progress.shown = true;
    progress.next = progress.began + elapsed + (terminal ? TERMINAL_INTERVAL : elapsed);
}

void step_show(uint64_t done)
{
    int64_t time = now();
    if (!progress.step)
        return;
    if (done != STEP_SAME)
        progress.done = done;
    if (time >= progress.next)
        print(time - progress.began);
}
