/* Which entries does the loader find, and which one does it boot next? */
#include "common/entries/auto.h"
#include "common/entries/tries.h"
#include "common/lib/text.h"
#include "images/tool/steer/status.h"

static void show_entry(struct view *view, const struct entry *entry)
{
    bool works = view_open_files(view, entry) == OK;
    char tries[TRIES_TEXT_BYTES];

    tries_text(entry, tries);
    status_line("entry:", "%s%s  %s%s%s%s%s", entry->id, entry->suffix, entry->title,
                *tries ? "; " : "", tries,
                works ? "" : "; can't boot: ", works ? "" : err_message());
}

static void show_timeout(const struct config *config)
{
    if (config->timeout < 0)
        status_line("menu:", "waits for a choice");
    else if (config->timeout > 0)
        status_line("menu:", "shown for %d second%s", config->timeout,
                    text_plural((uint64_t)config->timeout));
    else
        status_line("menu:", "%s",
                    config->disabled ? "not shown, whatever key is pressed"
                    : config->hidden ? "shown when a key is pressed in the first moment"
                                     : "shown when a key is pressed before");
}

static const char *firmware_name(const struct view *view)
{
    return view->facts.firmware == LINTEL_FIRMWARE_UEFI ? "UEFI" : "BIOS";
}

static void show_next(struct view *view)
{
    struct next next;

    view_next(view, &next);
    status_line("next:", "%s%s%s: %s", next.waits ? "the menu waits, at " : "", next.entry->id,
                next.entry->suffix, next.why);
    if (next.wrong)
        status_wrong("%s: %s%s: %s", firmware_name(view),
                     next.waits ? "the menu will wait" : "another entry boots: ",
                     next.waits ? "" : next.entry->id, next.why);
}

void status_entries(struct view *view)
{
    struct config *config = &view->boot.config;

    auto_entries_find(config);
    for (uint32_t i = 0; i < config->count; i++)
        show_entry(view, &config->entries[i]);
    show_timeout(config);
    if (config->keymap_doubt)
        status_wrong("%s: %s", firmware_name(view), config->keymap_doubt);
    show_next(view);
}
