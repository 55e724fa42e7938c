/* lintel: makes boot images, installs the loader, and tells beforehand what a boot would do. */
#include "common/version.h"
#include "images/tool/host/command.h"
#include "images/tool/host/program.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *purpose;
} commands[] = {
    {"image", command_image, "make a bootable image of a kernel"},
    {"keymap", command_keymap, "write a keyboard layout for the menu"},
    {"install", command_install, "put Lintel on a disk or image, beside what is there"},
    {"uninstall", command_uninstall, "restore what install replaced"},
    {"kernel", command_kernel, "keep the boot entries of this machine's kernels"},
    {"status", command_status, "tell what a machine or disk boots next, and whether all is well"},
    {"set-default", command_set_default, "choose the entry that boots from now on"},
    {"set-oneshot", command_set_oneshot, "choose the entry that boots next, once"},
    {"set-timeout", command_set_timeout, "choose how long the menu is shown"},
    {"reboot", command_reboot, "restart this machine into an entry"},
    {"bless", command_bless, "call the kernel and the loader that were booted good, or bad"},
    {"check", command_check, "show what a boot of a kernel would do, without booting it"},
    {"report", command_report, "draw what the kernel said on a serial line"},
};

#define COMMANDS (sizeof commands / sizeof *commands)

static void print_help(void)
{
    printf("Usage: lintel COMMAND [OPTION]...\n\nCommands:\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-11s %s\n", commands[i].name, commands[i].purpose);
    printf(
        "\n`lintel COMMAND --help` tells more about each; `lintel --version` says which this is.\n"
        "Exit status: %d done, %d failed or refused, %d wrong command line.\n",
        STATUS_DONE, STATUS_FAILED, STATUS_USAGE);
}

static int run_command(int argc, char **argv)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(argv[0], commands[i].name) == 0)
            return commands[i].run(argc, argv);
    warn("there is no command `%s`; `lintel --help` lists them", argv[0]);
    return STATUS_USAGE;
}

static bool is_one_of(const char *word, const char *a, const char *b)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

int main(int argc, char **argv)
{
    programs_prepare();
    if (argc < 2) {
        warn("a command is missing; `lintel --help` lists them");
        return STATUS_USAGE;
    }
    if (is_one_of(argv[1], "--help", "-h")) {
        print_help();
        return command_end(OK);
    }
    if (is_one_of(argv[1], "--version", "-V")) {
        puts("lintel " LINTEL_VERSION);
        return command_end(OK);
    }
    return run_command(argc - 1, argv + 1);
}
