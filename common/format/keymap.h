/* What a keyboard's keys type: a layout, as /loader/keymaps/NAME has it.
 *
 * Three lines (conf.h), `plain`, `shift` and `altgr`, each with 48 characters in UTF-8 for the keys
 * that on a US keyboard are these, and the one beside the left Shift that it lacks:
 *
 *     `1234567890-=  qwertyuiop[]  asdfghjkl;'\  zxcvbnm,./
 *
 * without blanks between them. */
#pragma once

#include "common/lib/arena.h"
#include "common/lib/key.h"

#define KEYMAP_KEYS 48

enum keymap_level { KEYMAP_PLAIN, KEYMAP_SHIFT, KEYMAP_ALTGR, KEYMAP_LEVELS };

struct keymap {
    uint32_t characters[KEYMAP_LEVELS][KEYMAP_KEYS]; /* Unicode */
};

/* What a US keyboard types, plain and with Shift. The last key it lacks: 0. */
extern const char keymap_us[KEYMAP_ALTGR][KEYMAP_KEYS] __attribute__((visibility("hidden")));

/* The arena keeps no more than conf_begin() takes. ERR_FORMAT: it is none; names file and line. */
enum err keymap_parse(const char *name, const char *text, uint64_t bytes, struct arena *arena,
                      struct keymap *keymap);

/* What a key means: a character that is marked becomes the layout's; others stay as they are. */
enum key keymap_apply(const struct keymap *keymap, enum key key);
