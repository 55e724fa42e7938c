/* What the next boot obeys, on either firmware: the firmware's variables, or the state on a BIOS's
 * disk. */
#pragma once

#include "common/lib/err.h"
#include <stdbool.h>
#include <stdint.h>

struct live;

/* Verbs as of struct firmware; NULL: there is no place for it, or it can't be changed. */
struct variables {
    enum err (*get)(const uint8_t vendor[16], const char *name, void *to, uint64_t *bytes);
    enum err (*set)(const uint8_t vendor[16], const char *name, bool kept, const void *value,
                    uint64_t bytes);
};

/* Forgets how often the entry of a file was tried, where that is not counted in its name. */
enum err variables_forget_tries(const struct variables *variables, const char *file_name);

/* The same for the running machine; nothing is to be done where it keeps nothing. */
enum err live_forget_tries(const struct live *live, const char *file_name);
