/* Keyboard layouts for the menu, from Debian's console data. */
#pragma once

#include "common/lib/err.h"

/* Makes the text of /loader/keymaps/NAME (common/format/keymap.h), to be freed. A name is a layout
 * of XKB and perhaps a variant: de, de-nodeadkeys, us-dvorak. ERR_FORMAT: it is no name;
 * ERR_NOT_FOUND: there is no such layout, or the program that knows them is missing;
 * ERR_UNSUPPORTED: options could not be typed with it. */
enum err keyboard_layout(const char *name, char **text);
