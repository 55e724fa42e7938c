/* lintel check: what a boot of a kernel would do, or the error that the loader would show. */
#include "common/lib/mem.h"
#include "images/tool/check/drawing.h"
#include "images/tool/check/forecast.h"
#include "images/tool/check/foreign.h"
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
        "boot. A real firmware has its own memory map: places will differ. Of a kernel that is\n"
        "neither Lintel's nor Limine's it shows the protocol, and what the file says of itself.",
    .options = options,
    .notes = "Examples:\n"
             "  lintel check kernel.elf --memory 64M --cpu -nx\n"
             "  lintel check kernel.elf --map test/maps/ovmf-q35-512M.map --svg plan.svg",
};

#define MODULES_MAX 256

struct choices {
    struct machine_wish machine;
    struct entry entry;
    struct entry_file modules[MODULES_MAX];
    size_t module_count;
    const char *svg;
};

static enum err choose_firmware(const char *name, enum lintel_firmware *firmware)
{
    if (strcmp(name, "bios") != 0 && strcmp(name, "uefi") != 0)
        return fail(ERR_FORMAT, "--firmware: `%s` is neither bios nor uefi", name);
    *firmware = name[0] == 'b' ? LINTEL_FIRMWARE_BIOS : LINTEL_FIRMWARE_UEFI;
    return OK;
}

static enum err add_module(struct choices *choices, const char *path)
{
    struct entry_file *module = &choices->modules[choices->module_count];

    if (choices->module_count == MODULES_MAX)
        return fail(ERR_UNSUPPORTED, "more than %u modules are wished for", MODULES_MAX);
    *module = (struct entry_file){.path = (char *)(uintptr_t)path, .argument = ""};
    if (choices->module_count++)
        module[-1].next = module;
    else
        choices->entry.modules = module;
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
        return add_module(choices, value);
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

/* Where --firmware names one that does not start such kernels. */
static enum err check_firmware(const struct protocol *protocol, enum lintel_firmware firmware)
{
    if (firmware == LINTEL_FIRMWARE_BIOS && protocol == &protocol_efi)
        return fail(ERR_UNSUPPORTED, "%s starts on UEFI only", protocol->name);
    if (firmware == LINTEL_FIRMWARE_UEFI && protocol == &protocol_sector)
        return fail(ERR_UNSUPPORTED, "%s starts on BIOS only", protocol->name);
    return OK;
}

static enum err describe(struct forecast *forecast, const struct choices *choices)
{
    char *text = NULL;

    TRY(check_firmware(forecast->kernel.protocol, choices->machine.firmware));
    if (choices->svg)
        return fail(ERR_UNSUPPORTED,
                    "--svg: the loader makes no plan for %s: there is nothing to draw",
                    forecast->kernel.protocol->name);
    TRY(foreign_describe(&forecast->kernel, &forecast->boot.machine.arena, &text));
    fputs(text, stdout);
    free(text);
    return OK;
}

static enum err check(const struct choices *choices)
{
    static struct forecast forecast;
    TRY(forecast_begin(&forecast, &choices->machine, &choices->entry));
    if (!forecast_has_plan(&forecast))
        return describe(&forecast, choices);
    report_machine(&forecast);
    TRY(forecast_read(&forecast));
    report_kernel(&forecast);
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
