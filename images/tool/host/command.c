/* How does a command of lintel end, and what does it say to people? */
#include "images/tool/host/command.h"
#include "images/tool/host/progress.h"
#include <stdarg.h>
#include <stdio.h>

void warn(const char *format, ...)
{
    va_list list;
    step_begin(NULL, 0);
    fputs("lintel: ", stderr);
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
}

int command_end(enum err err)
{
    if (err == OK)
        return STATUS_DONE;
    warn("%s", err_message());
    return STATUS_FAILED;
}
