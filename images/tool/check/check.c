/* lintel check: what would a boot of a kernel do, or what error would the loader show? */
#include "common/lib/mem.h"
#include "images/tool/check/drawing.h"
#include "images/tool/check/forecast.h"
#include "images/tool/check/report.h"
#include "images/tool/host/command.h"
#include "images/tool/host/firmware.h"
#include "images/tool/host/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const firmwares[] = {"bios", "uefi"};

enum check_option {
    OPTION_MAP = OPTION_LONG,
    OPTION_INITRD,
    OPTION_OPTIONS,
    OPTION_CPU,
    OPTION_SVG
};

static const struct option_row options[] = {
    {'M', "memory", "BYTES", "of an ordinary PC (default 512M)"},
    {OPTION_MAP, "map", "FILE", "take a recorded memory map instead (see test/maps/README)"},
    {'f', "firmware", "FIRMWARE", "of the machine; else as map or kernel tell"},
    {'m', "module", "FILE", "a module that the kernel is given; may be repeated"},
    {OPTION_INITRD, "initrd", "FILE", "the same for an initial RAM disk"},
    {OPTION_OPTIONS, "options", "TEXT", "the kernel's command line"},
    {OPTION_CPU, "cpu", "LIST",
     "what the CPU has (-nx,-la57: all but these; bits=40: of its\n"
     "addresses)"},
    {OPTION_SVG, "svg", "FILE", "draw physical memory and what is mapped to it"},
    {0},
};

static const char *word_at(int key, size_t index)
{
    const struct cpu_feature *feature = machine_cpu_feature(index);

    if (key == 'f')
        return index < ARRAY_LENGTH(firmwares) ? firmwares[index] : NULL;
    return key == OPTION_CPU && feature ? feature->name : NULL;
}

static const struct syntax syntax = {
    .command = "check",
    .operands = "KERNEL [OPTION]...",
    .purpose =
        "Runs the loader's own code on the kernel and shows what a boot would do: how it is\n"
        "entered, where each byte goes, what is mapped with which permissions, and the memory\n"
        "map. Exit status 1, and the message that the loader would show, when it would not\n"
        "boot. A real firmware has its own memory map: places will differ. What an EFI program\n"
        "does with the firmware's memory is not known.",
    .options = options,
    .word_at = word_at,
    .notes = "Examples:\n"
             "  lintel check kernel.elf --memory 64M --cpu -nx\n"
             "  lintel check vmlinuz --initrd initrd.img --options \"ro quiet\" --firmware uefi\n"
             "  lintel check kernel.elf --map test/maps/ovmf-q35-512M.map --svg plan.svg",
};

/* ---- what is chosen -------------------------------------------------------------------------- */

struct choices {
    struct machine_wish machine;
    struct entry entry;
    const char *svg;
};

static enum err choose_firmware(const char *word, enum lintel_firmware *firmware)
{
    size_t index;

    TRY(parse_word(&syntax, 'f', word, &index));
    *firmware = index ? LINTEL_FIRMWARE_UEFI : LINTEL_FIRMWARE_BIOS;
    return OK;
}

static enum err add_file(const char *path, struct entry_file **list)
{
    struct entry_file *file;

    TRY(ARENA_TAKE(&host_arena, 1, &file));
    *file = (struct entry_file){.path = (char *)(uintptr_t)path, .argument = ""};
    while (*list)
        list = &(*list)->next;
    *list = file;
    return OK;
}

/* A feature, or how wide addresses are. */
static enum err read_cpu_word(const char *word, struct machine_wish *machine, uint32_t *features)
{
    unsigned bits;
    size_t index;

    if (sscanf(word, "bits=%u", &bits) == 1 && bits >= 32 && bits <= 52) {
        machine->physical_bits = bits;
        return OK;
    }
    if (parse_word(&syntax, OPTION_CPU, word, &index) != OK)
        return fail(ERR_FORMAT, "%s, bits=32 to bits=52", err_message());
    *features |= machine_cpu_feature(index)->bits;
    return OK;
}

static enum err choose_cpu(const char *list, struct machine_wish *machine)
{
    bool without = list[0] == '-';
    char *words = text_of("%s", list);
    uint32_t named = 0;
    enum err err = OK;

    for (char *word = strtok(words, ","); word && err == OK; word = strtok(NULL, ","))
        err = read_cpu_word(word + (without && *word == '-'), machine, &named);
    free(words);
    machine->lacks = without ? named : ~named;
    return err;
}

static enum err take(void *context, int key, const char *value)
{
    struct choices *choices = context;

    switch (key) {
    case 'M':
        return parse_bytes("--memory", value, &choices->machine.memory_bytes);
    case 'f':
        return choose_firmware(value, &choices->machine.firmware);
    case 'm':
        return add_file(value, &choices->entry.modules);
    case OPTION_INITRD:
        return add_file(value, &choices->entry.initrds);
    case OPTION_OPTIONS:
        choices->entry.options = (char *)(uintptr_t)value;
        return OK;
    case OPTION_MAP:
        choices->machine.map = value;
        return OK;
    case OPTION_CPU:
        return choose_cpu(value, &choices->machine);
    case OPTION_SVG:
        choices->svg = value;
        return OK;
    default:
        return bug("option %d has no meaning", key);
    }
}

/* ---- the check ------------------------------------------------------------------------------- */

static enum err open_file(const void *context, const char *path, struct content *content)
{
    (void)context;
    return file_map(path, content);
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
    const struct forecast_files files = {.open = open_file};
    static struct forecast forecast;

    TRY(forecast_begin(&forecast, &choices->machine, &choices->entry, &files));
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
    char *path =
        realpath(argv[operand], NULL); /* its folder may count: Limine's modules lie there */
    choices.entry.kernel = path ? path : argv[operand];
    enum err err = check(&choices);
    fflush(stdout);
    return command_end(err);
}
