/* How does a command of lintel end, and what does it say to people? */
#include "images/tool/host/command.h"
#include "common/lib/fmt.h"
#include "images/tool/host/progress.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_BYTES 2048

void warn(const char *format, ...)
{
    char text[SHOWN_BYTES];
    va_list list;

    step_begin(NULL, 0);
    va_start(list, format);
    fmt_shown_list(text, sizeof text, format, list);
    va_end(list);
    fprintf(stderr, "lintel: %s\n", text);
}

void show(const char *format, ...)
{
    char text[SHOWN_BYTES];
    va_list list;

    va_start(list, format);
    fmt_shown_list(text, sizeof text, format, list);
    va_end(list);
    fputs(text, stdout);
}

int command_end(enum err err)
{
    if (err == OK && (fflush(stdout) != 0 || ferror(stdout)))
        err = fail(ERR_IO, "standard output: %s", strerror(errno));
    if (err == OK)
        return STATUS_DONE;
    warn("%s", err_message());
    return STATUS_FAILED;
}
