/* Which entries does the loader find on a disk, and which one does it boot next? */
#include "images/tool/steer/view.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "common/storage/reference.h"
#include "images/tool/host/firmware.h"

/* ---- looking --------------------------------------------------------------------------------- */

/* A look takes no wish for one boot away. */
static enum err seem_to_set(const uint8_t vendor[16], const char *name, bool kept,
                            const void *value, uint64_t bytes)
{
    (void)vendor, (void)name, (void)kept, (void)value, (void)bytes;
    return OK;
}

enum err view_look(struct view *view, const struct disk_image *image, enum lintel_firmware firmware,
                   const struct boot_origin *origin, const struct variables *variables)
{
    *view = (struct view){
        .disk = image->disk,
        .facts = {.firmware = firmware, .disk_count = 1, .origin = *origin},
        .firmware = host_firmware,
        .writing = host_firmware,
    };
    view->facts.disks = &view->disk;
    view->firmware.get_variable = view->writing.get_variable = variables->get;
    view->writing.set_variable = variables->set;
    view->firmware.set_variable = variables->get ? seem_to_set : NULL;
    view->machine = (struct machine){.facts = &view->facts, .firmware = &view->writing};
    view->boot.machine = (struct machine){.facts = &view->facts, .firmware = &view->firmware};
    view->boot.interface.machine = &view->boot.machine;
    arena_begin(&view->machine.arena, host_firmware.allocate);
    arena_begin(&view->boot.machine.arena, host_firmware.allocate);
    return boot_find_entries(&view->boot);
}

static enum err open_all(struct view *view, const struct entry *entry,
                         const struct entry_file *list)
{
    struct file file;

    for (; list; list = list->next)
        TRY(reference_open(&view->boot.volumes, entry->fs, list->path, &file));
    return OK;
}

enum err view_open_files(struct view *view, const struct entry *entry)
{
    struct file file;

    if (entry->problem)
        return fail(ERR_UNSUPPORTED, "%s", entry->problem);
    if (entry->kernel && !entry_kind_is_act(entry->kind))
        TRY(reference_open(&view->boot.volumes, entry->fs, entry->kernel, &file));
    TRY(open_all(view, entry, entry->modules));
    TRY(open_all(view, entry, entry->initrds));
    return open_all(view, entry, entry->extras);
}

/* ---- what comes of it ------------------------------------------------------------------------ */

static bool wishes(const struct view *view, const char *variable, char text[LOADER_TEXT_BYTES])
{
    return view->firmware.get_variable &&
           loader_interface_read(&view->boot.machine, variable, text) == OK;
}

/* The later beats the earlier (loader_interface_obey()). */
static const char *explain_default(const struct view *view)
{
    const struct config *config = &view->boot.config;
    char text[LOADER_TEXT_BYTES];

    if (wishes(view, "LoaderEntryOneShot", text))
        return "asked for once (`lintel set-oneshot`)";
    if (view->boot.interface.saves_entry && wishes(view, "LoaderEntryLastBooted", text))
        return "booted last (`default @saved`)";
    if (wishes(view, "LoaderEntryDefault", text) && strcmp(text, CONFIG_SAVED) != 0)
        return "the default (`lintel set-default`, or d in the menu)";
    if (config->default_glob && strcmp(config->default_glob, CONFIG_SAVED) != 0)
        return "the default in loader.conf";
    if (entry_kind_stands_in(config->entries[config->chosen].kind))
        return "no entry is there: what has been before Lintel";
    return config->chosen ? "the first in the menu's order that can boot"
                          : "the first in the menu's order";
}

/* As boot_default() (boot.c) does it, but that only what can't be opened is known to fail. */
static void fall_back(struct view *view, struct next *next)
{
    struct config *config = &view->boot.config;
    struct entry *entry = &config->entries[config->chosen];
    size_t length = 0;

    while (entry && view_open_files(view, entry) != OK) {
        next->wrong = true;
        length += fmt(next->why + length, sizeof next->why - length, "%s%s can't boot: %s",
                      length ? "; " : "", entry->id, err_message());
        length = MIN(length, sizeof next->why - 1);
        entry = config->fallback ? config_fall_back(config, entry) : NULL;
    }
    next->waits = !entry;
    next->entry = entry ? entry : next->entry;
}

void view_next(struct view *view, struct next *next)
{
    const struct config *config = &view->boot.config;
    const char *reason = config_reason_to_ask(config);

    *next = (struct next){.entry = &config->entries[config->chosen], .wrong = reason};
    next->waits = reason || config->timeout < 0;
    fmt(next->why, sizeof next->why, "%s", reason ? reason : explain_default(view));
    if (!next->waits)
        fall_back(view, next);
}
