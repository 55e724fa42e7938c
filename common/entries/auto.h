/* Entries that nobody wrote: other loaders, Windows, tools, and what the firmware does itself. */
#pragma once

#include "common/entries/entry.h"
#include "common/machine.h"

/* Adds them to the configuration, behind all others and before the hidden ones; once, and not where
 * it says `auto-entries no`. A file that an entry names is left out. What can't be looked at is
 * noted, and how much is looked at is bounded. It costs requests, so it waits until it is asked
 * for: by the menu, by a default that no other entry is, by who lists all, or since there are no
 * others.
 */
void auto_entries_find(struct config *config);

/* For an entry that is no program: has the firmware do it. Returns only on failure:
 * ERR_UNSUPPORTED, ERR_IO. */
enum err auto_entry_act(const struct machine *machine, const struct entry *entry);

/* ---- its parts, to each other ---------------------------------------------------------------- */

struct auto_search {
    const struct entry_volumes *volumes;
    struct config *config;
    struct arena *arena;
    struct entry_item *found; /* in the menu's order */
    uint32_t count;
};

struct found {
    enum entry_kind kind;
    const char *id, *title, *key;
    const char *kernel;  /* a reference */
    const struct fs *fs; /* from there; NULL: it leads elsewhere */
};

enum err auto_add(struct auto_search *search, const struct found *found);

/* Adds what lies on a volume (auto_files.c). */
enum err auto_files_find(struct auto_search *search, const struct fs *fs);
