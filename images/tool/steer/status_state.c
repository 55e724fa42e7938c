/* What was the loader told for its next boot, and what has it told of its last one? */
#include "common/entries/loader_interface.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "common/storage/state_variable.h"
#include "images/tool/live/pair.h"
#include "images/tool/steer/status.h"

static bool has(const struct view *view)
{
    return view->machine.firmware->get_variable;
}

/* False: there is none; one that can't be read is wrong. */
static bool read(const struct view *view, const char *variable, char text[LOADER_TEXT_BYTES])
{
    enum err err = loader_interface_read(&view->machine, variable, text);

    if (err != OK && err != ERR_NOT_FOUND)
        status_wrong("%s can't be read: %s", variable, err_message());
    return err == OK;
}

/* ---- where it is kept ------------------------------------------------------------------------ */

static void show_pair(const struct steering *steering)
{
    struct state state;

    if (pair_open(&steering->disk, steering->area, &state) != OK)
        status_wrong("nothing is kept from boot to boot: %s", err_message());
    else if (state.sequence)
        status_line("state:", "on the disk at LBA %lu, sequence %u",
                    steering->area / steering->disk.disk.sector_bytes, state.sequence);
    else
        status_line("state:", "on the disk at LBA %lu, empty",
                    steering->area / steering->disk.disk.sector_bytes);
}

static void show_place(const struct steering *steering, const struct view *view)
{
    if (view->facts.firmware == LINTEL_FIRMWARE_UEFI)
        status_line("state:", has(view) ? "in the firmware's variables"
                                        : "in the variables of the machine that it is started on");
    else if (has(view))
        show_pair(steering);
    else
        status_line("state:", "none: there is no place for it");
}

/* ---- wishes ---------------------------------------------------------------------------------- */

static void show_wishes(const struct view *view)
{
    static const struct {
        const char *variable, *what;
    } rows[] = {{"LoaderEntryOneShot", "entry, once"},
                {"LoaderEntryDefault", "default entry"},
                {"LoaderConfigTimeoutOneShot", "time-out, once"},
                {"LoaderConfigTimeout", "time-out"}};
    char text[LOADER_TEXT_BYTES];

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (read(view, rows[i].variable, text))
            status_line("set:", "%s: %s", rows[i].what, text);
}

/* ---- the last boot --------------------------------------------------------------------------- */

/* u64: where the second stage lies; then its version. */
static void show_running(const struct view *view, uint32_t sector_bytes)
{
    uint8_t value[STATE_VALUE_BYTES + 1] = {0};
    uint64_t bytes = STATE_VALUE_BYTES;

    if (view->machine.firmware->get_variable(vendor_lintel, "LintelRunning", value, &bytes) == OK &&
        bytes > sizeof(uint64_t))
        status_line("booted by:", "Lintel %s, second stage at LBA %lu",
                    (const char *)value + sizeof(uint64_t), load64(value) / sector_bytes);
}

static void show_time(const struct view *view, const char *variable, const char *what)
{
    char text[LOADER_TEXT_BYTES];
    uint64_t microseconds;

    if (!read(view, variable, text))
        return;
    const char *rest = text_number(text, &microseconds);
    if (rest && !*rest)
        status_line("time:", "%lu.%03lu s: %s", microseconds / 1000000, microseconds / 1000 % 1000,
                    what);
    else
        status_wrong("%s says `%s`, which is no time", variable, text);
}

static void show_last_boot(const struct view *view)
{
    char text[LOADER_TEXT_BYTES];

    if (view->facts.firmware == LINTEL_FIRMWARE_UEFI && read(view, "LoaderInfo", text))
        status_line("booted by:", "%s", text);
    if (read(view, "LoaderEntrySelected", text))
        status_line("booted:", "%s", text);
    show_time(view, "LoaderTimeInitUSec", "the loader began");
    show_time(view, "LoaderTimeMenuUSec", "the menu was shown");
    show_time(view, "LoaderTimeExecUSec", "the kernel was started");
}

void status_state(const struct steering *steering, const struct view *view)
{
    show_place(steering, view);
    if (!has(view))
        return;
    show_wishes(view);
    show_running(view, steering->disk.disk.sector_bytes);
    show_last_boot(view);
}
