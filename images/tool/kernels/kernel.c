/* What does `lintel kernel` do? The hooks of kernel packages call it. */
#include "common/lib/mem.h"
#include "images/tool/host/command.h"
#include "images/tool/kernels/kernels.h"
#include "images/tool/live/machine.h"
#include <string.h>

static enum err add(const struct live *live, char **operands)
{
    return kernels_add(live, operands[0], operands[1]);
}

static enum err remove_one(const struct live *live, char **operands)
{
    return kernels_remove(live, operands[0]);
}

static enum err refresh(const struct live *live, char **operands)
{
    (void)operands;
    return kernels_refresh(live);
}

static const struct verb {
    const char *name;
    int least, most; /* operands behind it */
    enum err (*run)(const struct live *live, char **operands);
} verbs[] = {{"add", 1, 2, add}, {"remove", 1, 1, remove_one}, {"refresh", 0, 0, refresh}};

static const struct option_row no_options[] = {{0}};

static const struct syntax syntax = {
    .command = "kernel",
    .operands = "add VERSION [IMAGE] | remove VERSION | refresh",
    .purpose =
        "Keeps the boot entries of the running system's kernels, /boot/vmlinuz-VERSION: add one\n"
        "that is new or has a new initrd, remove one, or refresh all. Debian's kernel packages "
        "and\n"
        "kernel-install call it by themselves.",
    .options = no_options,
    .notes =
        "Options are the line of /etc/kernel/cmdline, which is written once, from GRUB's. An "
        "added\n"
        "kernel is tried 3 times (or as /etc/kernel/tries says), where lintel-bless.service is\n"
        "enabled and another entry is there to fall back to. A kernel that an entry or a\n"
        "unified image of kernel-install's boots gets none.",
};

static enum err take_option(void *context, int key, const char *value)
{
    (void)context, (void)key, (void)value;
    return OK;
}

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; name && i < ARRAY_LENGTH(verbs); i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    options_refuse(&syntax, "add, remove or refresh?");
}

int command_kernel(int argc, char **argv)
{
    int next = options_parse(&syntax, argc, argv, take_option, NULL);
    const struct verb *verb = find_verb(argv[next]);
    struct live live;

    if (argc - next - 1 < verb->least)
        options_refuse(&syntax, "which version?");
    if (argc - next - 1 > verb->most)
        options_refuse(&syntax, "`%s` is one word too many", argv[next + 1 + verb->most]);
    enum err err = live_find(&live);
    if (err == OK)
        err = verb->run(&live, argv + next + 1);
    return command_end(err);
}
