/* lintel bless: is what was booted good, kernel and loader, so that no counter takes it back? */
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "images/tool/host/command.h"
#include "images/tool/host/durable.h"
#include "images/tool/host/root.h"
#include "images/tool/host/text.h"
#include "images/tool/live/area_trial.h"
#include "images/tool/live/esp.h"
#include "images/tool/steer/steering.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the entry's file ------------------------------------------------------------------------ */

/* Where the file system is mounted; NULL: it is not. */
static const struct live_mount *mount_of(const struct steering *steering,
                                         const struct volume *volume)
{
    const struct live_mount *mounts[] = {&steering->machine.boot, &steering->machine.esp};

    for (size_t i = 0; i < ARRAY_LENGTH(mounts); i++)
        if (*mounts[i]->folder && mounts[i]->first_lba == volume->first_lba &&
            strcmp(mounts[i]->disk, steering->name) == 0)
            return mounts[i];
    return NULL;
}

/* "NAME+LEFT-DONE.conf" without its counter, or with one that has no tries left (UAPI.1). */
static char *rename_text(const struct entry *entry, bool good)
{
    const char *name = text_base(entry->path);
    const char *counter = text_last((char *)(uintptr_t)name, '+');
    const char *suffix = text_last((char *)(uintptr_t)name, '.');

    char *text = text_of("%.*s", (int)(counter - name), name);

    if (!good)
        text_add(&text, "+0");
    if (!good && entry->tries_done)
        text_add(&text, "-%u", entry->tries_done);
    text_add(&text, "%s", suffix);
    return text;
}

static enum err rename_file(const struct steering *steering, const struct entry *entry,
                            const char *to)
{
    const struct volume *volume = entry->fs->volume;
    const struct live_mount *mount = mount_of(steering, volume);

    if (!mount)
        return fail(ERR_NOT_FOUND, "%s on partition %u of %s: that file system is not mounted",
                    entry->path, volume->number, steering->name);
    char *inside =
        text_of("%s%s", strcmp(mount->folder, "/") == 0 ? "" : mount->folder, entry->path);
    char *from = root_path(inside);
    char *whole = text_of("%.*s%s", (int)(text_base(from) - from), from, to);
    enum err err = durable_rename(from, whole);
    if (err == ERR_NOT_FOUND && access(whole, F_OK) == 0)
        err = OK; /* systemd-bless-boot was quicker */
    free(inside);
    free(from);
    free(whole);
    return err;
}

/* ---- the entry ------------------------------------------------------------------------------- */

static const struct entry *find_entry(const struct config *config, const char *name)
{
    char whole[LOADER_TEXT_BYTES];

    for (uint32_t i = 0; i < config->count + config->hidden_count; i++) {
        loader_interface_name(&config->entries[i], whole);
        if (strcmp(whole, name) == 0)
            return &config->entries[i];
    }
    return NULL;
}

static enum err bless_entry(const struct steering *steering, const struct view *view, bool good)
{
    const struct variables variables = {view->writing.get_variable, view->writing.set_variable};
    char name[LOADER_TEXT_BYTES];
    const struct entry *entry;

    if (loader_interface_read(&view->machine, "LoaderEntrySelected", name) != OK) {
        puts("No entry to bless: it is not known which entry was booted.");
        return OK;
    }
    entry = find_entry(&view->boot.config, name);
    if (!entry || !entry->counted) {
        show("No entry to bless: %s, which was booted, %s.\n", name,
             entry ? "has no counter" : "is not there any more");
        return OK;
    }
    char *to = rename_text(entry, good);
    enum err err = rename_file(steering, entry, to);
    if (err == OK)
        err = variables_forget_tries(&variables, text_base(entry->path));
    if (err == OK)
        show("%s is %s: %s is %s now.\n", name, good ? "good" : "bad", entry->path, to);
    free(to);
    return err;
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* A loader that was told by another name is not ours to judge by. */
static bool was_booted_by_lintel(const struct steering *steering, const struct view *view)
{
    char text[LOADER_TEXT_BYTES];

    if (!steering_has(steering, steering_firmware(steering)))
        return false;
    return !steering->machine.uefi ||
           (loader_interface_read(&view->machine, "LoaderInfo", text) == OK &&
            strncmp(text, "Lintel ", 7) == 0);
}

static enum err bless_booted(const struct steering *steering, bool good)
{
    static struct view view;
    enum err err = steering_look(steering, steering_firmware(steering), &view);

    if (!view.machine.firmware->get_variable || !was_booted_by_lintel(steering, &view)) {
        puts("No entry to bless: this machine was not booted by Lintel.");
        return OK;
    }
    TRY(err);
    return bless_entry(steering, &view, good);
}

/* What was on trial says itself what becomes of it. */
static enum err bless_loader(const struct live *machine, bool good)
{
    bool done = false;

    if (machine->uefi)
        return (good ? esp_bless : esp_reject)(machine, &done);
    return (good ? area_bless : area_reject)(machine, &done);
}

/* Of both, whatever comes of the other: a loader that starts nothing is not to stay. */
static int bless(bool good)
{
    static struct steering steering;
    enum err err = steering_open(NULL, true, &steering);

    if (err != OK)
        return command_end(err);
    int entry = command_end(bless_booted(&steering, good));
    disk_image_close(&steering.disk);
    int loader = command_end(bless_loader(&steering.machine, good));
    return entry ? entry : loader;
}

static const struct option_row options[] = {{0}};

static const struct syntax syntax = {
    .command = "bless",
    .operands = "[good|bad]",
    .purpose =
        "Says that the entry that was booted is good: its boot counter is taken away, so that it\n"
        "stays the default; and that a Lintel that is on trial is. bad: it has no tries left, and\n"
        "the Lintel before stays.",
    .options = options,
    .notes = "lintel-bless.service does it when the system is up (boot-complete.target).",
};

static enum err take_option(void *context, int key, const char *value)
{
    (void)context, (void)value;
    return bug("option %d has no meaning", key);
}

int command_bless(int argc, char **argv)
{
    int next = options_parse(&syntax, argc, argv, take_option, NULL);
    bool bad = next < argc && strcmp(argv[next], "bad") == 0;

    if (argc - next > 1 || (next < argc && !bad && strcmp(argv[next], "good") != 0))
        options_refuse(&syntax, "good or bad?");
    return bless(!bad);
}
