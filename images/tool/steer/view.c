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

enum err view_open_kernel(struct view *view, const struct entry *entry)
{
    struct file file;

    return reference_open(&view->boot.volumes, entry->fs, entry->kernel, &file);
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
    return config->chosen ? "the first in the menu's order that can boot"
                          : "the first in the menu's order";
}

void view_next(struct view *view, struct next *next)
{
    const struct config *config = &view->boot.config;
    const char *doubt = config->doubt ? config->doubt : config->default_doubt;

    next->entry = &config->entries[config->chosen];
    next->waits = doubt || config->timeout < 0;
    fmt(next->why, sizeof next->why, "%s", doubt ? doubt : explain_default(view));
}
