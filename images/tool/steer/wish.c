/* lintel set-default, set-oneshot, set-timeout and reboot: what shall the next boot be? */
#include "common/entries/auto.h"
#include "common/lib/fmt.h"
#include "images/tool/host/command.h"
#include "images/tool/host/firmware.h"
#include "images/tool/host/program.h"
#include "images/tool/live/nvram.h"
#include "images/tool/steer/entry_name.h"
#include "images/tool/steer/steering.h"
#include <stdio.h>
#include <string.h>

#define OPTION_CLEAR (OPTION_LONG + 0)
#define OPTION_ONCE  (OPTION_LONG + 1)
#define OPTION_DISK  (OPTION_LONG + 2)
#define OPTION_ENTRY (OPTION_LONG + 3)

struct request {
    const char *variable;
    bool timeout, clear, once;
    const char *disk, *text;
};

/* ---- wishing --------------------------------------------------------------------------------- */

static enum err check_timeout(const char *text)
{
    struct config config = {0};

    config_set_timeout(&config, &host_arena, "", text);
    if (!config.doubt)
        return OK;
    return fail(ERR_FORMAT, "`%s` is neither seconds nor menu-force, menu-hidden, menu-disabled",
                text);
}

static enum err refuse_place(const struct steering *steering)
{
    if (steering_firmware(steering) == LINTEL_FIRMWARE_UEFI)
        return nvram_check();
    return fail(ERR_UNSUPPORTED,
                "%s: there is no place on it where wishes for BIOS are kept (an older Lintel, or a "
                "floppy): put `default` and `timeout` into loader.conf. Those for UEFI are kept by "
                "the machine, not on the disk",
                steering->name);
}

static void show_next(struct steering *steering, struct view *view)
{
    struct next next;

    if (steering_look(steering, steering_firmware(steering), view) != OK)
        return;
    view_next(view, &next);
    show("Next: %s%s%s: %s\n", next.waits ? "the menu waits, at " : "", next.entry->id,
         next.entry->suffix, next.why);
}

static enum err carry_out(const struct request *request)
{
    static struct steering steering;
    static struct view view;
    char name[LOADER_TEXT_BYTES] = "";

    TRY(steering_open(request->disk, true, &steering));
    if (!steering_has(&steering, steering_firmware(&steering)))
        return fail(ERR_NOT_FOUND, "Lintel is not installed on %s", steering.name);
    enum err err = steering_look(&steering, steering_firmware(&steering), &view);
    if (!view.writing.set_variable)
        return refuse_place(&steering);
    if (!request->clear && request->timeout) {
        fmt(name, sizeof name, "%s", request->text);
    } else if (!request->clear) {
        TRY(err);
        auto_entries_find(&view.boot.config);
        TRY(entry_name_find(&view.boot.config, request->text, name));
    }
    TRY(loader_interface_write(&view.machine, request->variable, name));
    show_next(&steering, &view);
    return OK;
}

/* ---- the commands ---------------------------------------------------------------------------- */

static enum err take_option(void *context, int key, const char *value)
{
    struct request *request = context;

    switch (key) {
    case OPTION_CLEAR:
        request->clear = true;
        return OK;
    case OPTION_ONCE:
        request->once = true;
        return OK;
    case OPTION_DISK:
        request->disk = value;
        return OK;
    case OPTION_ENTRY:
        request->text = value;
        return OK;
    default:
        return bug("option %d has no meaning", key);
    }
}

static void parse(const struct syntax *syntax, int argc, char **argv, struct request *request)
{
    int next = options_parse(syntax, argc, argv, take_option, request);

    request->text = argv[next];
    if (argc - next > 1)
        options_refuse(syntax, "one at a time is set");
    if (request->clear == !!request->text)
        options_refuse(syntax, request->text ? "--clear needs nothing to set"
                                             : "what is to be set? (--clear clears)");
    request->clear |= !request->text || !*request->text;
    if (request->timeout && !request->clear && check_timeout(request->text) != OK)
        options_refuse(syntax, "%s", err_message());
}

#define ROW_CLEAR                                                                                  \
    {                                                                                              \
        OPTION_CLEAR, "clear", NULL, "take the wish back (as \"\" does)"                           \
    }
#define ROW_DISK                                                                                   \
    {                                                                                              \
        OPTION_DISK, "disk", "DISK-OR-IMAGE",                                                      \
            "steer what BIOS boots from it, instead of this machine"                               \
    }
#define NOTES                                                                                      \
    "On UEFI it is kept in a variable of the firmware, as bootctl does; on BIOS in a sector of\n"  \
    "the disk, beside the loader."

static const struct option_row id_options[] = {ROW_CLEAR, ROW_DISK, {0}};

int command_set_default(int argc, char **argv)
{
    static const struct syntax syntax = {
        .command = "set-default",
        .operands = "ID [OPTION]...",
        .purpose = "From now on this entry boots by itself: its name, a pattern (* ? [a-z]), or\n"
                   "@saved for the one that was booted last. It beats `default` in loader.conf.",
        .options = id_options,
        .notes = NOTES,
    };
    struct request request = {.variable = "LoaderEntryDefault"};

    parse(&syntax, argc, argv, &request);
    return command_end(carry_out(&request));
}

int command_set_oneshot(int argc, char **argv)
{
    static const struct syntax syntax = {
        .command = "set-oneshot",
        .operands = "ID [OPTION]...",
        .purpose = "This entry boots next, once.",
        .options = id_options,
        .notes = NOTES,
    };
    struct request request = {.variable = "LoaderEntryOneShot"};

    parse(&syntax, argc, argv, &request);
    return command_end(carry_out(&request));
}

int command_set_timeout(int argc, char **argv)
{
    static const struct option_row options[] = {
        {OPTION_ONCE, "once", NULL, "for the next boot only"}, ROW_CLEAR, ROW_DISK, {0}};
    static const struct syntax syntax = {
        .command = "set-timeout",
        .operands = "SECONDS|menu-force|menu-hidden|menu-disabled [OPTION]...",
        .purpose = "So long the menu is shown: it beats `timeout` in loader.conf.",
        .options = options,
        .notes = NOTES,
    };
    struct request request = {.variable = "LoaderConfigTimeout", .timeout = true};

    parse(&syntax, argc, argv, &request);
    if (request.once)
        request.variable = "LoaderConfigTimeoutOneShot";
    return command_end(carry_out(&request));
}

static enum err restart(void)
{
    enum err err = RUN("systemctl", "reboot");

    if (err == ERR_NOT_FOUND)
        err = RUN("reboot");
    return err == OK ? OK : fail(err, "%s; the entry is set, and boots next", err_message());
}

int command_reboot(int argc, char **argv)
{
    static const struct option_row options[] = {
        {OPTION_ENTRY, "entry", "ID", "which boots next, once"}, {0}};
    static const struct syntax syntax = {
        .command = "reboot",
        .operands = "--entry ID",
        .purpose =
            "Restarts this machine into an entry (`lintel set-oneshot`, `systemctl reboot`).",
        .options = options,
    };
    struct request request = {.variable = "LoaderEntryOneShot"};

    if (options_parse(&syntax, argc, argv, take_option, &request) != argc || !request.text ||
        !*request.text)
        options_refuse(&syntax, "which entry? (--entry ID)");
    enum err err = carry_out(&request);
    fflush(stdout);
    return command_end(err == OK ? restart() : err);
}
