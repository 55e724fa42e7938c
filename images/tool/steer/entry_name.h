/* Entries as people call them. */
#pragma once

#include "common/entries/loader_interface.h"

/* What the loader is to be told: an id, with or without its suffix, becomes the whole name, as
 * bootctl writes it; a pattern that fits an entry, and CONFIG_SAVED, stay. ERR_NOT_FOUND: no entry
 * is called so; names the nearest. */
enum err entry_name_find(const struct config *config, const char *text,
                         char name[LOADER_TEXT_BYTES]);
