/* lintel status: what would this machine or disk boot next, by which loader, and is all well? */
#include "images/tool/steer/status.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "common/version.h"
#include "images/tool/host/command.h"
#include "images/tool/host/firmware.h"
#include "images/tool/host/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 1024

static char *wrongs; /* lines, in order */

static void show_line(const char *key, const char *format, va_list list)
{
    char text[LINE_BYTES];

    vsnprintf(text, sizeof text, format, list);
    show("%-16s%s", key, text);
    putchar('\n');
}

void status_line(const char *key, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    show_line(key, format, list);
    va_end(list);
}

void status_wrong(const char *format, ...)
{
    char text[LINE_BYTES];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    for (char *c = text; (c = strchr(c, '\n'));)
        *c = '?';
    text_add(&wrongs, "%s\n", text);
}

static void show_wrongs(void)
{
    char *next = wrongs;

    while (next && *next) {
        char *end = strchr(next, '\n');
        *end = 0;
        status_line("wrong:", "%s", next);
        next = end + 1;
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void show_disk(const struct steering *steering)
{
    const struct disk_image *disk = &steering->disk;

    status_line("disk:", "%s: %lu MiB, sectors of %u bytes%s", steering->name, disk->bytes / MIB,
                disk->disk.sector_bytes,
                !steering->live          ? ""
                : steering->machine.uefi ? "; this machine was booted by UEFI"
                                         : "; this machine was booted by BIOS");
    status_line("tool:", "lintel %s", LINTEL_VERSION);
}

static enum err look(struct steering *steering, enum lintel_firmware firmware)
{
    const char *name = firmware == LINTEL_FIRMWARE_UEFI ? "UEFI" : "BIOS";
    char why[512]; /* what is said of the state makes messages of its own */
    struct view *view;
    enum err err;

    if (!steering_has(steering, firmware))
        return OK;
    TRY(ARENA_TAKE(&host_arena, 1, &view));
    status_line("firmware:", "%s", name);
    err = steering_look(steering, firmware, view);
    snprintf(why, sizeof why, "%s", err_message());
    status_state(steering, view);
    if (err == OK)
        status_entries(view);
    else
        status_wrong("%s finds nothing to boot: %s", name, why);
    return OK;
}

static enum err status(const char *path)
{
    static struct steering steering;

    TRY(steering_open(path, false, &steering));
    show_disk(&steering);
    status_loaders(&steering);
    TRY(look(&steering, LINTEL_FIRMWARE_BIOS));
    TRY(look(&steering, LINTEL_FIRMWARE_UEFI));
    status_health(&steering);
    show_wrongs();
    if (wrongs)
        return fail(ERR_FORMAT, "%s: not all is well: see above", steering.name);
    if (!steering_has(&steering, LINTEL_FIRMWARE_BIOS) &&
        !steering_has(&steering, LINTEL_FIRMWARE_UEFI))
        return fail(ERR_NOT_FOUND, "Lintel is not installed on %s", steering.name);
    return OK;
}

static const struct option_row options[] = {{0}};

static const struct syntax syntax = {
    .command = "status",
    .operands = "[DISK-OR-IMAGE]",
    .purpose =
        "Tells whose the first sector, the EFI system partition and the firmware's boot order\n"
        "are, which versions of Lintel lie there, what the loader was told and has told, which\n"
        "entries there are, and which one boots next, and why: the loader's own code finds out.\n"
        "Without an operand it is about the running machine.",
    .options = options,
    .notes = "Exit status 0: Lintel is installed there, and nothing is wrong; else 1.",
};

static enum err take_option(void *context, int key, const char *value)
{
    (void)context, (void)value;
    return bug("option %d has no meaning", key);
}

int command_status(int argc, char **argv)
{
    int next = options_parse(&syntax, argc, argv, take_option, NULL);

    if (argc - next > 1)
        options_refuse(&syntax, "one disk or image only");
    enum err err = status(argv[next]);
    fflush(stdout);
    return command_end(err);
}
