/* A directory for images that a test makes with the system's tools, and a way to call them. */
#pragma once

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char scratch_path[] = "/tmp/lintel-test-XXXXXX";

/* Runs a shell command there, made as by printf; a failure ends the test program. */
static __attribute__((format(printf, 1, 2))) void run(const char *format, ...)
{
    char command[4096];
    va_list list;
    int status;

    va_start(list, format);
    vsnprintf(command, sizeof command, format, list);
    va_end(list);
    status = system(command);
    if (status) {
        fprintf(stderr, "status %d from: %s\n", status, command);
        abort();
    }
}

static int scratch_begin(void **state)
{
    (void)state;
    if (!mkdtemp(scratch_path) || chdir(scratch_path))
        return -1;
    /* mkfs.fat and sfdisk live in /usr/sbin, which users' PATH lacks; names on disks are UTF-8. */
    setenv("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("MTOOLS_SKIP_CHECK", "1", 1);
    return 0;
}

static int scratch_end(void **state)
{
    (void)state;
    if (chdir("/"))
        return -1;
    run("rm -rf %s", scratch_path);
    return 0;
}
