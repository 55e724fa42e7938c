/* lintel check: what a boot of a kernel would do, or the error that the loader would show. */
#include "common/lib/mem.h"
#include "images/tool/check/drawing.h"
#include "images/tool/check/forecast.h"
#include "images/tool/check/report.h"
#include "images/tool/host/command.h"
#include <stdio.h>
#include <stdlib.h>

enum check_option { OPTION_MAP = OPTION_LONG, OPTION_CPU, OPTION_SVG };

static const struct option_row options[] = {
    {'M', "memory", "BYTES", "of an ordinary PC (default 512M)"},
    {OPTION_MAP, "map", "FILE", "take a recorded memory map instead (see test/maps/README)"},
    {'f', "firmware", "FIRMWARE", "bios or uefi; else what the map comes from, or bios"},
    {'m', "module", "FILE", "a module that the kernel is given; may be repeated"},
    {'i', "initrd", "FILE", "an initial file system of Linux; may be repeated"},
    {'o', "options", "TEXT", "the command line"},
    {OPTION_CPU, "cpu", "LIST",
     "features of the CPU, of nx,1gib,la57,smep,smap,pge,pat;\n"
     "-nx,-la57: all but these; bits=40: of its addresses"},
    {OPTION_SVG, "svg", "FILE", "draw physical memory and virtual address space"},
    {0},
};

static const struct syntax syntax = {
    .command = "check",
    .operands = "KERNEL [OPTION]...",
    .purpose =
        "Runs the loader's own code on the kernel and shows what a boot would do: where each\n"
        "byte goes, what is mapped with which permissions, and the memory map that the kernel\n"
        "sees. Exit status 1, and the message that the loader would show, when it would not\n"
        "boot. A real firmware has its own memory map: places will differ. What a kernel decides\n"
        "by itself, as an EFI program does, is not known.",
    .options = options,
    .notes = "Examples:\n"
             "  lintel check kernel.elf --memory 64M --cpu -nx\n"
             "  lintel check kernel.elf --map test/maps/ovmf-q35-512M.map --svg plan.svg",
};

#define FILES_MAX 256

struct choices {
    struct machine_wish machine;
    struct entry entry;
    struct entry_file files[FILES_MAX]; /* modules and initrds */
    size_t file_count;
    const char *svg;
};

static enum err choose_firmware(const char *name, enum lintel_firmware *firmware)
{
    if (strcmp(name, "bios") != 0 && strcmp(name, "uefi") != 0)
        return fail(ERR_FORMAT, "--firmware: `%s` is neither bios nor uefi", name);
    *firmware = name[0] == 'b' ? LINTEL_FIRMWARE_BIOS : LINTEL_FIRMWARE_UEFI;
    return OK;
}

static enum err add_file(struct choices *choices, const char *path, struct entry_file **list)
{
    struct entry_file *file = &choices->files[choices->file_count++];

    if (choices->file_count > FILES_MAX - 1)
        return fail(ERR_UNSUPPORTED, "more than %u files are wished for", FILES_MAX - 1);
    *file = (struct entry_file){.path = (char *)(uintptr_t)path, .argument = ""};
    while (*list)
        list = &(*list)->next;
    *list = file;
    return OK;
}

static enum err take(void *context, int key, const char *value)
{
    struct choices *choices = context;
    struct lintel_cpu unused;

    switch (key) {
    case 'M':
        return parse_bytes("--memory", value, &choices->machine.memory_bytes);
    case 'f':
        return choose_firmware(value, &choices->machine.firmware);
    case 'm':
        return add_file(choices, value, &choices->entry.modules);
    case 'i':
        return add_file(choices, value, &choices->entry.initrds);
    case 'o':
        choices->entry.options = (char *)(uintptr_t)value;
        return OK;
    case OPTION_MAP:
        choices->machine.map = value;
        return OK;
    case OPTION_CPU:
        choices->machine.cpu = value;
        return machine_parse_cpu(value, &unused);
    case OPTION_SVG:
        choices->svg = value;
        return OK;
    default:
        return bug("option %d has no meaning", key);
    }
}

static enum err plan(struct forecast *forecast)
{
    enum err err = forecast_plan(forecast);
    if (err == OK)
        report_plan(forecast);
    else
        report_firmware_map(forecast);
    return err;
}

static enum err check(const struct choices *choices)
{
    static struct forecast forecast;

    TRY(forecast_begin(&forecast, &choices->machine, &choices->entry));
    report_machine(&forecast);
    TRY(forecast_read(&forecast));
    TRY(report_kernel(&forecast));
    TRY(plan(&forecast));
    puts("\nThis kernel would boot.");
    return choices->svg ? drawing_write(&forecast, choices->svg) : OK;
}

int command_check(int argc, char **argv)
{
    static struct choices choices = {
        .machine.memory_bytes = 512 * MIB,
        .entry = {.id = "lintel", .options = ""},
    };
    int operand = options_parse(&syntax, argc, argv, take, &choices);

    if (operand + 1 != argc)
        options_refuse(&syntax, operand == argc ? "the kernel is missing"
                                                : "one kernel at a time is checked");
    choices.entry.kernel = argv[operand];
    enum err err = check(&choices);
    fflush(stdout);
    return command_end(err);
}
