/* os-release files: lines of NAME=value as a shell would read them. */
#pragma once

#include "common/lib/arena.h"

/* The value of a variable without its quotes, in arena memory; of several the last. "" where there
 * is none. */
enum err os_release_get(const char *text, const char *variable, struct arena *arena, char **value);
