/* lintel report: what the kernel said on serial lines, as a page with drawings. */
#include "common/lib/mem.h"
#include "images/tool/host/command.h"
#include "images/tool/report/boot_page.h"
#include <stdio.h>

#define LOGS_MAX 4

static const struct option_row options[] = {
    {'o', "output", "FILE", "where the page goes"},
    {0},
};

static const struct syntax syntax = {
    .command = "report",
    .operands = "LOG... -o FILE",
    .purpose =
        "Draws what Lintel's own kernel said on a serial line: the timeline of the boot, physical\n"
        "memory before and after normalisation, the virtual address space, the claims. Several\n"
        "logs, one for each firmware, stand side by side.",
    .options = options,
    .notes =
        "The page is one file that needs no other and no script. For all drawings type `map` and\n"
        "`pt` in the kernel's shell while the serial line is recorded (QEMU: -serial\n"
        "file:serial.log, or `make run`, which does all of it).",
};

static enum err take_option(void *context, int key, const char *value)
{
    (void)key;
    *(const char **)context = value;
    return OK;
}

static enum err make_page(char **paths, size_t count, const char *output)
{
    struct boot_log logs[LOGS_MAX] = {0};
    enum err err = OK;
    for (size_t i = 0; i < count && err == OK; i++)
        err = boot_log_read(paths[i], &logs[i]);
    if (err == OK)
        err = boot_page_write(output, logs, count);
    for (size_t i = 0; i < count; i++)
        boot_log_free(&logs[i]);
    return err;
}

int command_report(int argc, char **argv)
{
    const char *output = NULL;
    int first = options_parse(&syntax, argc, argv, take_option, &output);
    if (first == argc)
        options_refuse(&syntax, "a log is missing");
    if (argc - first > LOGS_MAX)
        options_refuse(&syntax, "more than %d logs", LOGS_MAX);
    if (!output)
        options_refuse(&syntax, "--output is missing");
    return command_end(make_page(argv + first, (size_t)(argc - first), output));
}
